import Foundation
import Testing

extension LockstepTests {
  /// Two runs and one directory.
  @Suite struct SharedDirectoryTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private var host: String {
      var name = [CChar](repeating: 0, count: 256)
      guard gethostname(&name, 255) == 0 else { return "?" }
      return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    @Test("a second run is refused, naming the first; once that is killed the directory is free at once")
    func refusal() throws {
      let first = try Job(
        quickTraining("run", "checkpoint.every=20") + ["--iterations", "1000000"], in: scratch)
      try #require(wait { exists(checkpoint(scratch / "run", 20)) }, "\(first.errors)")
      let holder = "in use by process \(first.process.processIdentifier) on \(host) since "
      let seen = try Run("inspect", "run", in: scratch)
      #expect(seen.status == 0, "\(seen.errors)")
      #expect(seen.output.contains("  the run is \(holder)"), "\(seen.output)")

      let second = try Run(quickTraining("run") + ["--iterations", "40"], in: scratch)
      #expect(second.status == 73)
      #expect(second.errorLines.last?.hasPrefix("lockstep: run: is \(holder)") == true, "\(second.errors)")
      #expect(first.process.isRunning)

      first.signal(SIGKILL)
      _ = first.end()
      let newest = try newestIteration(scratch / "run")
      let start = Date()
      let next = try Run(quickTraining("run") + ["--iterations", "\(newest + 1)"], in: scratch)
      #expect(next.status == 0, "\(next.errors)")
      #expect(Date().timeIntervalSince(start) < 5, "it waited for a lock that nobody held")
      #expect(try !Run("inspect", "run", in: scratch).output.contains("in use"))
    }

    @Test("a run that waits for the one before to end goes on from what that saved last")
    func handover() throws {
      let first = try Job(quickTraining("run") + ["--iterations", "1000000"], in: scratch, name: "first")
      try #require(wait { metricsCount(scratch / "run") > 20 }, "\(first.errors)")
      let second = try Job(
        quickTraining("run") + ["--iterations", "1000000"], in: scratch, name: "second")
      // Time for it to come to the lock, which it waits for up to 5 seconds.
      usleep(1_500_000)
      first.signal(SIGUSR1)
      #expect(first.end() == 75)
      let newest = try newestIteration(scratch / "run")
      try #require(wait { second.errors.contains("classifier") || second.errors.contains("iteration ") })
      second.signal(SIGUSR1)
      #expect(second.end() == 75, "\(second.errors)")
      #expect(second.errors.contains("going on from iteration "), "\(second.errors)")
      #expect(try newestIteration(scratch / "run") >= newest, "nothing that was saved is lost")
    }
  }
}
