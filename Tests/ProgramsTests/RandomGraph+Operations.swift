import Graphs
import Tensors

// One random application of each kind of operation; nil where the value at hand does not suit it.
extension RandomGraph {
  mutating func grow() throws -> Value? {
    let x = pick()
    switch Int.random(in: 0..<19, using: &random) {
    case 0, 1, 2: return try unary(x)
    case 3, 4, 5: return try binary(x)
    case 6: return try selection(x)
    case 7: return try reshaped(x)
    case 8: return try sliced(x)
    case 9, 10: return try joined(x)
    case 11: return try reduced(x)
    case 12: return try product(x)
    case 13: return x.shape.rank > 0 ? try softmax(x) : nil
    case 15: return try images(x)
    case 16, 17: return try normalized(x)
    case 14: return x.shape.rank > 1 ? try x.transposed : try x.detached
    default: return chance(2) ? try sumOverRanks(x) : try materialized(x)
    }
  }

  private mutating func unary(_ x: Value) throws -> Value? {
    let slope: Float = [0, 0.2, 1, 2].randomElement(using: &random)!
    let functions: [ElementwiseFunction] = [
      .negate, .absolute, .sign, .exp, .log, .tanh, .sigmoid, .squareRoot, .reciprocal, .square, .softplus,
      .leakyRelu(slope: slope),
    ]
    let function = functions.randomElement(using: &random)!
    switch function {
    case .exp: return try exp(numbers(x).max()! <= 3 ? x : tanh(x))
    case .log, .squareRoot, .reciprocal:
      return try (numbers(x).min()! >= 0.2 ? x : x.squared + 0.5).applying(function)
    case .sign: return isClear(x, try graph.constant(0, shape: x.shape)) ? try x.applying(.sign) : nil
    default: return try x.applying(function)
    }
  }

  private mutating func binary(_ x: Value) throws -> Value? {
    let y = chance(6) ? try graph.constant(Float.random(in: -2...2, using: &random)) : try partner(for: x.shape)
    switch Int.random(in: 0..<8, using: &random) {
    case 0: return try x + y
    case 1: return try y - x
    case 2: return try x * y
    case 3: return try x / (y.squared + 0.5)
    case 4: return try maximum(x, y)
    case 5: return try minimum(y, x)
    case 6: return isClear(x, try y.broadcast(to: x.shape)) ? try greater(x, than: y) : nil
    default: return isClear(x, try y.broadcast(to: x.shape)) ? try equal(x, maximum(x, y)) : nil
    }
  }

  private mutating func selection(_ x: Value) throws -> Value? {
    let y = try partner(for: x.shape).broadcast(to: x.shape)
    guard isClear(x, y) else { return nil }
    let other = chance(2) ? try graph.constant(0.5, shape: x.shape) : try tanh(x)
    return try select(greater(x, than: y), then: y, else: other)
  }

  private mutating func reshaped(_ x: Value) throws -> Value {
    let count = x.shape.count
    let shapes: [Shape] = [[count], [1, count], [count, 1]]
    let factors = [2, 3, 5].filter { count % $0 == 0 }.flatMap { [[$0, count / $0], [count / $0, $0]] as [Shape] }
    return try x.reshaped(to: (shapes + factors + factors).randomElement(using: &random)!)
  }

  private mutating func sliced(_ x: Value) throws -> Value? {
    guard let axis = (0..<x.shape.rank).filter({ x.shape[$0] > 1 }).randomElement(using: &random) else { return nil }
    let start = Int.random(in: 0..<x.shape[axis], using: &random)
    return try x.slice(start..<Int.random(in: start + 1...x.shape[axis], using: &random), axis: axis)
  }

