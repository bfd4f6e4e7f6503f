import Foundation
import Testing

extension LockstepTests {
  /// Who reads what the program says: nobody, or nobody any more.
  @Suite struct ReaderTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Every line of the metrics is one, and all checkpoints are whole.
    private func expectWhole(_ run: String) throws {
      #expect(try lines(of: run + "/metrics.jsonl").allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") })
      let verified = try Run("inspect", run, in: scratch)
      #expect(verified.status == 0, "\(verified.errors)")
    }

    /// A shell that does `redirection` and becomes the program.
    private func start(_ redirection: String, _ arguments: [String], ranks: Int? = nil) throws -> Process {
      let command = Launch.command(arguments, ranks: ranks)
      return try Launch.start(
        ["/bin/sh", "-c", "exec \"$@\" \(redirection)", "sh"] + command, in: scratch, output: scratch / "out",
        errors: scratch / "err")
    }

    private func end(_ process: Process, within seconds: Double = 20) -> Int32? {
      defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
      return wait(seconds: seconds) { !process.isRunning } ? process.terminationStatus : nil
    }

    @Test(
      "started with closed descriptors, a run trains, hears SIGTERM, and no file gets a line of the log",
      arguments: [("<&- >&- 2>&-", false), (">&- 2>&-", true), ("2>&-", true)])
    func closedDescriptors(redirection: String, isStopped: Bool) throws {
      let process = try start(
        redirection, quickTraining("run", "checkpoint.every=10") + ["--iterations", isStopped ? "1000000" : "40"])
      if isStopped {
        #expect(wait { exists(checkpoint(scratch / "run", 20)) })
        kill(process.processIdentifier, SIGTERM)
      }
      #expect(end(process) == (isStopped ? 75 : 0))
      try expectWhole(scratch / "run")
    }

    @Test("a pipe that is full and has a reader asleep stops neither training nor SIGTERM", arguments: [false, true])
    func stuckReader(isStopped: Bool) throws {
      // This process is the reader, and never reads; the pipe is filled before.
      let pipe = scratch / "pipe"
      try #require(mkfifo(pipe, 0o600) == 0)
      let reader = open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
      let filler = open(pipe, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
      try #require(reader >= 0 && filler >= 0)
      defer { _ = (close(reader), close(filler)) }
      while write(filler, "x", 1) == 1 {}
      let process = try start(
        "> pipe 2>&1", quickTraining("run", "checkpoint.every=10") + ["--iterations", isStopped ? "1000000" : "300"])
      if isStopped {
        #expect(wait { exists(checkpoint(scratch / "run", 100)) })
        kill(process.processIdentifier, SIGTERM)
      }
      // Each stream has two seconds at the end.
      #expect(end(process) == (isStopped ? 75 : 0))
      if !isStopped { #expect(try newestIteration(scratch / "run") == 300) }
      try expectWhole(scratch / "run")
    }

    @Test("what a command prints is not cut, however slowly it is read")
    func slowReader() throws {
      let whole = try Run("data", "check", "digits", in: scratch)
      let process = try Launch.start(
        ["/bin/sh", "-c", "\"$@\" 2>&1 | { sleep 3; cat; }", "sh"]
          + Launch.command(["data", "check", "digits"], ranks: nil), in: scratch, output: scratch / "out",
        errors: scratch / "err")
      process.waitUntilExit()
      let count = whole.output.split(separator: "\n").count + whole.errorLines.count
      #expect(try lines(of: scratch / "out").count == count)
    }

    @Test("log and results keep their order in one file")
    func order() throws {
      let process = try start("> both 2>&1", quickTraining("run") + ["--iterations", "20"])
      #expect(end(process) == 0)
      let said = try lines(of: scratch / "both")
      #expect(said.last?.hasPrefix("checkpoint  run/checkpoints/") == true, "\(said)")
      #expect(said.first?.contains("digits") == true || said.first?.contains("OPENBLAS") == true, "\(said)")
    }
  }
}
