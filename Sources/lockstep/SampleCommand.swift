import ArgumentParser
import Communication
import Evaluation
import Files
import Reporting
import Tensors
import Training

struct SampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample", abstract: "Draws images from a trained model.",
    discussion: """
      A .png shows one row per class. A .npz holds images float32 [N, H, W, C] in [-1, 1] and labels int64 [N] \
      (conditions float32 [N, K] where the model has continuous ones), for NumPy. The same seed draws the same images, \
      on any number of processes.

        lockstep sample runs/first --count 40 --classes 3,7 --output digits.png
        lockstep sample runs/first --count 1000 --output digits.npz
      """)

  @Argument(help: ArgumentHelp("A run directory or a checkpoint file.", valueName: "RUN"))
  var path: String

  @Option(help: ArgumentHelp("How many images in all.", valueName: "N"))
  var count = 100

  @Option(help: ArgumentHelp("Classes to show, comma-separated (default: all), in equal parts.", valueName: "0,3,…"))
  var classes: String?

  @Option(
    help: ArgumentHelp(
      "For continuous conditions: the quantities, comma-separated (default: zeros, the average image).",
      valueName: "a,b,…"))
  var condition: String?

  @Option(help: ArgumentHelp("The file to write; its name ends in .png or .npz.", valueName: "FILE"))
  var output: String

  @Option(help: ArgumentHelp("Another seed draws another series of images.", valueName: "N"))
  var seed = 0

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    guard count >= 1, count <= 10_000_000 else {
      throw ValidationError("--count \(count): must be from 1 to 10,000,000")
    }
    guard seed >= 0 else { throw ValidationError("--seed \(seed): must be 0 or more") }
    guard output.hasSuffix(".png") || output.hasSuffix(".npz") else {
      throw ValidationError("--output \(output): the name must end in .png or .npz")
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
        try write(images, request, model)
        print(output)
      }
    }
  }

  private func write(_ images: [Float], _ request: SampleRequest, _ model: SavedModel) throws {
    let shape = Shape([count] + model.model.imageShape.dimensions)
    if output.hasSuffix(".png") {
      let grid = request.grid(of: images, imageSize: model.model.imageShape.count)
      let gridShape = Shape([grid.count] + model.model.imageShape.dimensions)
      try grid.images.withUnsafeBufferPointer {
        try ImageGrid.writePNG($0, shape: gridShape, columns: grid.columns, to: output)
      }
      return
    }
    try images.withUnsafeBytes { bytes in
      try request.withArray { condition in
        try NPZ.write(to: output, arrays: [NPZ.Entry("images", shape, .float32, bytes), condition])
      }
    }
  }
}

/// What every sample is asked to show.
struct SampleRequest {
  private enum Kind {
    case classes([Int])
    case continuous([Float])
  }
  private let kind: Kind
  private let size: Int
  private let count: Int

  init(_ command: SampleCommand, for model: SavedModel) throws {
    size = model.model.conditionSize
    count = command.count
    switch model.recipe.model.conditionKind {
    case .classes:
      guard command.condition == nil else {
        throw Failure("--condition: this model has classes; use --classes", code: .usage)
      }
      let all = Array(0..<size)
      let chosen = try command.classes.map { try Self.numbers($0, option: "--classes") { Int($0) } } ?? all
      for label in chosen where !all.contains(label) {
        throw Failure("--classes: \(label) is none of the classes 0 to \(size - 1)", code: .usage)
      }
      kind = .classes(balancedClasses(chosen, count: command.count))
    case .continuous:
      guard command.classes == nil else {
        throw Failure("--classes: this model has continuous conditions; use --condition", code: .usage)
      }
      let values =
        try command.condition.map { try Self.numbers($0, option: "--condition") { Float($0) } }
        ?? Array(repeating: 0, count: size)
      guard values.count == size else {
        throw Failure("--condition: \(values.count) numbers, this model takes \(size)", code: .usage)
      }
      kind = .continuous(values)
    }
  }

  private static func numbers<Number>(
    _ text: String, option: String, _ parse: (Substring) -> Number?
  ) throws -> [Number] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map {
      guard let number = parse($0) else {
        throw Failure("\(option) \(text): \"\($0)\" is not a number; separate numbers by commas", code: .usage)
      }
      return number
    }
  }

  /// Writes the condition of a sample.
  func write(sample: Int, to target: UnsafeMutablePointer<Float>) {
    for k in 0..<size {
      switch kind {
      case .classes(let labels): target[k] = labels[sample] == k ? 1 : 0
      case .continuous(let values): target[k] = values[k]
      }
    }
  }

  /// The images as the rows of a picture: one row per asked class, filled up with white; or a square.
  func grid(of images: [Float], imageSize: Int) -> (images: [Float], count: Int, columns: Int) {
    switch kind {
    case .continuous: return (images, count, max(1, Int(Double(count).squareRoot().rounded(.up))))
    case .classes(let labels):
      let rows = labels.indices.reduce(into: [[Int]]()) { rows, index in
        if let last = rows.last?.last, labels[last] == labels[index] {
          rows[rows.count - 1].append(index)
        } else {
          rows.append([index])
        }
      }
      let columns = rows.map(\.count).max() ?? 1
      let white = [Float](repeating: 1, count: imageSize)
      let padded = rows.flatMap { row in
        (0..<columns).flatMap { column in
          column < row.count ? Array(images[row[column] * imageSize..<(row[column] + 1) * imageSize]) : white
        }
      }
      return (padded, rows.count * columns, columns)
    }
  }

  /// The labels or conditions as an array for NumPy.
  func withArray(_ body: (NPZ.Entry) throws -> Void) throws {
    switch kind {
    case .classes(let labels):
      try labels.map(Int64.init).withUnsafeBytes { try body(NPZ.Entry("labels", [count], .int64, $0)) }
    case .continuous(let values):
      let rows = (0..<count).flatMap { _ in values }
      try rows.withUnsafeBytes { try body(NPZ.Entry("conditions", [count, size], .float32, $0)) }
    }
  }
}
