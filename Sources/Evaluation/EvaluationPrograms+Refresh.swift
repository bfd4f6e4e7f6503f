import Communication
import Datasets
import Graphs
import Layers

// What sampling needs beside the parameters: singular vectors that fit the averaged weights, and norm statistics that
// do not depend on the batch. Both are functions of parameters and seed alone.

extension EvaluationPrograms {
  /// Blocks of 64 samples that norm statistics are measured on.
  static let measuredBlocks = 16

  /// What samples depend on beside the parameters, for checkpoints: names over blocks.
  public var derivedState: [(prefix: String, table: ParameterTable, block: StateBlock)] {
    let vectors = graphs.averageVectors.map { [("average/", graphs.networks.generatorVectors.table, $0)] } ?? []
    return vectors + [("", graphs.standing.table, graphs.standing.values)]
  }

  /// Brings both in line with the parameters as they are now. All ranks share the work and get the same bits.
  ///
  /// - Parameter conditions: whose random ones the measured samples are made under.
  public func refresh(conditions: Conditions) throws {
    if let average = graphs.networks.average, let block = graphs.averageVectors {
      graphs.networks.generatorVectors.follow(average, into: block)
    }
    guard let measuring else { return }
    let standing = graphs.standing
    standing.restart()
    for block in stride(from: communicator.rank, to: Self.measuredBlocks, by: communicator.size) {
      prepareSample(block: block, iteration: 0) {
        conditions.write(randomFor: .measuringLabels, step: 0, sample: UInt32($0), to: $1)
      }
      try measuring.run()
      standing.accumulate(samples: Self.blockSize)
    }
    try standing.finish { try communicator.allReduceSum($0) }
  }
}
