import Graphs
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The slow, obvious meaning of a graph: every node in float64, one after the other, in memory of its own.
public final class ReferenceEvaluator {
  private let graph: Graph
  private var known: [Int: [Double]] = [:]

  /// - Parameter fixed: values to use in place of computing them, by node: inputs in double precision.
  public init(_ graph: Graph, fixed: [Value: [Double]] = [:]) {
    self.graph = graph
    for (value, numbers) in fixed { known[value.index] = numbers }
  }

  /// The elements of a value.
  public func evaluate(_ value: Value) -> [Double] {
    if let numbers = known[value.index] { return numbers }
    // In order of creation, so that deep graphs need no deep recursion.
    var needed: Set<Int> = []
    var pending = [value.index]
    while let index = pending.popLast() {
      if known[index] != nil { continue }
      if needed.insert(index).inserted { pending += graph.nodes[index].inputs.filter { known[$0] == nil } }
    }
    for index in needed.sorted() { known[index] = compute(index) }
    return known[value.index]!
  }

  private func compute(_ index: Int) -> [Double] {
    let node = graph.nodes[index]
    let inputs = node.inputs.map { known[$0]! }
    let shapes = node.inputs.map { graph.nodes[$0].shape }
    switch node.operation {
    case let operation as Constant: return Array(repeating: Double(operation.number), count: node.shape.count)
    case let operation as StateRead:
      return (0..<node.shape.count).map { Double(operation.block.values[operation.offset + $0]) }
    case let operation as Elementwise:
      return (0..<node.shape.count).map { i in Self.apply(operation.function, inputs.map { $0[i] }) }
    case is Broadcast:
      return Self.indices(node.shape).map { inputs[0][Self.offset($0, in: shapes[0], of: node.shape)] }
    case is Upsample:
      return Self.indices(node.shape).map { p in
        inputs[0][Self.linear([p[0], p[1] / 2, p[2] / 2, p[3]], in: shapes[0])]
      }
    case is SumPool:
      return Self.indices(node.shape).map { p in
        [(0, 0), (0, 1), (1, 0), (1, 1)].reduce(0) { sum, pixel in
          sum + inputs[0][Self.linear([p[0], 2 * p[1] + pixel.0, 2 * p[2] + pixel.1, p[3]], in: shapes[0])]
        }
      }
    case is Reshape, is StopGradient, is Alias, is AllReduceSum: return inputs[0]
    case let operation as Slice:
      return Self.indices(node.shape).map { position in
        var source = position
        source[operation.axis] += operation.start
        return inputs[0][Self.linear(source, in: shapes[0])]
      }
    case let operation as Concatenate: return Self.concatenate(inputs, shapes, node.shape, axis: operation.axis)
    case let operation as Pack:
      var result = [Double](repeating: 0, count: node.shape.count)
      for (offset, input) in zip(operation.offsets, inputs) {
        result.replaceSubrange(offset..<offset + input.count, with: input)
      }
      return result
    case let operation as Reduce: return Self.reduce(operation, inputs[0], shapes[0], node.shape)
    case is Transpose:
      return Self.indices(node.shape).map { position in
        var source = position
        source.swapAt(source.count - 1, source.count - 2)
        return inputs[0][Self.linear(source, in: shapes[0])]
      }
    case let operation as MatrixProduct: return Self.product(operation, inputs, shapes, node.shape)
    case is Softmax: return Self.rows(inputs[0], node.shape.last) { Self.softmax($0) }
    case is SoftmaxGradient:
      return stride(from: 0, to: inputs[0].count, by: node.shape.last).flatMap { start -> [Double] in
        let range = start..<start + node.shape.last
        let total = range.reduce(0) { $0 + inputs[0][$1] * inputs[1][$1] }
        return range.map { inputs[0][$0] * (inputs[1][$0] - total) }
      }
    case is AdditiveScores: return Self.additiveScores(inputs, shapes)
    case is AdditiveScoresGradient: return Self.additiveScoresGradient(inputs, shapes, count: node.shape.count)
    default:
      if let result = Self.images(node.operation, inputs, shapes, node.shape) { return result }
      preconditionFailure("the reference does not know \(node.operation.name)")
    }
  }

  private static func apply(_ function: ElementwiseFunction, _ x: [Double]) -> Double {
    switch function {
    case .add: x[0] + x[1]
    case .subtract: x[0] - x[1]
    case .multiply: x[0] * x[1]
    case .divide: x[0] / x[1]
    case .maximum: x[0] > x[1] ? x[0] : x[1]
    case .minimum: x[0] < x[1] ? x[0] : x[1]
    case .greater: x[0] > x[1] ? 1 : 0
    case .equal: x[0] == x[1] ? 1 : 0
    case .select: x[0] != 0 ? x[1] : x[2]
    case .negate: -x[0]
    case .absolute: abs(x[0])
    case .sign: x[0] > 0 ? 1 : x[0] < 0 ? -1 : 0
    case .exp: exp(x[0])
    case .log: log(x[0])
    case .tanh: tanh(x[0])
    case .sigmoid: 1 / (1 + exp(-x[0]))
    case .squareRoot: x[0].squareRoot()
    case .reciprocal: 1 / x[0]
    case .square: x[0] * x[0]
    case .softplus: max(x[0], 0) + log1p(exp(-abs(x[0])))
    case .leakyRelu(let slope): x[0] > 0 ? x[0] : Double(slope) * x[0]
    }
  }
}