  private mutating func joined(_ x: Value) throws -> Value? {
    guard x.shape.rank > 0 else { return nil }
    // Half of the time along the outermost axis, where producers may write in place.
    let axis = chance(2) ? 0 : Int.random(in: 0..<x.shape.rank, using: &random)
    var parts = [x]
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let alike = values.filter { other in
        other.shape.rank == x.shape.rank
          && (0..<x.shape.rank).allSatisfy { $0 == axis || other.shape[$0] == x.shape[$0] }
      }
      let part = alike.randomElement(using: &random) ?? x
      parts.append(chance(3) ? try part.squared : part)
    }
    return try concatenate(parts.shuffled(using: &random), axis: axis)
  }

  private mutating func reduced(_ x: Value) throws -> Value? {
    let axes = (0..<x.shape.rank).filter { _ in chance(2) }
    guard !axes.isEmpty else { return nil }
    if chance(2) { return try x.maximum(axes: axes) }
    return try x.sum(axes: axes) / Float(axes.reduce(1) { $0 * x.shape[$1] })
  }

  /// Twice or half the height and width, alone or with images of that size.
  private mutating func images(_ x: Value) throws -> Value? {
    let small = try x.shape.rank == 4 && x.shape.count <= 300 ? x : tanh(input([2, 3, 2, 5]))
    let large = try upsample(small)
    switch Int.random(in: 0..<6, using: &random) {
    case 0: return large
    case 1: return try tanh(large) * partner(for: large.shape)
    case 2: return try sumPool(tanh(large) - partner(for: large.shape)) * 0.25 + small
    case 3: return try averagePool(input(large.shape) * large)
    case 4: return try large.reshaped(to: [large.shape.leading, large.shape.last]) * 0.5
    default: return try (large * partner(for: large.shape)).sum(axes: [0, 1, 2]) * (1 / Float(large.shape.count))
    }
  }

  /// Statistics over some axes, of the value and of its square or another value, and what they normalise.
  private mutating func normalized(_ x: Value) throws -> Value? {
    guard let value = try normalization(of: x) else { return nil }
    // What is left of a difference of equal numbers is rounding.
    return numbers(value).contains { abs($0) > 1e-2 } ? value : nil
  }

  private mutating func normalization(of x: Value) throws -> Value? {
    let axes = (0..<x.shape.rank).filter { _ in !chance(3) }
    let count = Float(axes.reduce(1) { $0 * x.shape[$1] })
    guard count > 1 else { return nil }
    let mean = try x.sum(axes: axes) / count
    switch Int.random(in: 0..<4, using: &random) {
    case 0: return try x * x.squared.sum(axes: axes) / count
    case 1: return try relu(x - mean) * partner(for: x.shape)
    case 2: return try mean + (x * partner(for: x.shape).broadcast(to: x.shape)).sum(axes: axes) / count
    default: return try (x - mean) / (x.squared.sum(axes: axes) / count + 0.5)
    }
  }

  private mutating func product(_ x: Value) throws -> Value? {
    guard x.shape.rank > 1 else { return nil }
    let (transposesLeft, transposesRight) = (chance(2), chance(2))
    let inner = transposesLeft ? x.shape[x.shape.rank - 2] : x.shape.last
    let columns = Int.random(in: 1...9, using: &random)
    let shape = Shape(x.shape.dimensions.dropLast(2) + (transposesRight ? [columns, inner] : [inner, columns]))
    guard shape.count <= 600 else { return nil }
    let y = chance(2) ? try input(shape) : try sigmoid(input(shape))
    return try matmul(x, y, transposingLeft: transposesLeft, transposingRight: transposesRight) / Float(inner)
  }

  /// A broadcast that somebody other than an elementwise function reads.
  private mutating func materialized(_ x: Value) throws -> Value? {
    let wide = try x.broadcast(to: Shape([2] + x.shape.dimensions))
    guard wide.shape.count <= 600 else { return nil }
    switch Int.random(in: 0..<3, using: &random) {
    case 0: return try wide.reshaped(to: [wide.shape.count])
    case 1: return try concatenate([wide, wide * wide], axis: 0)
    default: return try wide.sum(axes: [0]) * 0.5 + tanh(wide)
    }
  }
}
