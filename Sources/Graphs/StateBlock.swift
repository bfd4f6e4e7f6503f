import Communication
import Tensors

/// A stretch of memory that outlives the programs that use it: all parameters of a network, their moments, the
/// gradients, a batch of images, the scalars of a step.
///
/// A graph names blocks before they have memory, because the layout of a network is complete only once its layers have
/// been built. `allocate` gives the memory, once; programs bind to it afterwards.
public final class StateBlock {
  public let name: String
  /// Number of float32 values; may grow until `allocate`.
  public private(set) var count: Int
  /// How this block is summed over ranks, where it was allocated for that.
  public private(set) var reducible: ReducibleBlock?
  /// ‖values‖² of the first `normCount` values after the last sum over ranks.
  public internal(set) var squaredNorm = 0.0
  private var memory: MemoryBlock?

  public init(name: String, count: Int = 0) {
    self.name = name
    self.count = count
  }

  /// Makes room for `extra` more values and returns the offset of the first; offsets are multiples of 16 floats, so
  /// that every tensor starts on a cache line.
  public func reserve(_ extra: Int) -> Int {
    precondition(memory == nil, "block \(name) already has its memory")
    let offset = (count + 15) / 16 * 16
    count = offset + extra
    return offset
  }

  /// Maps private, zeroed memory.
  public func allocate() {
    precondition(memory == nil, "block \(name) already has its memory")
    memory = MemoryBlock(byteCount: max(1, count) * MemoryLayout<Float>.stride)
  }

  /// Takes memory that sums fastest over the ranks of `communicator`, in `buckets`; each sum keeps the norm of its first
  /// `normCount` values.
  public func allocate(
    reducibleOver communicator: any Communicator, buckets: [Range<Int>], settings: ReductionSettings, normCount: Int
  ) throws {
    precondition(memory == nil, "block \(name) already has its memory")
    let block = try communicator.makeReducibleBlock(floatCount: count, buckets: buckets, settings: settings)
    block.normCount = normCount
    reducible = block
    memory = block.memory
  }

  /// The block's values.
  /// - Precondition: `allocate` was called.
  public var values: UnsafeMutableBufferPointer<Float> {
    guard let memory else { preconditionFailure("block \(name) has no memory yet") }
    return UnsafeMutableBufferPointer(start: memory.floats.baseAddress, count: count)
  }

  public var pointer: UnsafeMutablePointer<Float> { values.baseAddress! }
}

extension StateBlock: Hashable {
  public static func == (a: StateBlock, b: StateBlock) -> Bool { a === b }
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// Where a run stands, as random operations read it when they execute.
public final class RunPosition {
  /// Counts training iterations from 0.
  public var iteration: UInt64 = 0
  /// Added to the global index of every sample: which stretch of a long series this run makes.
  public var sampleOffset = 0
  public init() {}
}

extension RunPosition: Hashable {
  public static func == (a: RunPosition, b: RunPosition) -> Bool { a === b }
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
