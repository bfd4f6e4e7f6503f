import Tensors

/// Ends a segment of the program: what was made before runs in it, what is made after in the next one. Between segments
/// something else may run that leaves alone what the segment before has read.
public struct SegmentEnd: Operation {
  public var name: String { "segmentEnd" }
  public var role: OperationRole { .effect(writes: []) }
  public func shape(of inputs: [Shape]) -> Shape { [0] }
  public func gradients(_ application: Application) -> [Value?] { [] }
  public func cost(inputs: [Shape], output: Shape) -> Cost { Cost(operations: 0, bytes: 0) }
  public func kernel(_ context: KernelContext) -> Kernel { {} }
}

extension Graph {
  /// Ends the segment under way.
  ///
  /// - Precondition: what runs between the segments writes no block that those before have read (`Plan.blocksRead`).
  public func endSegment() throws { _ = try apply(SegmentEnd(), []) }
}
