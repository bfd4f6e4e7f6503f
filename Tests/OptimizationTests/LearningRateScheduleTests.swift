import Optimization
import Testing

@Suite struct LearningRateScheduleTests {
  @Test("a constant rate stays")
  func constant() {
    for iteration in [0, 5, 99, 100, 1_000] {
      #expect(LearningRateSchedule.constant.factor(iteration: iteration, of: 100) == 1)
    }
  }

  @Test("a linear rate is full until its start, then falls straight to its end")
  func linear() {
    let schedule = LearningRateSchedule.linear(to: 0.05, from: 0.5)
    #expect((0...50).allSatisfy { schedule.factor(iteration: $0, of: 100) == 1 })
    #expect(abs(schedule.factor(iteration: 75, of: 100) - 0.525) < 1e-12)
    #expect(abs(schedule.factor(iteration: 100, of: 100) - 0.05) < 1e-12)
    #expect(schedule.factor(iteration: 200, of: 100) == schedule.factor(iteration: 100, of: 100))
    #expect(abs(LearningRateSchedule.linear(to: 0).factor(iteration: 30, of: 100) - 0.7) < 1e-12)
  }

  @Test("a cosine rate falls slowly, fast, slowly")
  func cosine() {
    let schedule = LearningRateSchedule.cosine(to: 0.1)
    #expect(schedule.factor(iteration: 0, of: 100) == 1)
    #expect(abs(schedule.factor(iteration: 50, of: 100) - 0.55) < 1e-12)
    #expect(abs(schedule.factor(iteration: 25, of: 100) - (0.1 + 0.9 * 0.853_553_390_593_273_8)) < 1e-12)
    #expect(abs(schedule.factor(iteration: 100, of: 100) - 0.1) < 1e-12)
  }

  @Test("no schedule fails where there is nothing to do")
  func empty() {
    for schedule in [LearningRateSchedule.constant, .linear(to: 0.1, from: 1), .cosine(to: 0.1)] {
      #expect(schedule.factor(iteration: 0, of: 0).isFinite)
    }
  }
}
