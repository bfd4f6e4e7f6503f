import Testing

@testable import Training

@Suite struct TimeLimitTests {
  private func limit(_ seconds: Double? = nil, _ variables: [String: String] = [:]) -> TimeLimit? {
    TimeLimit(seconds: seconds, stateBytes: 0, now: 1_000) { variables[$0] }
  }

  @Test("the earliest of option, scheduler and script counts, and says where it comes from")
  func origins() {
    #expect(limit() == nil)
    #expect(limit(60)?.end == 1_060)
    #expect(limit(nil, ["SLURM_JOB_END_TIME": "1500"])?.end == 1_500)
    #expect(limit(nil, ["PBS_WALLTIME": "300"])?.end == 1_300)
    let both = limit(600, ["LOCKSTEP_END_TIME": "1400", "SLURM_JOB_END_TIME": "1700"])
    #expect(both?.end == 1_400)
    #expect(both?.origin == "LOCKSTEP_END_TIME")
    #expect(limit(nil, ["SLURM_JOB_END_TIME": "tomorrow", "PBS_WALLTIME": "-1"]) == nil)
  }

  @Test("saving begins early enough for what saves and phases have taken")
  func margin() throws {
    let given = limit(100)
    var limit = try #require(given)
    #expect(!limit.isDue(now: 1_097.9) && limit.isDue(now: 1_098))
    limit.learn(saveSeconds: 5)
    limit.learn(phaseSeconds: 1)
    limit.learn(saveSeconds: 3)
    #expect(limit.margin == 16)
    #expect(!limit.isDue(now: 1_083.9) && limit.isDue(now: 1_084))
  }

  @Test("before the first save, its time is reckoned from the size of the state")
  func firstSave() throws {
    let given = TimeLimit(seconds: 100, stateBytes: 500_000_000, now: 0) { _ in nil }
    let limit = try #require(given)
    #expect(limit.margin == 22)
  }
}
