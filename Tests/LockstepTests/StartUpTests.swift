import Foundation
import Testing

extension LockstepTests {
  /// How a job starts: who opens what, and what it says about it.
  @Suite struct StartUpTests {
    static let short = [
      "--set", "evaluation.classifierIterations=0", "--set", "evaluation.samples=10",
    ]

    /// 60 images 16×16 of ten classes.
    private static func writeIDX(_ scratch: Scratch) throws {
      let header: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 60, 0, 0, 0, 16, 0, 0, 0, 16]
      let pixels = (0..<60 * 256).map { UInt8($0 * 7 % 251) }
      try scratch.write(header + pixels, to: "idx/train-images-idx3-ubyte")
      let labels = (0..<60).map { UInt8($0 % 10) }
      try scratch.write([0, 0, 8, 1, 0, 0, 0, 60] + labels, to: "idx/train-labels-idx1-ubyte")
    }

    /// As many in colour, in a directory that has to be listed.
    private static func writeCIFAR(_ scratch: Scratch) throws {
      var records: [UInt8] = []
      for image in 0..<60 {
        records.append(UInt8(image % 10))
        records += (0..<3072).map { UInt8(($0 * 7 + image) % 251) }
      }
      try scratch.write(records, to: "cifar/data_batch_1.bin")
    }

    /// What every rank opens, in a directory of the test.
    private static func opened(_ arguments: [String], ranks: Int, in scratch: Scratch) throws -> [[String]] {
      let strace = try #require(Launch.executable("strace"))
      let mpirun = try #require(Launch.executable("mpirun"))
      let shell =
        "exec \(strace) -f -e trace=open,openat,openat2,creat -o trace.${OMPI_COMM_WORLD_RANK:-$PMI_RANK} \"$@\""
      let command =
        [try #require(Launch.executable("timeout")), "--kill-after=5", "100", mpirun, "-q", "--oversubscribe", "-n"]
        + ["\(ranks)", "sh", "-c", shell, "sh", Launch.program] + arguments
      let process = try Launch.start(command, in: scratch, output: scratch / "out", errors: scratch / "err")
      process.waitUntilExit()
      let errors = String(decoding: try bytes(of: scratch / "err"), as: UTF8.self)
      #expect(process.terminationStatus == 0, "\(errors)")
      return try (0..<ranks).map { rank in
        try lines(of: scratch / "trace.\(rank)").filter { !$0.contains(" = -1 ") }
          .compactMap { $0.split(separator: "\"", maxSplits: 2).dropFirst().first.map(String.init) }
      }
    }

    @Test(
      "rank 0 alone opens recipe, checkpoint and directories, one rank of a node its data",
      .enabled(
        if: Launch.hasMPI && Launch.executable("strace") != nil, "mpirun or strace is not installed"),
      arguments: ["idx:idx", "cifar10:cifar"])
    func opens(source: String) throws {
      let scratch = try Scratch()
      try Self.writeIDX(scratch)
      try Self.writeCIFAR(scratch)
      let common = ["--data", source, "--output", "run"] + Self.short
      let first = try Run(
        ["train", "--recipe", "digits-dense", "--iterations", "1"] + common, ranks: nil, in: scratch)
      #expect(first.status == 0, "\(first.errors)")
      try FileManager.default.copyItem(atPath: scratch / "run/recipe.yaml", toPath: scratch / "mine.yaml")
      let opened = try Self.opened(
        ["train", "--recipe", "mine.yaml", "--resume", "auto", "--iterations", "2"] + common, ranks: 3, in: scratch)
      let directory = source.split(separator: ":")[1]
      for (what, prefix) in [("the recipe", "mine.yaml"), ("the run", "run"), ("the data", directory)] {
        let ranks = opened.indices.filter { opened[$0].contains { $0.hasPrefix(prefix) } }
        #expect(ranks == [0], "\(what): opened by ranks \(ranks)")
      }
      // Once each, for all that reads in parts.
      let files = opened[0].filter { $0.hasPrefix(directory + "/") }
      #expect(Set(files).count == files.count && files.count == (directory == "idx" ? 2 : 1), "\(files)")
    }

    @Test("a file that its one reader finds damaged ends all ranks with one line", .underMPI)
    func damaged() throws {
      let scratch = try Scratch()
      try Self.writeIDX(scratch)
      try scratch.write([0, 0, 8, 1, 0, 0, 0, 60, 1], to: "idx/train-labels-idx1-ubyte")
      let run = try Run(
        ["train", "--recipe", "digits-dense", "--data", "idx:idx", "--output", "run"], ranks: 3, in: scratch)
      #expect(run.status == 65 && run.errorLines.count == 1, "\(run.errors)")
      #expect(run.errors.contains("train-labels-idx1-ubyte: 9 bytes of 68"), "\(run.errors)")
      let missing = try Run(
        ["train", "--recipe", "digits-dense", "--data", "folder:nowhere", "--output", "run"], ranks: 3, in: scratch)
      #expect(missing.status != 0 && missing.errorLines.count == 1 && missing.errors.contains("nowhere"))
    }

    @Test("the time from the launch to the end of the first iteration is told by phase, once", arguments: [1, 2])
    func times(ranks: Int) throws {
      let scratch = try Scratch()
      let run = try Run(
        ["train", "--recipe", "digits-dense", "--iterations", "3", "--output", "run"] + Self.short,
        ranks: ranks > 1 && Launch.hasMPI ? ranks : nil, in: scratch)
      #expect(run.status == 0, "\(run.errors)")
      let told = run.errorLines.filter { $0.hasPrefix("start: ") }
      #expect(told.count == 1, "\(run.errors)")
      #expect(told.first?.contains(" s in all") == true)
      #expect(told.first?.contains("(slowest rank ") == (ranks > 1 && Launch.hasMPI))
    }
  }
}
