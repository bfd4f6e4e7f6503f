/// What a recipe asks of its ranks in an iteration, whatever their number: counted, not measured.
public struct Workload: Equatable, Sendable {
  /// The ranks that a sum of statistics goes over.
  public enum Extent: Hashable, Sendable { case all, node }

  /// A sum that its ranks wait for.
  public struct BlockingSum: Hashable, Sendable {
    public let bytes: Int
    public let extent: Extent

    public init(bytes: Int, extent: Extent) {
      (self.bytes, self.extent) = (bytes, extent)
    }
  }

  /// One step of a network.
  public struct Phase: Equatable, Sendable {
    public let name: String
    /// Per iteration.
    public let repetitions: Int
    /// Of the buckets in which gradients are summed over all ranks, once per repetition.
    public let bucketBytes: [Int]
    /// Per repetition.
    public let blockingSums: [BlockingSum]

    public init(name: String, repetitions: Int, bucketBytes: [Int], blockingSums: [BlockingSum]) {
      (self.name, self.repetitions) = (name, repetitions)
      (self.bucketBytes, self.blockingSums) = (bucketBytes, blockingSums)
    }

    public var gradientBytes: Int { bucketBytes.reduce(0, +) }
  }

  public let recipe: String
  public let globalBatch: Int
  /// The discriminator's, then the generator's.
  public let phases: [Phase]

  public init(recipe: String, globalBatch: Int, phases: [Phase]) {
    (self.recipe, self.globalBatch, self.phases) = (recipe, globalBatch, phases)
  }
}

/// What one rank needs at one size of its part of the batch.
public struct RankNeeds: Equatable, Sendable {
  public struct Memory: Equatable, Sendable {
    public let name: String
    public let bytes: Int

    public init(_ name: String, bytes: Int) { (self.name, self.bytes) = (name, bytes) }
  }

  /// Of one repetition of a phase.
  public struct Work: Equatable, Sendable {
    public let phase: String
    /// Floating-point operations.
    public let operations: Int
    /// Read and written if nothing stays in a cache.
    public let bytesMoved: Int

    public init(phase: String, operations: Int, bytesMoved: Int) {
      (self.phase, self.operations, self.bytesMoved) = (phase, operations, bytesMoved)
    }
  }

  public let localBatch: Int
  public let memory: [Memory]
  public let work: [Work]

  public init(localBatch: Int, memory: [Memory], work: [Work]) {
    (self.localBatch, self.memory, self.work) = (localBatch, memory, work)
  }

  public var memoryBytes: Int { memory.reduce(0) { $0 + $1.bytes } }
}
