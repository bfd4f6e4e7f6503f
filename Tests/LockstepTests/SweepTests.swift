import Foundation
import Testing

extension LockstepTests {
  @Suite struct SweepTests {
    let scratch: Scratch

    init() throws {
      scratch = try Scratch()
      try scratch.write(
        Array(
          """
          space:
            model.generator.attention.activation: [none, tanh]
          seeds: 2
          iterations: 30
          """.utf8), to: "space.yaml")
    }

    private var results: Int { (try? lines(of: scratch / "out/trials.jsonl").count) ?? 0 }

    @Test("trials run on groups of ranks, and once only", arguments: [(nil, "1"), (2, "2"), (2, "1"), (3, "2")])
    func groups(ranks: Int?, groups: String) throws {
      try #require(ranks == nil || Launch.hasMPI)
      let command = ["sweep", "space.yaml", "--output", "out", "--groups", groups]
      let first = try Run(command, ranks: ranks, in: scratch)
      #expect(first.status == 0, "\(first.errors)")
      #expect(results == 4)
      for name in ["sweep.csv", "sweep.html", "best.yaml"] { #expect(exists(scratch / "out/\(name)")) }
      let records = try bytes(of: scratch / "out/trials.jsonl")
      let second = try Run(command, ranks: ranks, in: scratch)
      #expect(second.status == 0)
      #expect(try bytes(of: scratch / "out/trials.jsonl") == records)
    }

    @Test("halving goes on from the checkpoints of the survivors")
    func halving() throws {
      try scratch.write(
        Array(
          "space: {training.batchSize: [16, 32, 64, 128]}\nmethod: halving\neta: 2\niterations: 40\nfirstIterations: 10\n"
            .utf8), to: "space.yaml")
      #expect(try Run("sweep", "space.yaml", "--output", "out", in: scratch).status == 0)
      // 4 at 10, 2 at 20, 1 at 40.
      #expect(results == 7)
    }

    @Test("a trial that fails is recorded, and the others run", arguments: [1, 2])
    func failure(groups: Int) throws {
      try #require(Launch.hasMPI)
      try scratch.write(
        Array("space: {model.generator.tokens: [7, 8]}\niterations: 30\n".utf8), to: "space.yaml")
      let run = try Run("sweep", "space.yaml", "--output", "out", "--groups", "\(groups)", ranks: 2, in: scratch)
      #expect(run.status == 0, "\(run.errors)")
      let records = try lines(of: scratch / "out/trials.jsonl")
      #expect(records.count == 2 && records[0].contains("\"failure\"") && records[1].contains("\"value\""))
    }

    @Test("a killed sweep goes on, and ends as if nothing had been")
    func killed() throws {
      // Lines of metrics that come by the clock would make checkpoints differ, which say how many bytes there are.
      try scratch.write(
        Array(
          "set: {checkpoint.every: 50, log.everySeconds: 0}\nspace: {training.batchSize: [32, 64]}\nseeds: 2\niterations: 1500\n"
            .utf8),
        to: "space.yaml")
      let job = try Job(["sweep", "space.yaml", "--output", "out"], in: scratch)
      let half = scratch / "out/trials/0002-seed-1/checkpoints/iteration-00000050.safetensors"
      #expect(wait { exists(half) })
      job.signal(SIGKILL)
      #expect(job.end() != nil)
      #expect(exists(scratch / "out/trials/0001-seed-1/result-1500.json"))
      #expect(try Run("sweep", "space.yaml", "--output", "out", in: scratch).status == 0)
      #expect(try Run("sweep", "space.yaml", "--output", "whole", in: scratch).status == 0)
      for name in ["0001-seed-1", "0002-seed-1", "0002-seed-2"] {
        let file = "trials/\(name)/checkpoints/iteration-00001500.safetensors"
        #expect(try bytes(of: scratch / "out/\(file)") == bytes(of: scratch / "whole/\(file)"))
      }
    }

    @Test("wrong spaces and groups are refused before anything is written")
    func refusals() throws {
      try #require(Launch.hasMPI)
      let many = try Run("sweep", "space.yaml", "--output", "out", "--groups", "3", ranks: 2, in: scratch)
      #expect(many.status == 78 && many.errors.contains("3 groups of 2 ranks"))
      try scratch.write(Array("space: {training.betch: [1]}\n".utf8), to: "space.yaml")
      let unknown = try Run("sweep", "space.yaml", "--output", "out", ranks: 2, in: scratch)
      #expect(unknown.status == 78 && unknown.errorLines.count == 1 && unknown.errors.contains("training.betch"))
      #expect(!exists(scratch / "out"))
    }
  }
}
