import Foundation
import Testing

/// The program in the background: to be waited for, to be sent signals.
final class Job {
  let process: Process
  private let output: String
  private let errorPath: String

  /// - Parameters:
  ///   - ranks: nil starts the program without mpirun.
  ///   - preparation: what a shell does before it becomes the program.
  ///   - name: of the files that hold what it says.
  init(
    _ arguments: [String], ranks: Int? = nil, after preparation: String? = nil, in scratch: Scratch,
    adding variables: [String: String] = [:], name: String = "job"
  ) throws {
    output = scratch / ".\(name).stdout"
    errorPath = scratch / ".\(name).stderr"
    let shell = preparation.map { ["/bin/bash", "-c", "\($0); exec \"$@\"", "bash"] } ?? []
    process = try Launch.start(
      shell + Launch.command(arguments, ranks: ranks), in: scratch, adding: variables, output: output,
      errors: errorPath)
  }

  // Should a test fail on the way, nothing of it must stay.
  deinit {
    guard process.isRunning else { return }
    for child in children { kill(child, SIGKILL) }
    signal(SIGKILL)
  }

  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  var errors: String { (try? bytes(of: errorPath)).map { String(decoding: $0, as: UTF8.self) } ?? "" }
  var lastLine: Substring { errors.split(separator: "\n").last ?? "" }

  /// The exit code; nil when it has not ended within so many seconds.
  func end(within seconds: Double = 30) -> Int32? {
    wait(seconds: seconds) { !process.isRunning } ? process.terminationStatus : nil
  }

  /// The ranks, where mpirun has started them.
  var children: [pid_t] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }.filter { process in
      guard let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
      // Behind the name in parentheses: state, parent.
      let parent = stat.split(separator: ")").last?.split(separator: " ").dropFirst().first
      return parent.map(String.init) == "\(self.process.processIdentifier)"
    }.sorted()
  }
}

/// Whether something becomes true in time.
func wait(seconds: Double = 30, until condition: () -> Bool) -> Bool {
  let deadline = Date().addingTimeInterval(seconds)
  while Date() < deadline {
    if condition() { return true }
    usleep(10_000)
  }
  return condition()
}

/// How many lines a run's metrics have.
func metricsCount(_ run: String) -> Int { (try? lines(of: run + "/metrics.jsonl").count) ?? 0 }

/// File names of a run's checkpoints, in order.
func checkpointNames(_ run: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: run + "/checkpoints").sorted()
}

/// The iteration of a run's newest checkpoint.
func newestIteration(_ run: String) throws -> Int {
  try #require(try checkpointNames(run).compactMap { Int($0.dropFirst(10).prefix(8)) }.max())
}

/// A small model, all of whose iterations are logged, that evaluates at its end only.
func quickTraining(_ output: String, _ settings: String...) -> [String] {
  ["train", "--recipe", "digits-dense", "--resume", "auto", "--output", output]
    + (["log.everySeconds=0", "evaluation.every=0", "evaluation.classifierIterations=0"] + settings).flatMap {
      ["--set", $0]
    }
}

/// That two runs which end with the same iteration are the same, bit for bit and line by line.
func expectSame(_ a: String, _ b: String, iteration: Int) throws {
  #expect(try bytes(of: checkpoint(a, iteration)) == bytes(of: checkpoint(b, iteration)))
  #expect(try lines(of: a + "/metrics.jsonl") == lines(of: b + "/metrics.jsonl"))
}
