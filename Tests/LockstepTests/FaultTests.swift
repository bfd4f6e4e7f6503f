import Foundation
import Testing

extension LockstepTests {
  @Suite struct FaultTests {
    @Test("a rank that is killed ends the job within seconds, and the job goes on where it was", .underMPI)
    func killedRank() throws {
      let scratch = try Scratch()
      let arguments = [
        "train", "--recipe", "digits-dense", "--output", "run", "--resume", "auto", "--set", "log.everySeconds=0",
        "--set", "checkpoint.every=20",
        "--iterations",
      ]
      let job = try Launch.start(
        Launch.command(arguments + ["1000000"], ranks: 2), in: scratch, output: scratch / "out", errors: scratch / "err"
      )
      // Should the test fail on the way, the job must not stay.
      defer { if job.isRunning { kill(job.processIdentifier, SIGKILL) } }
      #expect(wait(seconds: 30) { exists(checkpoint(scratch / "run", 60)) })
      let ranks = children(of: job.processIdentifier)
      try #require(ranks.count == 2)
      kill(ranks[1], SIGKILL)
      try #require(wait(seconds: 15) { !job.isRunning }, "mpirun gives ranks 4 seconds to end")
      #expect(job.terminationStatus != 0)
      #expect(wait(seconds: 5) { ranks.allSatisfy { kill($0, 0) != 0 } }, "no rank is left")

      let newest = try newestIteration(scratch)
      let again = try Run(arguments + ["\(newest + 30)"], ranks: 2, in: scratch)
      #expect(again.status == 0, "\(again.errors)")
      #expect(again.errors.contains("going on from iteration "))
      let files = try FileManager.default.contentsOfDirectory(atPath: scratch / "run/checkpoints")
      #expect(files.allSatisfy { $0.hasPrefix("iteration-") }, "no partial file: \(files)")
      // Every iteration once, in order.
      let logged = try lines(of: scratch / "run/metrics.jsonl").filter { $0.contains(#""kind":"training""#) }
        .compactMap { Int($0.dropFirst(#"{"iteration":"#.count).prefix { $0.isNumber }) }
      #expect(logged == Array(1...newest + 30))
    }

    @Test("a signal to stop ends a run with a checkpoint and exit code 75, and it goes on", arguments: [nil, 2])
    func stopSignal(ranks: Int?) throws {
      try #require(ranks == nil || Launch.hasMPI)
      let scratch = try Scratch()
      let arguments = [
        "train", "--recipe", "digits-dense", "--output", "run", "--resume", "auto", "--set", "checkpoint.every=20",
        "--iterations",
      ]
      let job = try Launch.start(
        Launch.command(arguments + ["1000000"], ranks: ranks), in: scratch, output: scratch / "out",
        errors: scratch / "err")
      defer { if job.isRunning { kill(job.processIdentifier, SIGKILL) } }
      #expect(wait(seconds: 30) { exists(checkpoint(scratch / "run", 20)) })
      kill(job.processIdentifier, SIGUSR1)
      try #require(wait(seconds: 15) { !job.isRunning })
      #expect(job.terminationStatus == 75)
      #expect(try lines(of: scratch / "err").contains { $0.hasPrefix("stopped as asked by a signal after iteration ") })
      let newest = try newestIteration(scratch)
      let again = try Run(arguments + ["\(newest + 5)"], ranks: ranks, in: scratch)
      #expect(again.status == 0, "\(again.errors)")
      #expect(try newestIteration(scratch) == newest + 5)
    }

    private func newestIteration(_ scratch: Scratch) throws -> Int {
      let names = try FileManager.default.contentsOfDirectory(atPath: scratch / "run/checkpoints")
      return try #require(
        names.filter { $0.hasPrefix("iteration-") }.compactMap { Int($0.dropFirst(10).prefix(8)) }.max())
    }

    private func wait(seconds: Int, until condition: () -> Bool) -> Bool {
      for _ in 0..<seconds * 50 {
        if condition() { return true }
        usleep(20_000)
      }
      return condition()
    }

    /// The processes that `parent` started.
    private func children(of parent: pid_t) -> [pid_t] {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
      return names.compactMap { pid_t($0) }.filter { process in
        guard let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
        // Behind the name in parentheses: state, parent.
        return stat.split(separator: ")").last?.split(separator: " ").dropFirst().first.map(String.init) == "\(parent)"
      }.sorted()
    }
  }
}
