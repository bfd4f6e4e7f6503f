import Datasets
import Graphs
import Tensors
import Testing

@testable import Training

@Suite struct StepInputsTests {
  static let images = ImageSet(
    imageShape: [2, 3, 1], pixels: (0..<50).flatMap { i in (0..<6).map { UInt8(i * 5 + $0) } }[...],
    labels: (0..<50).map { Int32($0 % 4) }[...])

  private func inputs(rank: Int, size: Int, mirroring: Mirroring? = nil) -> StepInputs {
    let conditions = Conditions(classesOf: Self.images, classCount: 4, seed: 3)
    let inputs = StepInputs(
      data: TrainingData(images: Self.images, conditions: conditions, mirroring: mirroring),
      shard: Shard(globalBatch: 32, rank: rank, size: size), seed: 3)
    inputs.allocate()
    return inputs
  }

  @Test("shards of any rank count, put together, are the batch of one rank", arguments: [1, 2, 3, 4, 7])
  func sharded(size: Int) {
    // 32 does not divide 50: batches run across the ends of epochs.
    for step in [0, 1, 4, 1_000] {
      let whole = inputs(rank: 0, size: 1)
      let parts = (0..<size).map { inputs(rank: $0, size: size) }
      for inputs in parts + [whole] {
        inputs.prepareDiscriminator(step: step)
        inputs.prepareGenerator(step: step)
      }
      for block in [
        \StepInputs.images, \.realConditions, \.wrongConditions, \.discriminatorConditions, \.generatorConditions,
      ] {
        #expect(parts.flatMap { Array($0[keyPath: block].values) } == Array(whole[keyPath: block].values))
      }
    }
  }

  @Test("a row is the image of its position with the condition of its label")
  func rows() {
    let inputs = inputs(rank: 0, size: 1)
    var shuffling = Shuffling(count: 50, seed: 3)
    for step in 0..<20 {
      inputs.prepareDiscriminator(step: step)
      for row in 0..<32 {
        let index = shuffling.index(at: step * 32 + row)
        let expected = Self.images.bytes(at: index).map { 2 * Float($0) / 255 - 1 }
        for (place, value) in expected.enumerated() {
          #expect(abs(inputs.images.values[row * 6 + place] - value) < 2e-7)
        }
        #expect((0..<4).map { inputs.realConditions.values[row * 4 + $0] } == (0..<4).map { $0 == index % 4 ? 1 : 0 })
      }
    }
  }

  @Test("mirrored or not does not depend on the rank count, and conditions stay", arguments: [1, 2, 3, 7])
  func mirrored(size: Int) {
    let mirroring = Mirroring(seed: 3)
    let plain = inputs(rank: 0, size: 1)
    let parts = (0..<size).map { inputs(rank: $0, size: size, mirroring: mirroring) }
    for step in [0, 1, 4, 1_000] {
      for inputs in parts + [plain] { inputs.prepareDiscriminator(step: step) }
      let found = parts.flatMap { Array($0.images.values) }
      for place in 0..<32 {
        let image = (0..<6).map { plain.images.values[place * 6 + $0] }
        let isMirrored = mirroring.applies(step: step, sample: UInt32(place))
        let expected = isMirrored ? [image[2], image[1], image[0], image[5], image[4], image[3]] : image
        #expect(Array(found[place * 6..<place * 6 + 6]) == expected)
      }
      #expect(parts.flatMap { Array($0.realConditions.values) } == Array(plain.realConditions.values))
    }
  }
}
