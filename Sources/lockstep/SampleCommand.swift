import ArgumentParser
import Clocks
import Communication
import Evaluation
import Files
import Reporting
import Training

struct SampleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample", abstract: "Draws samples from a trained model: images, rows or series.",
    discussion: """
      A .png shows one row per class. A .npz holds images float32 [N, H, W, C] from -1, black, to 1, white (x [N, T, C] \
      or [N, D] of sequences and vectors, in the data's units), labels int64 [N] and conditions float32 [N, K] in the \
      data's units, as the model has them; and what labels and columns are called and how the networks see them \
      (class_names; pixel_center, pixel_unit: number = image * unit + center; likewise column_… and condition_…). A .npy \
      holds the samples alone, a .csv vectors and sequences, a line each. A name that ends in / is a directory of \
      pictures, one each, by class. The same seed draws the same samples, on any number of processes.

        lockstep sample runs/first --count 40 --classes 3,7 --output digits.png
        lockstep sample runs/first --interpolate condition --classes 3,8 --count 80 --output between.png
        lockstep sample runs/first --fixed-noise --output styles.png
        cluster/run.sh -n 8 -- sample runs/first --count 10000000 --shards --output digits.npz
      """)

  @Argument(help: ArgumentHelp("A run directory or a checkpoint file.", valueName: "RUN"))
  var path: String

  @Option(help: ArgumentHelp("How many samples in all (default: 100, of --interpolate ten rows).", valueName: "N"))
  var count: Int?

  @Option(
    help: ArgumentHelp("The file to write; its name ends in .png, .npz, .npy, .csv or /.", valueName: "FILE"),
    transform: Arguments.outputPath)
  var output: String

  @Flag(help: "Each process writes its part: FILE-1-of-4.npz to FILE-4-of-4.npz, in this order all samples.")
  var shards = false

  @OptionGroup var options: SampleOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var watchdog: WatchdogOptions

  /// A picture of more would be in nobody's interest.
  private static let mostInPicture = 10_000

  private var form: SampleForm? { SampleForm(path: output) }

  func validate() throws {
    guard let form else {
      throw ValidationError("--output \(output): the name must end in .png, .npz, .npy, .csv or /")
    }
    let count = count ?? options.usualCount
    try options.check(count: count)
    if form == .png, count > Self.mostInPicture {
      throw ValidationError(
        "--count \(count): a picture shows up to 10,000; end --output in .npz, or in / for one each")
    }
    if shards, form == .png || form == .directory {
      throw ValidationError("--shards: for .npz, .npy and .csv; all processes write into a directory anyway")
    }
  }

  func run() throws {
    Session.run(stallTimeoutSeconds: watchdog.seconds) { communicator, logger in
      communicator.pulse.enter(.working, iteration: 0)
      let crew = try Crew(threads, communicator)
      let model = try SavedModel(path: path, communicator: communicator, team: crew.team)
      for warning in model.warnings { logger.warning("\(warning)") }
      let count = count ?? options.usualCount
      let request = try communicator.together { () throws -> SampleRequest in
        guard let form, model.layout.kind != .images || form != .csv else {
          throw Failure("--output \(output): images make no table; end the name in .png or .npz", code: .usage)
        }
        guard model.layout.kind == .images || form != .directory else {
          throw Failure(
            "--output \(output): \(model.layout.kind) make no pictures; end the name in .npz or .csv", code: .usage)
        }
        return try SampleRequest(options, count: count, for: model)
      }
      crew.warn(logger)
      if let choice = request.choice { logger.info("\(choice)") }
      let start = SystemClock.monotonic.seconds
      let isShared = !shards && form != .directory
      // Whole blocks for each, in order.
      let blocks = (count + EvaluationPrograms.blockSize - 1) / EvaluationPrograms.blockSize
      let bounds = [communicator.rank, communicator.rank + 1].map {
        min(count, $0 * blocks / communicator.size * EvaluationPrograms.blockSize)
      }
      let range = isShared ? 0..<count : bounds[0]..<bounds[1]
      let stream = SampleStream(
        model.programs, communicator: isShared ? communicator : SoloCommunicator(), range: range,
        iteration: UInt64(options.seed), noise: request.noise
      ) { request.write(sample: $0, to: $1) }
      try write(stream, range, request, model, communicator, isShared: isShared)
      let seconds = SystemClock.monotonic.seconds - start
      guard communicator.rank == 0 else { return }
      print(shards ? (1...communicator.size).map { shard($0, of: communicator.size) }.joined(separator: "\n") : output)
      if count >= Self.mostInPicture {
        logger.info(
          "\(grouped(count)) samples in \(decimal(seconds, 1)) s: \(grouped(Int(Double(count) / seconds))) a second")
      }
    }
  }

  /// - Throws: `SharedFailure` on all ranks where one of them cannot write.
  private func write(
    _ stream: SampleStream, _ range: Range<Int>, _ request: SampleRequest, _ model: SavedModel,
    _ communicator: any Communicator, isShared: Bool
  ) throws {
    guard !isShared || communicator.rank == 0 else {
      try stream.follow()
      return try communicator.together {}
    }
    let file = SampleFile(
      path: shards ? shard(communicator.rank + 1, of: communicator.size) : output, form: form ?? .npz, request: request,
      layout: model.layout, shape: model.model.imageShape, range: range)
    var failure: Failure?
    do {
      try file.write(stream)
    } catch let error as FileError {
      failure = Failure("\(error)", code: .cannotCreate)
    } catch let error as ReportError {
      failure = Failure(error)
    }
    if failure != nil { try stream.abandon() }
    try communicator.together { if let failure { throw failure } }
  }

  /// `digits-1-of-4.npz`
  private func shard(_ number: Int, of count: Int) -> String {
    let ending = "." + (form?.rawValue ?? "")
    return "\(output.dropLast(ending.count))-\(number)-of-\(count)\(ending)"
  }
}
