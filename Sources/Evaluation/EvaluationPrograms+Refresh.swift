import Communication
import Datasets
import Graphs
import Layers

// What sampling needs beside the parameters: singular vectors that fit the averaged weights, and norm statistics that
// do not depend on the batch. Both are functions of parameters and seed alone.

extension EvaluationPrograms {
  /// Blocks of 64 samples that norm statistics are measured on.
  static let measuredBlocks = 16
  /// Samples that norm statistics are measured on.
  public static let measuredSamples = measuredBlocks * EvaluationGraphs.blockSize

  /// What samples depend on beside the parameters, for checkpoints: names over blocks.
  public var derivedState: [(prefix: String, table: ParameterTable, block: StateBlock)] {
    let vectors = graphs.averageVectors.map { [("average/", graphs.networks.generatorVectors.table, $0)] } ?? []
    return vectors + [("", graphs.standing.table, graphs.standing.values)]
  }

  /// The conditions that norm statistics are measured under, `[16 · 64, conditionSize]`; nil where there is nothing to
  /// measure.
  public func measuringConditions(_ conditions: Conditions) -> StateBlock? {
    guard measuring != nil else { return nil }
    if let measuringConditions { return measuringConditions }
    let count = Self.measuredBlocks * Self.blockSize
    let block = StateBlock(name: "measuring conditions", count: count * conditionSize)
    block.allocate()
    for sample in 0..<count {
      conditions.write(
        randomFor: .measuringLabels, step: 0, sample: UInt32(sample), to: block.pointer + sample * conditionSize)
    }
    measuringConditions = block
    return block
  }

  /// Brings both in line with the parameters as they are now. All ranks share the work and get the same bits.
  ///
  /// - Parameter conditions: whose random ones the measured samples are made under.
  public func refresh(conditions: Conditions) throws {
    try refresh(measuringConditions: measuringConditions(conditions))
  }

  /// The same under conditions `[16 · 64, conditionSize]`, which must be there if statistics are to be measured.
  public func refresh(measuringConditions: StateBlock?) throws {
    if let average = graphs.networks.average, let block = graphs.averageVectors {
      graphs.networks.generatorVectors.follow(average, into: block)
    }
    guard let measuring, let measuringConditions else { return }
    let standing = graphs.standing
    standing.restart()
    try forOwnBlocks(of: Self.measuredBlocks) { block in
      prepareSample(block: block, iteration: 0) {
        $1.update(from: measuringConditions.pointer + $0 * conditionSize, count: conditionSize)
      }
      try measuring.run()
      standing.accumulate(samples: Self.blockSize)
    }
    try standing.finish { try communicator.allReduceSum($0) }
  }
}
