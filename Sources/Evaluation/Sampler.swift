import Communication
import Tensors

/// Draws samples with all ranks and brings them to rank 0.
public struct Sampler {
  private let programs: EvaluationPrograms
  private let communicator: any Communicator

  public init(_ programs: EvaluationPrograms, communicator: any Communicator) {
    self.programs = programs
    self.communicator = communicator
  }

  /// Samples `0..<count` of the series that the model's seed and `iteration` define, the same for any number of ranks.
  ///
  /// - Parameter writeCondition: writes the condition of a sample to `conditionSize` floats.
  /// - Returns: `[count, H, W, C]` on rank 0, nil elsewhere.
  public func images(
    count: Int, iteration: UInt64 = 0, writeCondition: (Int, UnsafeMutablePointer<Float>) -> Void
  ) throws -> [Float]? {
    let size = EvaluationPrograms.blockSize
    let blockFloats = size * programs.imageShape.count
    let blocks = (count + size - 1) / size
    var result = communicator.rank == 0 ? [Float](repeating: 0, count: blocks * blockFloats) : nil
    var own = [Float](repeating: 0, count: blockFloats)
    var gathered = [Float](repeating: 0, count: communicator.rank == 0 ? blockFloats * communicator.size : 0)
    for round in stride(from: 0, to: blocks, by: communicator.size) {
      let block = round + communicator.rank
      if block < blocks {
        let images = try programs.sample(block: block, iteration: iteration) {
          writeCondition(min($0, count - 1), $1)
        }
        own.withUnsafeMutableBufferPointer { _ = $0.update(fromContentsOf: images) }
      }
      try own.withUnsafeBytes { bytes in
        try gathered.withUnsafeMutableBytes { target in
          try communicator.gather(bytes, into: communicator.rank == 0 ? target : nil, at: 0)
        }
      }
      let received = min(communicator.size, blocks - round) * blockFloats
      result?.replaceSubrange(round * blockFloats..<round * blockFloats + received, with: gathered[..<received])
      try programs.poll?()
    }
    result?.removeLast((blocks * size - count) * programs.imageShape.count)
    return result
  }
}

/// Which class each of `count` samples shows: as many of every class as possible, in the order of the classes.
public func balancedClasses(_ classes: [Int], count: Int) -> [Int] {
  guard !classes.isEmpty else { return [] }
  return (0..<count).map { classes[$0 * classes.count / count] }
}
