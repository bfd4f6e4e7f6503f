import Foundation
import Testing

extension LockstepTests {
  /// Crashes: how fast everything is gone, and what the exit code says.
  @Suite struct CrashTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test("a rank that crashes ends the job within seconds, by its signal", .underMPI, arguments: [SIGSEGV, SIGABRT])
    func rank(number: Int32) throws {
      let job = try Job(
        quickTraining("run", "checkpoint.every=20") + ["--iterations", "1000000"], ranks: 2, in: scratch)
      try #require(wait { exists(checkpoint(scratch / "run", 20)) }, "\(job.errors)")
      let ranks = job.children
      try #require(ranks.count == 2)
      let start = Date()
      kill(ranks[1], number)
      // mpirun takes a second or two; the backtrace one, and more beside other programs.
      #expect(job.end(within: 20) == 128 + number, "\(job.errors)")
      #expect(Date().timeIntervalSince(start) < 15)
      #expect(wait(seconds: 5) { ranks.allSatisfy { kill($0, 0) != 0 } }, "no rank is left")
      #expect(!job.errors.contains("failed to suspend"), "\(job.errors)")
      #expect(!job.errors.contains("stopped as asked"), "\(job.errors)")
    }

    @Test("a crash signal that somebody sends is a crash, no wish to stop", arguments: [SIGQUIT, SIGTRAP, SIGFPE])
    func sent(number: Int32) throws {
      let job = try Job(quickTraining("run") + ["--iterations", "1000000"], in: scratch)
      try #require(wait { metricsCount(scratch / "run") > 20 }, "\(job.errors)")
      job.signal(number)
      #expect(job.end(within: 15) == number, "\(job.errors)")
      #expect(job.process.terminationReason == .uncaughtSignal)
      #expect(!job.errors.contains("stopped as asked"), "\(job.errors)")
    }

    /// What a BLAS does that crashes, and the signal it ends with.
    private static let faults: [(code: String, number: Int32)] = [
      ("*(volatile int *)8 = 1;", SIGSEGV), ("abort();", SIGABRT), ("__builtin_trap();", SIGILL),
      ("volatile char space[1 << 16]; space[n] = (char)n; cblas_sgemm(n + 1); space[0] = 1;", SIGSEGV),
    ]

    @Test(
      "a fault of a library ends by its signal: a wild pointer, abort, a trap, a stack without end",
      .enabled(if: Launch.executable("cc") != nil, "there is no C compiler"), arguments: faults.indices)
    func fault(index: Int) throws {
      let (code, number) = Self.faults[index]
      try scratch.write("#include <stdlib.h>\nvoid cblas_sgemm(long n) { \(code) }".utf8, to: "fault.c")
      let compiler = try #require(Launch.executable("cc"))
      let build = try Launch.start(
        [compiler, "-shared", "-fPIC", "-O0", "-o", scratch / "fault.so", scratch / "fault.c"], in: scratch,
        output: scratch / "cc.out", errors: scratch / "cc.err")
      build.waitUntilExit()
      try #require(build.terminationStatus == 0)
      let job = try Job(
        ["train", "--recipe", "digits-dense", "--iterations", "5", "--output", "run"], in: scratch,
        adding: ["LD_PRELOAD": scratch / "fault.so"])
      #expect(job.end(within: 20) == number, "\(job.errors)")
      #expect(job.process.terminationReason == .uncaughtSignal)
    }
  }
}
