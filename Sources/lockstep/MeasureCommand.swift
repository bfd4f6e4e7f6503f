import ArgumentParser
import Communication
import Files
import Measures
import NumPyFiles
import Reporting
import Training

struct MeasureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "measure", abstract: "Compares samples with real ones by features of a network of your own.",
    discussion: """
      Both files hold what the same network makes of images, [N, D], a row each: of real ones and of samples that \
      `lockstep sample --output F.npz` has drawn. Beside each value stands what one random half of the real rows scores \
      against the other. The Fréchet distance takes more rows than there are columns.

        lockstep measure real.npy samples.npy
      """)

  @Argument(help: ArgumentHelp("Features of real samples.", valueName: "REAL.npy"))
  var real: String

  @Argument(help: ArgumentHelp("Features of drawn samples.", valueName: "SAMPLES.npy"))
  var samples: String

  @Flag(help: "One line of JSON.")
  var json = false

  func run() throws {
    Session.run(stallTimeoutSeconds: Watchdog.usualSeconds) { communicator, _ in
      let paths = [self.real, self.samples]
      let found = try communicator.together { try paths.map(Self.features) }
      let (real, samples) = (found[0], found[1])
      guard real.width == samples.width else {
        throw Failure(
          "\(self.samples): \(samples.width) columns, \(self.real) has \(real.width); take the same network",
          code: .data)
      }
      let values: [Values]
      do {
        let work = SharedWork(communicator)
        let order = Scattered.order(of: real.count)
        let halves = (order[..<(real.count / 2)].sorted(), order[(real.count / 2)...].sorted())
        values = [
          try Values(samples, among: real, work),
          try Values(real.selecting(halves.0), among: real.selecting(halves.1), work),
        ]
      } catch let error as MeasureError { throw Failure("\(error)", code: .data) }
      guard communicator.rank == 0 else { return }
      show(values, counts: (samples.count, real.count))
    }
  }

  private static func features(of path: String) throws -> Features {
    do throws(FileError) {
      let file = try NumPyFile(path: path)
      guard let name = file.names.first, let array = try file.array(name) else {
        throw FileError(path: path, reason: "no array in it", remedy: "write it with numpy.save")
      }
      guard array.shape.count == 2, array.shape[1] > 0, !array.type.isText else {
        throw FileError(
          path: path,
          reason: "array \(name) is \(array.shape.map(grouped).joined(separator: " × ")) \(array.type.name)",
          remedy: "give numbers [N, D], a row a sample")
      }
      return Features(width: array.shape[1], doubles: try array.numbers())
    } catch { throw Failure("\(error)", code: error.isMissing ? .noInput : .data) }
  }

  /// What is measured.
  private struct Values {
    let named: [(name: String, value: Double)]

    init(_ features: Features, among real: Features, _ work: SharedWork) throws {
      let distance = frechetDistance(try Moments(features), try Moments(real))
      let kernel = try kernelDistance(features, real, work: work)
      let placement = try Placement(of: features, among: RealNeighbours(real, work: work), work: work)
      named = [
        ("frechetDistance", distance), ("kernelDistance", kernel.value), ("kernelDistanceError", kernel.standardError),
        ("precision", placement.precision), ("recall", placement.recall), ("density", placement.density),
        ("coverage", placement.coverage),
      ]
    }
  }

  private func show(_ values: [Values], counts: (samples: Int, real: Int)) {
    if json {
      let line = LineBuffer(capacity: 4_096)
      line.beginObject()
      line.field("samples", counts.samples)
      line.field("real", counts.real)
      for (name, value) in values[0].named { line.field(named: name, value) }
      for (name, value) in values[1].named { line.field(named: "real/\(name)", value) }
      line.endObject()
      print(String(decoding: line.contents, as: UTF8.self))
      return
    }
    print("\(padded("", 24))\(grouped(counts.samples)) samples    half of \(grouped(counts.real)) real")
    for (row, floor) in zip(values[0].named, values[1].named) {
      let name = RunReport.measures.first { $0.key == row.name }?.name ?? row.name
      print(padded(name, 24) + decimal(row.value, 4, width: 12) + decimal(floor.value, 4, width: 16))
    }
    let kernel = values.compactMap { $0.named.first { $0.name == "kernelDistance" }?.value }
    if let note = kernel.compactMap({ RunReport.kernelNote($0) }).first { print("\n\(note)") }
  }
}
