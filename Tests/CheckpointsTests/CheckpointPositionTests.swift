import Testing

@testable import Checkpoints

@Suite struct CheckpointPositionTests {
  @Test(
    "a name and a position belong together",
    arguments: [
      (1_500, 0, "iteration-00001500.safetensors"), (1_500, 1, "iteration-00001500-phase-1.safetensors"),
      (0, 12, "iteration-00000000-phase-12.safetensors"), (123_456_789, 0, "iteration-123456789.safetensors"),
    ])
  func names(iteration: Int, phase: Int, name: String) {
    let position = CheckpointPosition(iteration: iteration, phase: phase)
    #expect(position.fileName == name)
    #expect(CheckpointPosition(fileName: name) == position)
  }

  @Test(
    "other names speak of no position",
    arguments: [
      "iteration-12.safetensors", "iteration-000000012.safetensors", "iteration-0000000x.safetensors",
      "iteration-00000001-phase-0.safetensors", "iteration-00000001-phase-01.safetensors",
      "iteration-00000001-phase-.safetensors", "iteration-00000001-phase-1-phase-2.safetensors",
      "iteration--0000001.safetensors", "iteration-+0000001.safetensors", "iteration-00000001.safetensors.partial",
      "iteration-99999999999999999999.safetensors", "iteration-00000001-phase-99999999999999999999.safetensors",
      ".iteration-00000001.safetensors.1.partial", "iteration-", "best.safetensors", "",
    ])
  func otherNames(name: String) { #expect(CheckpointPosition(fileName: name) == nil) }

  @Test("positions ascend by iteration, then phase")
  func order() {
    let positions = [(2, 1), (1, 0), (2, 0), (1, 9)].map { CheckpointPosition(iteration: $0.0, phase: $0.1) }
    #expect(
      positions.sorted().map(\.description) == [
        "iteration 1", "iteration 1, phase 9", "iteration 2", "iteration 2, phase 1",
      ])
  }
}
