import Datasets
import Graphs
import Tensors

/// This rank's part of what the next step works on. Filling it allocates nothing.
///
/// - Shapes: images `[n, H, W, C]`, every condition `[n, K]`, n = this rank's share of the global batch.
final class StepInputs {
  let shard: Shard
  let images: StateBlock
  /// Conditions of the real images.
  let realConditions: StateBlock
  /// Conditions of the real images, wrong on purpose.
  let wrongConditions: StateBlock
  /// Conditions that the discriminator step generates under.
  let discriminatorConditions: StateBlock
  /// Conditions that the generator step generates under.
  let generatorConditions: StateBlock
  /// What this rank asks of all, a float a field; summed with the gradients, so that all ranks learn of it at once.
  let control: StateBlock
  let position = RunPosition()

  private let data: TrainingData
  private let drawsWrongConditions: Bool
  private var shuffling: Shuffling
  /// Whether samples lie in a file: those of the next step are then asked for.
  private let readsAhead: Bool

  init(data: TrainingData, shard: Shard, seed: UInt64, drawsWrongConditions: Bool = true) {
    self.data = data
    self.drawsWrongConditions = drawsWrongConditions
    self.shard = shard
    shuffling = Shuffling(count: data.images.count, seed: seed)
    readsAhead = data.images.isMapped
    let n = shard.count
    let condition = n * data.conditions.size
    images = StateBlock(name: "images", count: n * data.images.imageShape.count)
    realConditions = StateBlock(name: "conditions", count: condition)
    wrongConditions = StateBlock(name: "wrong conditions", count: condition)
    discriminatorConditions = StateBlock(name: "discriminator's conditions", count: condition)
    generatorConditions = StateBlock(name: "generator's conditions", count: condition)
    control = StateBlock(name: "control", count: ControlRecord.Field.allCases.count)
  }

  /// Takes the memory; a plan needs none.
  func allocate() {
    for block in [
      images, realConditions, wrongConditions, discriminatorConditions, generatorConditions, control,
    ] {
      block.allocate()
    }
  }

  /// Fills in what discriminator step `step` (counted over the whole run) needs.
  func prepareDiscriminator(step: Int) {
    position.iteration = UInt64(step)
    let conditions = data.conditions
    for (row, place) in shard.range.enumerated() {
      let index = shuffling.index(at: step * shard.globalBatch + place)
      let sample = UInt32(place)
      data.images.write(
        index: index, mirrored: data.mirroring?.applies(step: step, sample: sample) ?? false,
        to: images.pointer + row * data.images.imageShape.count)
      conditions.write(conditionOf: index, to: self.row(row, of: realConditions))
      if drawsWrongConditions {
        conditions.write(wrongFor: index, step: step, sample: sample, to: self.row(row, of: wrongConditions))
      }
      if readsAhead, let next = shuffling.known(at: (step + 1) * shard.globalBatch + place) {
        data.images.prefetch(index: next)
      }
      conditions.write(
        randomFor: .discriminatorLabels, step: step, sample: sample, to: self.row(row, of: discriminatorConditions))
    }
  }

  /// Fills in what generator step `step` needs.
  func prepareGenerator(step: Int) {
    position.iteration = UInt64(step)
    for (row, place) in shard.range.enumerated() {
      data.conditions.write(
        randomFor: .generatorLabels, step: step, sample: UInt32(place), to: self.row(row, of: generatorConditions))
    }
  }

  private func row(_ row: Int, of block: StateBlock) -> UnsafeMutablePointer<Float> {
    block.pointer + row * data.conditions.size
  }
}

/// The images that a run trains on, and what they are said to show.
struct TrainingData {
  let images: ImageSet
  let conditions: Conditions
  /// nil: images are shown as they are.
  var mirroring: Mirroring?
}
