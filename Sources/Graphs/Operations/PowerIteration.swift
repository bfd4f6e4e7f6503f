import CKernels
import Tensors

/// The matrices of one network whose largest singular values are followed, and where their singular vectors lie.
///
/// Matrices are added while graphs are built; kernels look at the list when they are bound, when it is complete.
public final class SpectralMatrices {
  public struct Matrix: Hashable, Sendable {
    public let rows: Int
    public let columns: Int
    /// First float of the weight in the parameters' block.
    public let weight: Int
    /// First float of the right singular vector, `[columns]`, in the vectors' block.
    public let u: Int
    /// First float of the left singular vector, `[rows]`.
    public let v: Int

    public init(rows: Int, columns: Int, weight: Int, u: Int, v: Int) {
      (self.rows, self.columns, self.weight, self.u, self.v) = (rows, columns, weight, u, v)
    }
  }

  public private(set) var all: [Matrix] = []

  public init() {}

  public func add(_ matrix: Matrix) { all.append(matrix) }

  /// Floats of scratch memory that an iteration needs.
  public var workspaceCount: Int { all.map(\.columns).max() ?? 0 }

  /// One step for every matrix: v ← normalised W·u, u ← normalised Wᵀ·v.
  ///
  /// - Parameter vectors: a block that is laid out as the matrices say.
  public func iterate(
    weights: UnsafePointer<Float>, vectors: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>
  ) {
    for matrix in all {
      ck_power_iteration(
        weights + matrix.weight, Int64(matrix.rows), Int64(matrix.columns), vectors + matrix.u, vectors + matrix.v,
        workspace)
    }
  }
}

extension SpectralMatrices: Hashable {
  public static func == (a: SpectralMatrices, b: SpectralMatrices) -> Bool { a === b }
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// Power iterations for every followed weight of a network.
///
/// Input: the scalar apply; where it is 0 nothing at all is touched. Runs after every update that was made before it,
/// over the weights as that left them. Written bit-identically on every CPU.
///
/// - Complexity: one pass over the weights.
/// - Source: Miyato et al., 2018, algorithm 1.
public struct PowerIteration: Operation {
  public let matrices: SpectralMatrices
  public let parameters: StateBlock
  public let vectors: StateBlock
  /// How many at a time.
  public let count: Int

  public init(matrices: SpectralMatrices, parameters: StateBlock, vectors: StateBlock, count: Int = 1) {
    self.count = count
    self.matrices = matrices
    self.parameters = parameters
    self.vectors = vectors
  }

  public var name: String { "powerIteration" }
  public var role: OperationRole { .effect(writes: [vectors]) }
  public func gradients(_ application: Application) -> [Value?] { application.inputs.map { _ in nil } }

  public func shape(of inputs: [Shape]) throws -> Shape {
    guard inputs == [.scalar] else { throw ShapeError("inputs \(inputs) where one scalar is needed") }
    return [0]
  }

  public func cost(inputs: [Shape], output: Shape) -> Cost {
    let elements = matrices.all.reduce(0) { $0 + $1.rows * $1.columns }
    return Cost(operations: 4 * count * elements, bytes: 4 * count * elements)
  }

  public func workspaceCount(inputs: [Shape], output: Shape, threads: Int) -> Int { matrices.workspaceCount }

  public func kernel(_ context: KernelContext) -> Kernel {
    let (matrices, weights, vectors) = (matrices, parameters.pointer, vectors.pointer)
    let (apply, workspace, count) = (context.inputs[0], context.workspace, count)
    return {
      guard apply.pointee != 0 else { return }
      for _ in 0..<count { matrices.iterate(weights: weights, vectors: vectors, workspace: workspace) }
    }
  }
}
