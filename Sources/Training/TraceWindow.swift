import Communication
import Logging
import Reporting
import Tracing

/// The iterations of a run that are traced: a few, once it is warm.
final class TraceWindow {
  /// Iterations before the first one that is traced: caches, clocks and connections have settled by then.
  static let warmUp = 3

  let recorder: TraceRecorder
  private let path: String
  private let firstIteration: Int
  private let lastIteration: Int
  private let evaluation: TraceName
  private let checkpoint: TraceName
  private var isOver = false
  /// On rank 0, what could not be written yet, and why.
  private var unwritten: (traces: [RankTrace], error: any Error)?

  /// - Parameters:
  ///   - iterations: how many are traced, fewer where the run ends before.
  ///   - last: the run's last iteration.
  init(path: String, iterations: Int, last: Int, _ trainer: Trainer) throws {
    self.path = path
    firstIteration = min(trainer.iteration + Self.warmUp, max(trainer.iteration, last - 1))
    lastIteration = min(firstIteration + iterations, last)
    recorder = TraceRecorder(
      capacity: (lastIteration - firstIteration + 1) * (trainer.eventsPerIteration + 8), isRecording: false)
    evaluation = recorder.name("evaluation", kind: .evaluation)
    checkpoint = recorder.name("checkpoint", kind: .checkpoint)
    try trainer.trace(with: recorder)
    if trainer.iteration == firstIteration { recorder.isRecording = true }
  }

  /// What the thread that writes checkpoints tells.
  var checkpointObserver: @Sendable (_ start: UInt64, _ end: UInt64) -> Void {
    let (recorder, name) = (recorder, checkpoint)
    return { recorder.record(name, lane: .checkpoint, start: $0, end: $1) }
  }

  func evaluating<Result>(_ body: () throws -> Result) rethrows -> Result {
    let start = TraceRecorder.now
    defer { recorder.record(evaluation, lane: .evaluation, start: start, end: TraceRecorder.now) }
    return try body()
  }

  /// To be called between iterations, on all ranks; at the end of the window rank 0 writes the file, at the end of the run
  /// once more where that failed: a trace is no reason to lose a run.
  ///
  /// - Returns: on rank 0, what there is to say then, and whether that is a warning.
  func advance(to iteration: Int, isEnd: Bool, _ trainer: Trainer) throws -> (words: String, isWarning: Bool)? {
    guard !isOver else { return isEnd ? unwritten.flatMap { write($0.traces, to: iteration) } : nil }
    if iteration >= firstIteration { recorder.isRecording = true }
    guard iteration >= lastIteration || isEnd else { return nil }
    isOver = true
    try trainer.trace(with: nil)
    recorder.isRecording = false
    return try recorder.gather(over: trainer.communicator).flatMap { write($0, to: iteration) }
  }

  /// At the end of the run.
  ///
  /// - Throws: where the trace that was asked for is not there.
  func checkWritten() throws { if let unwritten { throw unwritten.error } }

  private func write(_ traces: [RankTrace], to iteration: Int) -> (words: String, isWarning: Bool)? {
    do throws(ReportError) {
      try TraceFile.write(traces, to: path)
      unwritten = nil
      return (
        "trace of \(max(0, min(iteration, lastIteration) - firstIteration)) iterations in \(path)\n"
          + TraceSummary(traces).text, false
      )
    } catch {
      defer { unwritten = (traces, error) }
      guard unwritten == nil else { return nil }
      return ("the trace is not written, \(error.reason); training goes on, it is tried again at the end", true)
    }
  }
}
