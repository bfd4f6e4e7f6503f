import ArgumentParser
import Communication
import Evaluation
import Files
import NumPyFiles
import Reporting
import Tensors
import Training

struct SampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample", abstract: "Draws images from a trained model.",
    discussion: """
      A .png shows one row per class. A .npz holds images float32 [N, H, W, C] in [-1, 1] (x [N, T, C] or [N, D] of \
      sequences and vectors, in the data's units) and labels int64 [N] and conditions float32 [N, K], as the model has \
      them, for NumPy. A .csv holds vectors and sequences, a line each. The same seed draws the same samples, on any \
      number of processes.

        lockstep sample runs/first --count 40 --classes 3,7 --output digits.png
        lockstep sample runs/first --count 1000 --output digits.npz
      """)

  @Argument(help: ArgumentHelp("A run directory or a checkpoint file.", valueName: "RUN"))
  var path: String

  @Option(help: ArgumentHelp("How many images in all.", valueName: "N"))
  var count = 100

  @Option(
    help: ArgumentHelp(
      "Classes to show, by number or name, comma-separated (default: all), in equal parts.", valueName: "0,3,…"))
  var classes: String?

  @Option(
    help: ArgumentHelp(
      "For continuous conditions: the quantities in the data's units, comma-separated (default: their means).",
      valueName: "a,b,…"))
  var condition: String?

  @Option(help: ArgumentHelp("The file to write; its name ends in .png, .npz or .csv.", valueName: "FILE"))
  var output: String

  @Option(help: ArgumentHelp("Another seed draws another series of images.", valueName: "N"))
  var seed = 0

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    guard count >= 1, count <= 10_000_000 else {
      throw ValidationError("--count \(count): must be from 1 to 10,000,000")
    }
    guard seed >= 0 else { throw ValidationError("--seed \(seed): must be 0 or more") }
    guard [".png", ".npz", ".csv"].contains(where: output.hasSuffix) else {
      throw ValidationError("--output \(output): the name must end in .png, .npz or .csv")
    }
  }

  func run() throws {
    Session.run { communicator, logger in
      let crew = try Crew(threads, communicator)
      let model = try SavedModel(path: path, communicator: communicator, team: crew.team)
      let request = try communicator.together { try SampleRequest(self, for: model) }
      crew.warn(logger)
      let images = try Sampler(model.programs, communicator: communicator).images(
        count: count, iteration: UInt64(seed)
      ) { request.write(sample: $0, to: $1) }
      try communicator.together {
        guard let images else { return }
        do { try write(images, request, model) } catch let error as FileError {
          throw Failure("\(error)", code: .cannotCreate)
        }
        print(output)
      }
    }
  }

  private func write(_ values: [Float], _ request: SampleRequest, _ model: SavedModel) throws {
    let (shape, layout) = (model.model.imageShape, model.layout)
    if output.hasSuffix(".png") {
      let grid = request.grid(of: values, sampleSize: shape.count)
      try grid.samples.withUnsafeBufferPointer {
        try SamplePicture.write($0, count: grid.count, shape: shape, layout: layout, columns: grid.columns, to: output)
      }
      return
    }
    let numbers = values.withUnsafeBufferPointer { layout.numbers(of: $0) }
    let extents = layout.extents(of: shape)
    if output.hasSuffix(".csv") {
      try SampleTable(layout: layout, shape: shape, request: request).write(numbers, to: output)
      return
    }
    let name = layout.kind == .images ? "images" : "x"
    try numbers.withUnsafeBytes { bytes in
      try request.withArrays { conditions in
        try NPZ.write(
          to: output, arrays: [NPZ.Entry(name, Shape([count] + extents), .float32, bytes)] + conditions)
      }
    }
  }
}
