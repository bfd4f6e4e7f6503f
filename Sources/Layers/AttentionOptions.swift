import Graphs
import Tensors

/// How scores between positions come about.
public enum AttentionType: String, Hashable, Sendable, CaseIterable {
  /// tanh(x_t·W_t + x_s·W_x + b_h)·W_a + b_a
  case additive
  /// x_tᵀ·W_a·x_s + b_a
  case multiplicative
  /// x_t·x_s / √F; no weights.
  case scaledDotProduct
  /// The same plus the scores of the attention layer before (RealFormer).
  case residualScaledDotProduct
}

/// A function applied to all scores before masks and normalisation.
public enum ScoreActivation: String, Hashable, Sendable, CaseIterable {
  case none, linear, softmax, sigmoid, tanh, relu, exponential, softplus, hardSigmoid, elu, softsign

  /// - Shapes: `[N, T, S]`; softmax acts over S, all of it, even columns that are masked afterwards.
  func callAsFunction(_ e: Value) throws -> Value {
    switch self {
    case .none, .linear: e
    case .softmax: try Graphs.softmax(e)
    case .sigmoid: try Graphs.sigmoid(e)
    case .tanh: try Graphs.tanh(e)
    case .relu: try Graphs.relu(e)
    case .exponential: try exp(e)
    case .softplus: try Graphs.softplus(e)
    case .hardSigmoid: try minimum(maximum(0.2 * e + 0.5, e.graph.constant(0)), e.graph.constant(1))
    case .elu: try select(greater(e, than: 0), then: e, else: exp(minimum(e, e.graph.constant(0))) - 1)
    case .softsign: try e / (e.applying(.absolute) + 1)
    }
  }
}

/// A penalty on weights, as Keras writes it: l1·Σ|w| + l2·Σw² (no ½).
public struct WeightRegularizer: Hashable, Sendable {
  public var l1: Float
  public var l2: Float

  public init(l1: Float = 0, l2: Float = 0) {
    self.l1 = l1
    self.l2 = l2
  }

  /// The penalty of `weights`, a scalar; nil where both factors are 0.
  public func penalty(of weights: Value) throws -> Value? {
    var terms: [Value] = []
    if l1 != 0 { terms.append(try l1 * weights.applying(.absolute).total) }
    if l2 != 0 { terms.append(try l2 * weights.squared.total) }
    guard let first = terms.first else { return nil }
    return try terms.dropFirst().reduce(first) { try $0 + $1 }
  }
}

/// Everything that can be chosen about a self-attention layer.
///
/// - Source: CyberZHG/keras-self-attention, `SeqSelfAttention`, whose defaults these are; gate and value projection
///   are additions.
public struct AttentionOptions: Hashable, Sendable {
  public var type = AttentionType.additive
  /// Hidden width of the additive type.
  public var units = 32
  public var activation = ScoreActivation.none
  /// Positions that a query sees; nil for all. Centred, or ending at the query with `historyOnly`. An even centred width
  /// has one more position on the left.
  public var width: Int?
  public var historyOnly = false
  public var usesAdditiveBias = true
  public var usesAttentionBias = true
  /// On W_t, W_x and W_a.
  public var kernelRegularizer = WeightRegularizer()
  /// On b_h and b_a.
  public var biasRegularizer = WeightRegularizer()
  /// ρ of ρ·Σ‖AAᵀ − I‖²_F / batch.
  public var attentionRegularizerWeight: Float = 0
  /// y = x + γ·v with a learned γ that starts at 0.
  public var usesGate = false
  /// Attends to x·W_v instead of x.
  public var usesValueProjection = false

  public init() {}
}

/// What an attention layer returns.
public struct Attention {
  /// `[N, T, F]`
  public let output: Value
  /// The weights a `[N, T, S]`; every row sums to 1.
  public let weights: Value
  /// The scores that a residual layer after this one adds to its own.
  public let scores: Value
}
