import Foundation
import Testing

extension LockstepTests {
  /// Jobs whose ranks were not started alike.
  @Suite struct LaunchCheckTests {
    /// One mpirun of several programs, each on so many ranks; what it said and how it ended.
    private func run(
      _ parts: [(ranks: Int, command: [String])], in scratch: Scratch, timeout: Int? = nil
    ) throws -> (status: Int32, errors: String, seconds: Double) {
      let mpirun = try #require(Launch.executable("mpirun"))
      let limit = try #require(Launch.executable("timeout"))
      var command = [limit, "--kill-after=5", "60", mpirun, "-q", "--oversubscribe"]
      command += parts.map { ["-n", "\($0.ranks)"] + $0.command }.joined(separator: [":"])
      let start = Date()
      let process = try Launch.start(
        command, in: scratch, adding: timeout.map { ["LOCKSTEP_START_TIMEOUT": "\($0)"] } ?? [:],
        output: scratch / ".out", errors: scratch / ".err")
      process.waitUntilExit()
      let errors = String(decoding: try bytes(of: scratch / ".err"), as: UTF8.self)
      return (process.terminationStatus, errors, Date().timeIntervalSince(start))
    }

    private let train = [Launch.program] + quickTraining("run") + ["--iterations", "5"]

    @Test(
      "ranks with other command lines are refused before anything else, naming both", .underMPI,
      arguments: [
        ["--help"], quickTraining("run") + ["--iterations", "5", "--set", "training.batchSize=32"],
      ])
    func otherCommand(arguments: [String]) throws {
      let scratch = try Scratch()
      let ended = try run([(1, train), (2, [Launch.program] + arguments)], in: scratch)
      #expect(ended.status == 64, "\(ended.errors)")
      #expect(ended.errors.hasPrefix("lockstep: rank 1 runs `lockstep \(arguments[0])"), "\(ended.errors)")
      #expect(ended.errors.contains("rank 0 `lockstep train "))
      #expect(ended.errors.split(separator: "\n").count == 1, "\(ended.errors)")
      #expect(!exists(scratch / "run"))
      #expect(ended.seconds < 10)
    }

    @Test("a copy of the program is as good as the program, another build is refused", .underMPI)
    func otherBuild() throws {
      let scratch = try Scratch()
      let copy = scratch / "another-name"
      try FileManager.default.copyItem(atPath: Launch.program, toPath: copy)
      let (command, original) = ([copy, "recipes"], [Launch.program, "recipes"])
      #expect(try run([(1, original), (1, command)], in: scratch).status == 0)
      let file = try #require(FileHandle(forWritingAtPath: copy))
      try file.seekToEnd()
      try file.write(contentsOf: Data("x".utf8))
      try file.close()
      let ended = try run([(1, original), (1, command)], in: scratch)
      #expect(ended.status == 64)
      #expect(
        ended.errors.hasPrefix("lockstep: rank 1 runs another build of the program, \(copy) ("), "\(ended.errors)")
    }

    @Test("a process that starts no MPI does not hold the others for ever", .underMPI)
    func noMPI() throws {
      let scratch = try Scratch()
      let command = [try #require(Launch.executable("true"))]
      let ended = try run([(1, train), (1, command)], in: scratch, timeout: 1)
      #expect(ended.status == 70, "\(ended.errors)")
      #expect(ended.errors.hasPrefix("lockstep: rank 0: MPI has not started for 1 s: "), "\(ended.errors)")
      #expect(ended.seconds < 10)
    }

    @Test(
      "ranks of another MPI program, which waits for calls that never come, are named",
      .enabled(if: Launch.hasMPI && Launch.executable("mpicc") != nil, "there is no mpicc"))
    func otherProgram() throws {
      let scratch = try Scratch()
      let source = """
        #include <mpi.h>
        #include <unistd.h>
        int main(int n, char **v) { MPI_Comm c; MPI_Init(&n, &v); MPI_Comm_dup(MPI_COMM_WORLD, &c); sleep(30); return 0; }
        """
      try scratch.write(source.utf8, to: "other.c")
      let compiler = try Launch.start(
        [try #require(Launch.executable("mpicc")), "-w", "-o", scratch / "other", scratch / "other.c"], in: scratch,
        output: scratch / "cc.out", errors: scratch / "cc.err")
      compiler.waitUntilExit()
      try #require(compiler.terminationStatus == 0)
      let other = [scratch / "other"]
      let ended = try run([(2, train), (1, other)], in: scratch, timeout: 3)
      #expect(ended.status == 64, "\(ended.errors)")
      #expect(
        ended.errors.hasPrefix("lockstep: rank 2 did not answer within 3 s of MPI's start: "), "\(ended.errors)")
      #expect(ended.seconds < 15)
    }
  }
}
