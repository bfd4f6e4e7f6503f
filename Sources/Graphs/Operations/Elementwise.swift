import Tensors

/// A function applied element by element.
public enum ElementwiseFunction: Hashable, Sendable {
  case add, subtract, multiply, divide, maximum, minimum
  /// 1 where a > b, else 0.
  case greater
  /// 1 where a = b, else 0.
  case equal
  /// b where a ≠ 0, else c: selects, so that a NaN on the other side does no harm.
  case select
  case negate, absolute, sign, exp, log, tanh, sigmoid, squareRoot, reciprocal, square
  /// log(1 + eˣ), stable on both sides.
  case softplus
  /// x for x > 0, else slope · x.
  case leakyRelu(slope: Float)

  public var name: String {
    switch self {
    case .leakyRelu: "leakyRelu"
    default: "\(self)"
    }
  }

  public var inputCount: Int {
    switch self {
    case .add, .subtract, .multiply, .divide, .maximum, .minimum, .greater, .equal: 2
    case .select: 3
    case .negate, .absolute, .sign, .exp, .log, .tanh, .sigmoid, .squareRoot, .reciprocal, .square, .softplus,
      .leakyRelu:
      1
    }
  }

  /// The result for two constants, where it is the same on every CPU to the last bit.
  func folded(_ a: Float?, _ b: Float?) -> Float? {
    guard let a, let b else { return nil }
    switch self {
    case .add: return a + b
    case .subtract: return a - b
    case .multiply: return a * b
    case .divide: return a / b
    default: return nil
    }
  }

  /// Operations per element as accounting counts them; a transcendental function counts as ten.
  var operationsPerElement: Int {
    switch self {
    case .exp, .log, .tanh, .sigmoid, .softplus: 10
    case .leakyRelu: 2
    default: 1
    }
  }
}

/// Applies a function element by element to inputs of one shape.
public struct Elementwise: Operation {
  public let function: ElementwiseFunction

  public init(_ function: ElementwiseFunction) { self.function = function }

  public var name: String { function.name }
  public var role: OperationRole { .elementwise(function) }

  public func shape(of inputs: [Shape]) throws -> Shape {
    precondition(inputs.count == function.inputCount, "\(name) takes \(function.inputCount) inputs")
    guard inputs.allSatisfy({ $0 == inputs[0] }) else {
      throw ShapeError("shapes differ: " + inputs.map(\.description).joined(separator: " and "))
    }
    return inputs[0]
  }

  public func cost(inputs: [Shape], output: Shape) -> Cost {
    .pass(inputs, output, operationsPerElement: function.operationsPerElement)
  }

  public func gradients(_ application: Application) throws -> [Value?] {
    let x = application.inputs
    let y = application.output
    let g = application.outputGradient
    switch function {
    case .add: return [g, g]
    case .subtract: return [g, try -g]
    case .multiply: return [try g * x[1], try g * x[0]]
    case .divide: return [try g / x[1], try -(g * y / x[1])]
    case .maximum:
      let second = try greater(x[1], than: x[0])
      return [try select(second, then: 0, else: g), try select(second, then: g, else: 0)]
    case .minimum:
      let second = try greater(x[0], than: x[1])
      return [try select(second, then: 0, else: g), try select(second, then: g, else: 0)]
    case .greater, .equal, .sign: return x.map { _ in nil }
    case .select:
      return [nil, try select(x[0], then: g, else: 0), try select(x[0], then: 0, else: g)]
    case .negate: return [try -g]
    case .absolute: return [try g * x[0].applying(.sign)]
    case .exp: return [try g * y]
    case .log: return [try g / x[0]]
    case .tanh: return [try g * (1 - y.applying(.square))]
    case .sigmoid: return [try g * y * (1 - y)]
    case .squareRoot: return [try 0.5 * g / y]
    case .reciprocal: return [try -(g * y.applying(.square))]
    case .square: return [try 2 * g * x[0]]
    case .softplus: return [try g * x[0].applying(.sigmoid)]
    case .leakyRelu(let slope):
      // The sign of the output is the sign of the input, and the output is in memory anyway.
      if slope == 0 { return [try select(greater(y, than: 0), then: g, else: 0)] }
      return [try select(greater(slope > 0 ? y : x[0], than: 0), then: g, else: slope * g)]
    }
  }
}

extension Value {
  /// The function of every element.
  public func applying(_ function: ElementwiseFunction) throws -> Value {
    try graph.apply(Elementwise(function), [self])
  }

  public var squared: Value { get throws { try applying(.square) } }
}

public func exp(_ x: Value) throws -> Value { try x.applying(.exp) }
public func log(_ x: Value) throws -> Value { try x.applying(.log) }
public func tanh(_ x: Value) throws -> Value { try x.applying(.tanh) }
public func sigmoid(_ x: Value) throws -> Value { try x.applying(.sigmoid) }
public func softplus(_ x: Value) throws -> Value { try x.applying(.softplus) }
public func squareRoot(_ x: Value) throws -> Value { try x.applying(.squareRoot) }

/// max(x, 0)
public func relu(_ x: Value) throws -> Value { try leakyRelu(x, slope: 0) }

/// x where x > 0, else slope · x.
public func leakyRelu(_ x: Value, slope: Float) throws -> Value { try x.applying(.leakyRelu(slope: slope)) }

/// 1 where a > b, else 0; has no gradient.
public func greater(_ a: Value, than b: Value) throws -> Value { try binary(.greater, a, b) }
public func greater(_ a: Value, than b: Float) throws -> Value { try greater(a, than: a.graph.constant(b)) }
/// 1 where a = b, else 0; has no gradient.
public func equal(_ a: Value, _ b: Value) throws -> Value { try binary(.equal, a, b) }
public func maximum(_ a: Value, _ b: Value) throws -> Value { try binary(.maximum, a, b) }
public func minimum(_ a: Value, _ b: Value) throws -> Value { try binary(.minimum, a, b) }

/// `then` where the condition is not 0, else `else`.
public func select(_ condition: Value, then: Value, else other: Value) throws -> Value {
  try condition.graph.apply(Elementwise(.select), [condition, then, other])
}
func select(_ condition: Value, then: Value, else other: Float) throws -> Value {
  try select(condition, then: then, else: then.graph.constant(other, shape: then.shape))
}
func select(_ condition: Value, then: Float, else other: Value) throws -> Value {
  try select(condition, then: other.graph.constant(then, shape: other.shape), else: other)
}

/// Applies a function of two values after repeating each along the axes where it has extent 1 or none.
func binary(_ function: ElementwiseFunction, _ a: Value, _ b: Value) throws -> Value {
  let shape = try a.graph.namingLayer(function.name) { try broadcastShape(a.shape, b.shape) }
  if let number = function.folded(a.constant, b.constant) { return try a.graph.constant(number, shape: shape) }
  return try a.graph.apply(Elementwise(function), [a.broadcast(to: shape), b.broadcast(to: shape)])
}
