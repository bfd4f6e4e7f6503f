import Graphs
import Tensors

extension Translator {
  /// Whether the value comes channels first.
  func prefersChannelsFirst(_ index: Int) -> Bool {
    switch form(of: index) {
    case .fixed: false
    case .linear(let map): map.kind != .product
    case .tensor(let tensor): tensor.order == .channelsFirst
    }
  }

  func elementwise(_ function: ElementwiseFunction, _ node: Graph.Node, at index: Int) throws -> Form {
    if let absorbed = absorbed(function, node.inputs) { return absorbed }
    let rank = graph.extents[index].count
    let order: Order = rank == 4 && node.inputs.contains(where: prefersChannelsFirst) ? .channelsFirst : .channelsLast
    var operands = node.inputs.map { operand($0, rank: rank, order: order, in: node.layer) }
    if function == .select {
      operands[0] = padded(truth(node.inputs[0], order: order), to: rank, order: order, in: node.layer)
    }
    let (type, attributes) = Self.operation(of: function)
    var names = operands.map(\.name)
    if function == .square { names.append(names[0]) }
    return .tensor(
      Tensor(
        name: builder.add(type, names, attributes, in: node.layer),
        extents: operands.map(\.extents).reduce([], Self.broadcast), order: order,
        isTruth: function == .greater || function == .equal))
  }

  /// ONNX's name for it.
  private static func operation(
    of function: ElementwiseFunction
  ) -> (type: String, attributes: KeyValuePairs<String, ONNXBuilder.Attribute>) {
    switch function {
    case .add: ("Add", [:])
    case .subtract: ("Sub", [:])
    case .multiply, .square: ("Mul", [:])
    case .divide: ("Div", [:])
    case .maximum: ("Max", [:])
    case .minimum: ("Min", [:])
    case .greater: ("Greater", [:])
    case .equal: ("Equal", [:])
    case .select: ("Where", [:])
    case .negate: ("Neg", [:])
    case .absolute: ("Abs", [:])
    case .sign: ("Sign", [:])
    case .exp: ("Exp", [:])
    case .log: ("Log", [:])
    case .tanh: ("Tanh", [:])
    case .sigmoid: ("Sigmoid", [:])
    case .squareRoot: ("Sqrt", [:])
    case .reciprocal: ("Reciprocal", [:])
    case .softplus: ("Softplus", [:])
    case .leakyRelu(let slope) where slope == 0: ("Relu", [:])
    case .leakyRelu(let slope): ("LeakyRelu", ["alpha": .float(slope)])
    }
  }

  /// A value as an operand of others with so many axes: numbers that repeat are left for ONNX to repeat.
  private func operand(_ index: Int, rank: Int, order: Order, in layer: String) -> Tensor {
    if case .fixed(let numbers) = form(of: index) {
      if let first = numbers.numbers.first, numbers.numbers.count == 1 {
        let scalar = FixedTensor(shape: [], numbers: [first])
        return Tensor(name: builder.add(scalar, named: "\(layer)/number"), extents: [], order: order)
      }
      let full = numbers.padded(to: rank)
      return Tensor(
        name: builder.add(
          order == .channelsFirst ? full.transposed([0, 3, 1, 2]) : full, named: "\(layer)/numbers"),
        extents: full.shape.map(Extent.fixed), order: order)
    }
    return padded(tensor(index, order: order), to: rank, order: order, in: layer)
  }

  /// The extents of two tensors combined: 1 repeats.
  private static func broadcast(_ a: [Extent], _ b: [Extent]) -> [Extent] {
    let rank = max(a.count, b.count)
    let (a, b) = (
      Array(repeating: .fixed(1), count: rank - a.count) + a, Array(repeating: .fixed(1), count: rank - b.count) + b
    )
    return zip(a, b).map { $0 == .fixed(1) ? $1 : $0 }
  }

  /// A function of forms that needs no node of its own; nil where it does.
  private func absorbed(_ function: ElementwiseFunction, _ inputs: [Int]) -> Form? {
    let forms = inputs.map { form(of: $0) }
    let maps = zip(inputs, forms).map { index, form -> LinearMap? in
      if case .linear(let map) = form, mayAbsorb(index) { map } else { nil }
    }
    let numbers = forms.map { form -> FixedTensor? in
      if case .fixed(let numbers) = form { numbers } else { nil }
    }
    switch function {
    case .negate: return maps[0].map { .linear($0.scaled(by: Array(repeating: -1, count: $0.columns))) }
    case .add:
      if numbers[1]?.isAll(0) == true { return forms[0] }
      if numbers[0]?.isAll(0) == true { return forms[1] }
      if let sum = adding(maps[0], numbers[1]) ?? adding(maps[1], numbers[0]) { return .linear(sum) }
      return maps[0].flatMap { first in maps[1].flatMap { first.adding($0) } }.map { .linear($0) }
    case .subtract:
      if numbers[1]?.isAll(0) == true { return forms[0] }
      let negated = maps[1].map { $0.scaled(by: Array(repeating: -1, count: $0.columns)) }
      if let difference = adding(maps[0], numbers[1]?.scaled(by: [-1])) ?? adding(negated, numbers[0]) {
        return .linear(difference)
      }
      return maps[0].flatMap { first in negated.flatMap { first.adding($0) } }.map { .linear($0) }
    case .multiply:
      if numbers[1]?.isAll(1) == true { return forms[0] }
      if numbers[0]?.isAll(1) == true { return forms[1] }
      return (scaling(maps[0], numbers[1]) ?? scaling(maps[1], numbers[0])).map { .linear($0) }
    default: return nil
    }
  }

  private func adding(_ map: LinearMap?, _ numbers: FixedTensor?) -> LinearMap? {
    guard let map, let columns = numbers?.perColumn(map.columns) else { return nil }
    return map.adding(columns)
  }

  private func scaling(_ map: LinearMap?, _ numbers: FixedTensor?) -> LinearMap? {
    guard let map, let columns = numbers?.perColumn(map.columns) else { return nil }
    return map.scaled(by: columns)
  }
}
