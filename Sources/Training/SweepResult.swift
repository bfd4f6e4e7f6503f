import Files
import Reporting

/// What became of a trial with one seed, after so many iterations.
public struct SweepResult: Sendable, Equatable {
  public var trial: Int
  public var seed: Int
  public var iterations: Int
  /// Nil where it failed.
  public var value: Double?
  public var failure: String?
  /// How the value was measured.
  public var measurement: String
  /// Of this process, from the start of the trial or from where it went on.
  public var seconds: Double
  public var ranks: Int

  /// One line of JSON.
  var line: String {
    let line = LineBuffer(capacity: 65_536)
    line.beginObject()
    line.field("trial", trial)
    line.field("seed", seed)
    line.field("iterations", iterations)
    if let value { line.field("value", value, significantDigits: 9) }
    // A message may hold whatever a file name holds; the line stays one.
    if let failure { line.field("failure", text: clipped(failure, atMost: 2_000)) }
    line.field("protocol", text: measurement)
    line.field("seconds", seconds)
    line.field("ranks", ranks)
    line.endObject()
    return String(decoding: line.contents, as: UTF8.self)
  }

  /// Nil where the line is none of these.
  init?(line: [UInt8]) {
    guard case .object(let fields)? = try? JSONReader.read(line) else { return nil }
    func number(_ key: String) -> Double? {
      guard case .number(let value)? = fields[key] else { return nil }
      return value
    }
    func text(_ key: String) -> String? {
      guard case .text(let value)? = fields[key] else { return nil }
      return value
    }
    guard let trial = number("trial").flatMap({ Int(exactly: $0) }),
      let seed = number("seed").flatMap({ Int(exactly: $0) }),
      let iterations = number("iterations").flatMap({ Int(exactly: $0) }), let seconds = number("seconds"),
      let ranks = number("ranks").flatMap({ Int(exactly: $0) })
    else { return nil }
    (value, failure) = (number("value"), text("failure"))
    guard value != nil || failure != nil else { return nil }
    (self.trial, self.seed, self.iterations, self.seconds, self.ranks) = (trial, seed, iterations, seconds, ranks)
    measurement = text("protocol") ?? ""
  }

  init(
    trial: Int, seed: Int, iterations: Int, value: Double?, failure: String?, measurement: String, seconds: Double,
    ranks: Int
  ) {
    (self.trial, self.seed, self.iterations, self.value) = (trial, seed, iterations, value)
    (self.failure, self.measurement, self.seconds, self.ranks) = (failure, measurement, seconds, ranks)
  }
}

/// Where a sweep keeps what it makes.
public struct SweepDirectory: Sendable {
  public let path: String

  public init(_ path: String) { self.path = path }

  public var space: String { path + "/sweep.yaml" }
  var claims: String { path + "/claims" }
  var classifier: RunDirectory { RunDirectory(path) }

  func run(_ job: SweepPlan.Job) -> RunDirectory { RunDirectory("\(path)/trials/\(job.name)") }

  /// The file that says how a trial ended.
  private func result(_ job: SweepPlan.Job, _ iterations: Int) -> String {
    "\(run(job).path)/result-\(iterations).json"
  }

  /// Nil where it has not ended.
  ///
  /// - Throws: where that cannot be told: what was found is not to be found once more, with another outcome.
  func find(_ job: SweepPlan.Job, iterations: Int) throws(FileError) -> SweepResult? {
    do throws(FileError) { return SweepResult(line: try InputFile(path: result(job, iterations)).bytes()) } catch {
      guard error.isMissing || error.code == nil else { throw error }
      return nil
    }
  }

  func record(_ result: SweepResult, of job: SweepPlan.Job) throws(FileError) {
    try Directories.create(run(job).path)
    try write(result.line + "\n", to: self.result(job, result.iterations))
  }

  /// All results so far, trial after trial.
  public func results(of plan: SweepPlan) throws -> [SweepResult] {
    try plan.jobs(of: plan.trials).flatMap { job in try plan.rungs.compactMap { try find(job, iterations: $0) } }
      .sorted { ($0.trial, $0.seed, $0.iterations) < ($1.trial, $1.seed, $1.iterations) }
  }

  func write(_ text: String, to path: String) throws(FileError) {
    try AtomicFile.write(to: path) { writer throws(FileError) in try writer.write(Array(text.utf8)) }
  }
}
