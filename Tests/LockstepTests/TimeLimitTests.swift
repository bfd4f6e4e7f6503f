import Foundation
import Testing

extension LockstepTests {
  @Suite struct TimeLimitTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test("a run stops itself with a checkpoint and 75 before its time is over, wherever the limit comes from")
    func stops() throws {
      let seconds = 5.0
      let start = Date().timeIntervalSince1970
      let end = "\(Int(start + seconds))"
      // Side by side: all they do is to wait.
      let jobs = try [
        ("option", ["--time-limit", "\(seconds)"], [:]), ("own", [], ["LOCKSTEP_END_TIME": end]),
        ("slurm", ["--time-limit", "900"], ["SLURM_JOB_END_TIME": end]),
        ("pbs", [], ["PBS_WALLTIME": "\(seconds)"]),
      ].map { (name: String, arguments: [String], variables: [String: String]) in
        try Job(
          quickTraining(name, "log.everySeconds=1") + ["--iterations", "1000000"] + arguments, in: scratch,
          adding: variables, name: name)
      }
      for job in jobs {
        #expect(job.end(within: start + seconds - Date().timeIntervalSince1970) == 75, "\(job.errors)")
        #expect(job.lastLine.hasPrefix("stopped before the time limit after iteration "), "\(job.errors)")
      }
      for name in ["option", "own", "slurm", "pbs"] { #expect(try newestIteration(scratch / name) > 0) }
    }

    @Test("a limit that leaves no time to save is refused, and nothing is written", arguments: [nil, 2])
    func tooShort(ranks: Int?) throws {
      try #require(ranks == nil || Launch.hasMPI)
      let refused = try Run(
        quickTraining("run") + ["--iterations", "100", "--time-limit", "1"], ranks: ranks, in: scratch)
      #expect(refused.status == 64)
      #expect(refused.errorLines.last?.hasPrefix("lockstep: --time-limit: only ") == true, "\(refused.errors)")
      #expect(refused.errors.contains("nothing was started: give the run more time"))
      #expect(!exists(scratch / "run"))
      // Nor into a run that is there.
      guard ranks == nil else { return }
      #expect(try Run(quickTraining("run") + ["--iterations", "10"], in: scratch).status == 0)
      let before = try ["recipe.yaml", "metrics.jsonl"].map { try bytes(of: scratch / "run/\($0)") }
      let again = try Run(
        quickTraining("run") + ["--iterations", "20"], in: scratch, adding: ["LOCKSTEP_END_TIME": "1000000000"])
      #expect(again.status == 64)
      #expect(again.errorLines.last?.hasPrefix("lockstep: LOCKSTEP_END_TIME: only 0 s are left") == true)
      #expect(try ["recipe.yaml", "metrics.jsonl"].map { try bytes(of: scratch / "run/\($0)") } == before)
      #expect(try checkpointNames(scratch / "run") == ["iteration-00000010.safetensors"])
    }
  }
}
