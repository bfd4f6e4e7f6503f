import Foundation
import TestSupport
import Testing

extension LockstepTests {
  /// What a user sees and says of how ranks talk.
  @Suite struct CommunicationOptionTests {
    private static let short = [
      "train", "--recipe", "digits-dense", "--set", "evaluation.classifierIterations=0",
    ]

    @Test("a trace of two ranks is one JSON file with their lanes, and a table says what was communication", .underMPI)
    func trace() throws {
      let scratch = try Scratch()
      let run = try Run(
        Self.short + [
          "--output", "a", "--trace", "trace.json", "--trace-iterations", "400", "--set", "checkpoint.every=20",
          "--iterations", "500",
        ], ranks: 2, in: scratch)
      try #require(run.status == 0, "\(run.errors)")
      #expect(run.errors.contains("trace of 400 iterations in trace.json"))
      #expect(run.errors.contains("exposed communication"))
      let object = try JSONSerialization.jsonObject(with: Data(bytes(of: scratch / "trace.json"))) as? [String: Any]
      let events = try #require(object?["traceEvents"] as? [[String: Any]])
      let complete = events.filter { $0["ph"] as? String == "X" }
      for rank in 0..<2 {
        let own = complete.filter { $0["pid"] as? Int == rank }
        let kinds = Dictionary(grouping: own) { $0["cat"] as? String ?? "" }.mapValues(\.count)
        #expect(kinds["phase"] == 800)
        #expect(kinds["gradient wait"] == 800)
        #expect(kinds["gradient transfer"] == 800)
        #expect(kinds["compute"] ?? 0 > 8000)
        #expect((kinds["checkpoint"] ?? 0 > 0) == (rank == 0))
      }
    }

    @Test("a trace that cannot be written ends the run on all ranks with one message", .underMPI)
    func noTrace() throws {
      let scratch = try Scratch()
      let run = try Run(
        Self.short + ["--output", "a", "--iterations", "30", "--trace", "nowhere/trace.json"], ranks: 2, in: scratch)
      #expect(run.status != 0 && run.status != 124)
      #expect(run.errors.components(separatedBy: "nowhere/trace.json").count == 2, "\(run.errors)")
    }

    @Test("how gradients are summed is kept on resume, may be fixed, and is said", .underMPI)
    func settings() throws {
      let scratch = try Scratch()
      let first = try Run(
        Self.short + ["--output", "a", "--iterations", "30", "--communication", "nodes,bucket=4096,split"], ranks: 2,
        in: scratch)
      #expect(first.status == 0, "\(first.errors)")
      #expect(first.errors.contains("gradients are summed by: nodes,bucket=4096,split"))
      let longer = ["train", "--output", "a", "--resume", "auto", "--iterations"]
      let kept = try Run(longer + ["40"], ranks: 2, in: scratch)
      #expect(kept.errors.contains("gradients are summed by: nodes,bucket=4096,split"))
      #expect(!kept.errors.contains("not bit for bit"))
      let anew = try Run(longer + ["50", "--retune"], ranks: 2, in: scratch)
      #expect(anew.errors.contains("gradients are summed in shared memory"))
      #expect(anew.errors.contains("communication: nodes,bucket=4096,split then, nodes now"))
      let library = try Run(longer + ["60", "--communication", "library"], ranks: 2, in: scratch)
      #expect(library.status == 0 && library.errors.contains("gradients are summed by: library"))
    }

    @Test("a way that makes no sense is refused with those that do", arguments: ["fast", "nodes,bucket=1", "library,"])
    func refused(way: String) throws {
      let scratch = try Scratch()
      let run = try Run("train", "--communication", way, "--output", "a", in: scratch)
      #expect(run.status == 64)
      #expect(run.errors.contains("--communication \(way): write auto, library, or nodes"))
    }
  }
}
