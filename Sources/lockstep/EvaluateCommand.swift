import ArgumentParser
import Communication
import Evaluation
import Files
import Reporting
import Training

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Judges a trained model on training images, held-out images and fakes.",
    discussion: """
      For each kind: mean binary cross-entropy of the discriminator, and how often it is right. A discriminator that is \
      right on training images more often than on test images knows them by heart.
      """)

  @Argument(help: ArgumentHelp("A run directory or a checkpoint file.", valueName: "RUN"))
  var path: String

  @Option(help: ArgumentHelp("Other data than the run's own, in the words of train's --data.", valueName: "KIND:PATH"))
  var data: String?

  @Option(help: ArgumentHelp("Images of each kind (default: all test images).", valueName: "N"))
  var samples: Int?

  @Flag(help: "One line of JSON: iteration, samples, trainLoss, trainAccuracy, and the same for test and fake.")
  var json = false

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    if let samples, samples < 1 { throw ValidationError("--samples \(samples): must be at least 1") }
  }

  func run() throws {
    Session.run { communicator, logger in
      let crew = try Crew(threads, communicator)
      let model = try SavedModel(path: path, communicator: communicator, team: crew.team)
      var recipe = model.recipe
      if let data { recipe.data.source = data }
      let dataset = try recipe.loadDataset(on: communicator)
      let conditions = try communicator.together {
        guard dataset.imageShape == model.model.imageShape else {
          throw Failure(
            "the model makes images \(model.model.imageShape), the data have \(dataset.imageShape)", code: .data)
        }
        return (
          training: try recipe.conditions(of: dataset.training, in: dataset),
          test: try recipe.conditions(of: dataset.test, in: dataset)
        )
      }
      crew.warn(logger)
      let count = samples ?? max(1, dataset.test.count)
      let scores = try DiscriminatorScores.measure(
        model.programs, training: (dataset.training, conditions.training), test: (dataset.test, conditions.test),
        samples: count, iteration: UInt64(model.iteration))
      if communicator.rank == 0 { show(scores, model, count) }
    }
  }

  private func show(_ scores: DiscriminatorScores, _ model: SavedModel, _ count: Int) {
    if json {
      let line = LineBuffer(capacity: 4096)
      line.beginObject()
      line.field("iteration", model.iteration)
      line.field("samples", count)
      scores.write(to: line)
      line.endObject()
      print(String(decoding: line.contents, as: UTF8.self))
      return
    }
    print("iteration \(grouped(model.iteration)), up to \(grouped(count)) images of each kind")
    print("                  loss   right")
    for (name, score) in [("training images", scores.training), ("test images", scores.test), ("fakes", scores.fake)] {
      print(padded(name, 16) + decimal(score.loss, 3, width: 8) + decimal(100 * score.accuracy, 1, width: 7) + " %")
    }
    for observed in scores.observations { print("\(padded(observed.name, 48)) \(decimal(observed.mean, 6))") }
  }
}
