import Communication
import Tensors

/// Samples `first ..< end` of the series that the model's seed and `iteration` define, a round of blocks at a time; the same
/// for any number of ranks.
///
/// All ranks make samples, rank 0 has them: it calls `next` until that gives nil, or `abandon`; the others `follow`.
public final class SampleStream {
  private let programs: EvaluationPrograms
  private let communicator: any Communicator
  private let range: Range<Int>
  private let iteration: UInt64
  private let noise: SampleNoise
  private let writeCondition: (Int, UnsafeMutablePointer<Float>) -> Void
  /// The first of the next round.
  private var block: Int
  private let end: Int
  private var own: [Float]
  private var gathered: [Float]

  /// - Parameters:
  ///   - communicator: of the ranks that share the work; `SoloCommunicator()` where each has a range of its own.
  ///   - range: begins at a multiple of 64.
  ///   - writeCondition: writes the condition of a sample to `conditionSize` floats.
  public init(
    _ programs: EvaluationPrograms, communicator: any Communicator, range: Range<Int>, iteration: UInt64 = 0,
    noise: SampleNoise = SampleNoise(), writeCondition: @escaping (Int, UnsafeMutablePointer<Float>) -> Void
  ) {
    let size = EvaluationPrograms.blockSize
    precondition(range.lowerBound >= 0 && range.lowerBound % size == 0, "samples \(range)")
    (self.programs, self.communicator, self.range) = (programs, communicator, range)
    (self.iteration, self.noise, self.writeCondition) = (iteration, noise, writeCondition)
    block = range.lowerBound / size
    end = max(block, (range.upperBound + size - 1) / size)
    let blockFloats = size * programs.imageShape.count
    own = [Float](repeating: 0, count: blockFloats)
    gathered = [Float](repeating: 0, count: communicator.rank == 0 ? blockFloats * communicator.size : 0)
  }

  /// The next samples, `[n, H, W, C]`; nil behind the last. Rank 0 alone.
  public func next() throws -> ArraySlice<Float>? {
    guard block < end else { return nil }
    let first = block
    try round(isAbandoned: false)
    let size = EvaluationPrograms.blockSize
    let count = min(range.upperBound, (first + communicator.size) * size) - first * size
    return gathered[..<(count * programs.imageShape.count)]
  }

  /// Nobody wants the rest. Rank 0 alone; where nothing is left it does nothing.
  public func abandon() throws {
    if block < end { try round(isAbandoned: true) }
  }

  /// Makes samples for rank 0 until that has all it wants. All other ranks.
  public func follow() throws {
    while block < end { try round(isAbandoned: false) }
  }

  private func round(isAbandoned: Bool) throws {
    guard try communicator.maximum(of: isAbandoned ? 1 : 0) == 0 else {
      block = end
      return
    }
    if block + communicator.rank < end {
      let last = range.upperBound - 1
      let samples = try programs.sample(
        block: block + communicator.rank, iteration: iteration, noise: noise
      ) { writeCondition(min($0, last), $1) }
      own.withUnsafeMutableBufferPointer { _ = $0.update(fromContentsOf: samples) }
    }
    try own.withUnsafeBytes { bytes in
      try gathered.withUnsafeMutableBytes { target in
        try communicator.gather(bytes, into: communicator.rank == 0 ? target : nil, at: 0)
      }
    }
    block += communicator.size
    if communicator.size > 1 || programs.communicator.size == 1 { try programs.poll?() }
  }
}

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
    try withoutActuallyEscaping(writeCondition) { writeCondition in
      let stream = SampleStream(
        programs, communicator: communicator, range: 0..<count, iteration: iteration, writeCondition: writeCondition)
      guard communicator.rank == 0 else {
        try stream.follow()
        return nil
      }
      var result: [Float] = []
      result.reserveCapacity(count * programs.imageShape.count)
      while let samples = try stream.next() { result += samples }
      return result
    }
  }
}

/// Which class sample `index` of `count` shows: as many of every class as possible, in the order of the classes.
public func balancedClass(_ classes: [Int], index: Int, of count: Int) -> Int { classes[index * classes.count / count] }

/// Which class each of `count` samples shows.
public func balancedClasses(_ classes: [Int], count: Int) -> [Int] {
  guard !classes.isEmpty else { return [] }
  return (0..<count).map { balancedClass(classes, index: $0, of: count) }
}
