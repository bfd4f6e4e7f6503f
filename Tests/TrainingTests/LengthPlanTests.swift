import Testing

@testable import Training

/// A machine whose iterations take what `seconds` says, evaluations and saves so long; time is counted, not waited for.
private struct Machine {
  var seconds: (Int) -> Double
  var evaluation = 0.5
  var save = 0.1
  var preparation = 0.5
  var every = 500

  /// Trains from `first` on for a time; when it ends, how many iterations it makes, and how often it looked.
  func run(for time: Double, startUp: Double = 1, from first: Int = 0) -> (end: Double, iterations: Int, looks: Int) {
    var plan = LengthPlan(
      TrainingDuration(seconds: time, start: 100), firstIteration: first, evaluationEvery: every,
      evaluationSeconds: preparation, stateBytes: 1_000_000)
    var (now, iteration, looks) = (100 + startUp, first, 0)
    while iteration < plan.iterations ?? .max {
      now += seconds(iteration)
      iteration += 1
      plan.count(now: now)
      if iteration >= plan.nextIteration {
        let found = plan.look(at: iteration, now: now)
        plan.take(iterations: found.iterations, next: found.next)
        looks += 1
      }
      if every > 0 && iteration % every == 0 || iteration == plan.iterations {
        now += evaluation
        plan.learn(evaluationSeconds: evaluation)
      }
    }
    return (now + save - 100, iteration, looks)
  }
}

@Suite struct LengthPlanTests {
  @Test(
    "a run ends within a few percent of its time, whatever an iteration takes",
    arguments: [
      (0.001, 10.0), (0.001, 3600), (0.006, 10), (0.25, 60), (0.25, 36_000), (60, 3600), (200, 3600),
    ] as [(Double, Double)])
  func steady(seconds: Double, time: Double) {
    for every in [0, 50, 500] {
      let found = Machine(seconds: { _ in seconds }, every: every).run(for: time)
      #expect(abs(found.end - time) <= max(0.02 * time, seconds), "\(found) every \(every)")
      #expect(found.looks < 60)
    }
  }

  @Test("so does one that gets slower, one whose first iterations are slow, and one whose evaluations cost much")
  func changing() {
    let machines = [
      Machine(seconds: { $0 < 4_000 ? 0.001 : 0.0015 }), Machine(seconds: { $0 < 10 ? 0.1 : 0.002 }),
      Machine(seconds: { _ in 0.001 }, evaluation: 2, preparation: 0.1, every: 1_000),
      Machine(seconds: { $0 % 2 == 0 ? 0.001 : 0.003 }),
    ]
    for (index, machine) in machines.enumerated() {
      let found = machine.run(for: 20)
      #expect(abs(found.end - 20) <= 0.05 * 20, "\(index): \(found)")
    }
  }

  @Test("a time counts from this start: what a run has behind it is not in it")
  func resumed() {
    let machine = Machine(seconds: { _ in 0.01 }, evaluation: 0, save: 0)
    let (anew, later) = (machine.run(for: 30), machine.run(for: 30, from: 5_000))
    #expect(abs(later.iterations - 5_000 - anew.iterations) < 60)
  }

  @Test("a time that is over before it begins leaves as few iterations as measuring takes")
  func tooShort() {
    let found = Machine(seconds: { _ in 1 }).run(for: 0.5, from: 70)
    #expect(found.iterations == 74)
  }
}