// Index arithmetic and the larger operations.
extension ReferenceEvaluator {
  /// All positions of a shape, in row-major order.
  static func indices(_ shape: Shape) -> [[Int]] {
    (0..<shape.count).map { linear in
      var rest = linear
      var position = [Int](repeating: 0, count: shape.rank)
      for axis in (0..<shape.rank).reversed() {
        position[axis] = rest % shape[axis]
        rest /= shape[axis]
      }
      return position
    }
  }

  static func linear(_ position: [Int], in shape: Shape) -> Int {
    zip(position, shape.dimensions).reduce(0) { $0 * $1.1 + $1.0 }
  }

  static func offset(_ position: [Int], in shape: Shape, of larger: Shape) -> Int {
    let own = position.dropFirst(larger.rank - shape.rank)
    return linear(zip(own, shape.dimensions).map { $1 == 1 ? 0 : $0 }, in: shape)
  }

  static func rows(_ x: [Double], _ width: Int, _ body: ([Double]) -> [Double]) -> [Double] {
    stride(from: 0, to: x.count, by: width).flatMap { body(Array(x[$0..<$0 + width])) }
  }

  static func softmax(_ row: [Double]) -> [Double] {
    let largest = row.max()!
    let e = row.map { exp($0 - largest) }
    let total = e.reduce(0, +)
    return e.map { $0 / total }
  }

  static func concatenate(_ inputs: [[Double]], _ shapes: [Shape], _ shape: Shape, axis: Int) -> [Double] {
    indices(shape).map { position in
      var source = position
      var part = 0
      while source[axis] >= shapes[part][axis] {
        source[axis] -= shapes[part][axis]
        part += 1
      }
      return inputs[part][linear(source, in: shapes[part])]
    }
  }

  static func reduce(_ operation: Reduce, _ x: [Double], _ input: Shape, _ output: Shape) -> [Double] {
    var result = [Double](repeating: operation.function == .sum ? 0 : -.infinity, count: output.count)
    for (i, position) in indices(input).enumerated() {
      let target = linear(position.enumerated().map { operation.axes.contains($0) ? 0 : $1 }, in: output)
      switch operation.function {
      case .sum: result[target] += x[i]
      case .maximum: result[target] = max(result[target], x[i])
      }
    }
    return result
  }

  static func product(_ operation: MatrixProduct, _ x: [[Double]], _ shapes: [Shape], _ output: Shape) -> [Double] {
    let (m, n) = (output[output.rank - 2], output.last)
    let k = operation.transposesLeft ? shapes[0][shapes[0].rank - 2] : shapes[0].last
    var result = [Double](repeating: 0, count: output.count)
    for batch in 0..<output.count / max(1, m * n) {
      for i in 0..<m {
        for j in 0..<n {
          var sum = 0.0
          for l in 0..<k {
            let a = x[0][batch * m * k + (operation.transposesLeft ? l * m + i : i * k + l)]
            let b = x[1][batch * k * n + (operation.transposesRight ? j * k + l : l * n + j)]
            sum += a * b
          }
          result[batch * m * n + i * n + j] = sum
        }
      }
    }
    return result
  }

  static func additiveScores(_ x: [[Double]], _ shapes: [Shape]) -> [Double] {
    let (n, t, s, u) = (shapes[0][0], shapes[0][1], shapes[1][1], shapes[0][2])
    return indices([n, t, s]).map { p in
      (0..<u).reduce(0) { sum, i in
        sum + tanh(x[0][(p[0] * t + p[1]) * u + i] + x[1][(p[0] * s + p[2]) * u + i]) * x[2][i]
      }
    }
  }

  static func additiveScoresGradient(_ x: [[Double]], _ shapes: [Shape], count: Int) -> [Double] {
    let (n, t, s, u) = (shapes[0][0], shapes[0][1], shapes[1][1], shapes[0][2])
    let keys = (n * t * u + 15) / 16 * 16
    let weights = keys + (n * s * u + 15) / 16 * 16
    var result = [Double](repeating: 0, count: count)
    for (index, p) in indices([n, t, s]).enumerated() {
      for i in 0..<u {
        let (q, k) = ((p[0] * t + p[1]) * u + i, (p[0] * s + p[2]) * u + i)
        let h = tanh(x[0][q] + x[1][k])
        let inner = x[3][index] * x[2][i] * (1 - h * h)
        result[q] += inner
        result[keys + k] += inner
        result[weights + i] += x[3][index] * h
      }
    }
    return result
  }
}
