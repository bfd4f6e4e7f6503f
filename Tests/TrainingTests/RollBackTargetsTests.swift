import Checkpoints
import Testing

@testable import Training

@Suite struct RollBackTargetsTests {
  private func targets(keep: Int = 3, _ settings: String..., tried: String? = nil) throws -> RollBackTargets {
    let recipe = try Recipe(
      yaml: Recipe.embedded(named: "digits-dense").yaml, origin: "", settings: ["checkpoint.keep=\(keep)"] + settings)
    return RollBackTargets(recipe, tried: tried)
  }

  private func at(_ iteration: Int, phase: Int = 0) -> CheckpointPosition {
    CheckpointPosition(iteration: iteration, phase: phase)
  }

  @Test("the newest healthy one and the one before it stay, each with the best of its time")
  func protected() throws {
    var targets = try targets()
    for iteration in [10, 20, 30] { targets.add(at(iteration), best: iteration == 10 ? nil : at(iteration - 15)) }
    #expect(targets.protected == [at(30), at(15), at(20), at(5)])
    // Written once more, or not at all.
    targets.add(at(30), best: nil)
    #expect(targets.protected == [at(30), at(20), at(5)])
    targets.remove(at(30))
    #expect(targets.protected == [at(20), at(5)])
    // Back to an earlier one: what was behind it is none any more.
    targets.add(at(12, phase: 1), best: nil)
    #expect(targets.protected == [at(12, phase: 1)])
  }

  @Test("no more stay than the recipe keeps or rolls back, and none where nothing rolls back")
  func most() throws {
    #expect(try targets().most == 2 && targets(keep: 1).most == 1)
    #expect(try targets("health.mostRollBacks=1").most == 1)
    #expect(try targets("health.mostRollBacks=0").most == 0)
    #expect(try targets("health.nonFinite=stop").most == 0)
    #expect(try targets("health.nonFinite=stop", "health.collapse=rollBack").most == 2)
    var none = try targets("health.nonFinite=skip")
    none.add(at(10), best: at(5))
    #expect(none.protected.isEmpty)
  }

  @Test("those that have been gone back to are told, and read again")
  func text() throws {
    var targets = try targets()
    #expect(targets.text == nil)
    for position in [at(120, phase: 1), at(100), at(20)] { targets.insertTried(position) }
    #expect(targets.text == "20 100 120/1")
    #expect(try self.targets(tried: targets.text).tried == targets.tried)
    // Whatever else a file says is no target.
    #expect(try self.targets(tried: "x 5/ /5 -3 7/-1 1/2/3 99999999999999999999 8").tried == [at(8)])
    #expect(try self.targets(tried: "").tried.isEmpty)
  }
}
