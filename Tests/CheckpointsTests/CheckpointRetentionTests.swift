import Testing

@testable import Checkpoints

@Suite struct CheckpointRetentionTests {
  func kept(_ positions: [CheckpointPosition], _ retention: CheckpointRetention) -> [CheckpointPosition] {
    let gone = retention.removable(of: positions)
    return positions.filter { !gone.contains($0) }
  }

  @Test("the last ones, every n-th, the best and the protected ones stay")
  func policy() {
    let positions = (0...10).map { CheckpointPosition(iteration: 10 * $0) }
    func iterations(_ retention: CheckpointRetention) -> [Int] { kept(positions, retention).map(\.iteration) }
    #expect(iterations(CheckpointRetention(keepLast: 2)) == [90, 100])
    #expect(iterations(CheckpointRetention(keepLast: 50)).count == 11)
    #expect(iterations(CheckpointRetention(keepLast: 1, keepEvery: 40)) == [40, 80, 100])
    #expect(
      iterations(
        CheckpointRetention(
          keepLast: 1, best: [CheckpointPosition(iteration: 30), CheckpointPosition(iteration: 31)],
          protected: [CheckpointPosition(iteration: 0)])) == [0, 30, 100])
  }

  @Test("a checkpoint in the midst of an iteration is no n-th one")
  func phases() {
    let positions = [(10, 0), (10, 1), (20, 2), (21, 0)].map { CheckpointPosition(iteration: $0.0, phase: $0.1) }
    #expect(kept(positions, CheckpointRetention(keepLast: 1, keepEvery: 10)) == [positions[0], positions[3]])
    #expect(kept(positions, CheckpointRetention(keepLast: 2)) == [positions[2], positions[3]])
  }
}
