import Communication
import Kernels
import Tensors

/// What one execution of an operation costs, counted from shapes alone.
public struct Cost: Equatable, Sendable {
  /// Floating-point operations by the definition; a multiply-add counts two.
  public var operations: Int
  /// Those of the method in use: fewer where Winograd's saves some.
  public var performed: Int
  /// Bytes read and written if nothing stays in a cache.
  public var bytes: Int

  /// - Parameter performed: nil where the method is the definition.
  public init(operations: Int, performed: Int? = nil, bytes: Int) {
    self.operations = operations
    self.performed = performed ?? operations
    self.bytes = bytes
  }

  /// One pass over all inputs and the output.
  public static func pass(_ inputs: [Shape], _ output: Shape, operationsPerElement: Int = 1) -> Cost {
    Cost(
      operations: output.count * operationsPerElement,
      bytes: 4 * (inputs.reduce(0) { $0 + $1.count } + output.count))
  }
}

/// What the planner must know about an operation to give it memory and a place in the order.
public enum OperationRole {
  /// The value lies in a block already; nothing runs.
  case stored(StateBlock, offset: Int)
  /// Every element is the same number; materialised only where a kernel needs it.
  case constant(Float)
  /// The memory of input 0, from `offset` floats on; nothing runs.
  case view(offset: Int)
  /// Element by element; the planner fuses connected ones into blocked runs.
  case elementwise(ElementwiseFunction)
  /// Repeats input 0 along axes; part of a fused run, or materialised.
  case broadcast
  /// Sums over axes of input 0; gathered by a fused run that makes or reads it, or a kernel of its own.
  case sum
  /// Elements of input 0 added in a fused run over the result.
  case pool
  /// Joins inputs at `offsets` (floats). Producers write straight into the joined memory where they can.
  case placement(offsets: [Int], destination: StateBlock?)
  /// A kernel of its own.
  case kernel
  /// A kernel whose output takes over the memory of input 0 where nobody needs that afterwards.
  case inPlaceKernel
  /// A kernel that writes blocks and has no value of its own.
  case effect(writes: [StateBlock])
}

/// Everything that a kernel may touch, bound to addresses once when a program is made.
public struct KernelContext {
  public let inputs: [UnsafeMutablePointer<Float>]
  public let inputShapes: [Shape]
  public let output: UnsafeMutablePointer<Float>
  public let outputShape: Shape
  /// As many floats as `workspaceCount` asked for, 64-byte aligned, without content.
  public let workspace: UnsafeMutablePointer<Float>
  public let communicator: any Communicator
  /// The threads that share the work.
  public let team: ThreadTeam
  /// For kernels that take longer than a millisecond; nil where nothing waits for it. To be called on the owner's thread.
  public let poll: Poll?

  public init(
    inputs: [UnsafeMutablePointer<Float>], inputShapes: [Shape], output: UnsafeMutablePointer<Float>,
    outputShape: Shape, workspace: UnsafeMutablePointer<Float>, communicator: any Communicator,
    team: ThreadTeam = ThreadTeam(), poll: Poll? = nil
  ) {
    self.poll = poll
    self.inputs = inputs
    self.inputShapes = inputShapes
    self.output = output
    self.outputShape = outputShape
    self.workspace = workspace
    self.communicator = communicator
    self.team = team
  }
}

/// One call of a bound kernel. It allocates nothing; it throws only where other ranks are involved.
public typealias Kernel = () throws -> Void

/// What a gradient rule sees: the values of one application of the operation, and the gradient of the loss with
/// respect to its output.
public struct Application {
  public let inputs: [Value]
  public let output: Value
  public let outputGradient: Value
}

/// A primitive of the graph: shape rule, gradient rule, cost and kernel, side by side in one file.
///
/// Operations are values that compare equal when they compute the same from the same inputs; the graph shares such
/// applications. Gradient rules are written in terms of operations, so they can be differentiated again.
public protocol Operation: Hashable {
  /// The name that profiles and errors show, in lower case: `matmul`, `softmax`.
  var name: String { get }
  var role: OperationRole { get }
  /// The shape of the result.
  /// - Throws: `ShapeError` with both shapes when the inputs do not fit.
  func shape(of inputs: [Shape]) throws -> Shape
  /// The gradient of the loss with respect to each input; nil where it is identically zero.
  func gradients(_ application: Application) throws -> [Value?]
  func cost(inputs: [Shape], output: Shape) -> Cost
  /// Scratch memory that the kernel needs on a team of so many threads, in floats, for all of them together.
  func workspaceCount(inputs: [Shape], output: Shape, threads: Int) -> Int
  func kernel(_ context: KernelContext) -> Kernel
  /// True if executing it talks to the other ranks.
  var isCollective: Bool { get }
  /// True if it runs as soon as its inputs are there, before anything else that could.
  var isUrgent: Bool { get }
}

extension Operation {
  public var role: OperationRole { .kernel }
  public func workspaceCount(inputs: [Shape], output: Shape, threads: Int) -> Int { 0 }
  public func cost(inputs: [Shape], output: Shape) -> Cost { .pass(inputs, output) }
  public var isCollective: Bool { false }
  public var isUrgent: Bool { false }
  public func kernel(_ context: KernelContext) -> Kernel {
    preconditionFailure("\(name) has no kernel of its own")
  }
}

/// Shapes that do not fit an operation, as its shape rule sees it.
public struct ShapeError: Error, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

/// A graph that cannot be built: where, and why.
public struct GraphError: Error, CustomStringConvertible {
  /// The layer's path, such as `generator/attention`.
  public let layer: String
  public let reason: String

  public init(layer: String, reason: String) {
    self.layer = layer
    self.reason = reason
  }

  public var description: String { layer.isEmpty ? reason : "\(layer): \(reason)" }
}
