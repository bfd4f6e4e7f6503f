import Graphs
import Tensors

extension Translator {
  /// What a node says about its value.
  enum Meaning {
    /// The numbers of another node, repeated perhaps.
    case same(Int)
    case form(Form)
  }

  /// The one list of operations that can be exported.
  func meaning(of index: Int) throws -> Meaning {
    let node = graph.nodes[index]
    switch node.operation {
    case is Broadcast, is StopGradient, is Alias: return .same(node.inputs[0])
    case let operation as Elementwise: return .form(try elementwise(operation.function, node, at: index))
    case is Reshape: return .form(try reshape(node, at: index))
    case let operation as MatrixProduct: return .form(try product(operation, node, at: index))
    case let operation as Convolution: return .form(try convolution(operation.settings, node, at: index))
    case let operation as Constant:
      // As many as the batch asks for, all the same.
      return .form(.fixed(FixedTensor(shape: [], numbers: [operation.number])))
    case let operation as Reduce: return .form(try reduce(operation, node, at: index))
    case is Softmax: return .form(try unary("Softmax", node, at: index, ["axis": .integer(-1)]))
    case is Transpose:
      var axes = Array(graph.extents[index].indices)
      axes.swapAt(axes.count - 1, axes.count - 2)
      return .form(try unary("Transpose", node, at: index, ["perm": .integers(axes)]))
    case let operation as Concatenate:
      let parts = try node.inputs.map { try exact($0) }
      return .form(result("Concat", parts, at: index, ["axis": .integer(operation.axis)]))
    case let operation as Slice: return .form(try slice(operation, node, at: index))
    case is AdditiveScores: return .form(try additiveScores(node, at: index))
    case is Upsample:
      let name = addUpsampling(try exact(node.inputs[0], order: .channelsFirst), in: node.layer)
      return .form(.tensor(Tensor(name: name, extents: graph.extents[index], order: .channelsFirst)))
    case is SumPool:
      let mean = addAveragePool(try exact(node.inputs[0], order: .channelsFirst), in: node.layer)
      let four = builder.add(FixedTensor(shape: [], numbers: [4]), named: "\(node.layer)/four")
      let name = builder.add("Mul", [mean, four], in: node.layer)
      return .form(.tensor(Tensor(name: name, extents: graph.extents[index], order: .channelsFirst)))
    case is MaxPoolGather where source(of: node.inputs[0]) == source(of: node.inputs[1]):
      let images = try exact(node.inputs[0], order: .channelsFirst)
      let name = builder.add(
        "MaxPool", [images], ["kernel_shape": .integers([2, 2]), "strides": .integers([2, 2])], in: node.layer)
      return .form(.tensor(Tensor(name: name, extents: graph.extents[index], order: .channelsFirst)))
    default:
      // Gradients, updates, random numbers, what talks to other ranks.
      throw ExportError(
        layer: node.layer, reason: "operation \(node.operation.name) cannot be exported",
        remedy: "export the weights instead, as safetensors or npz")
    }
  }

  /// The value of node `index`, all of it, made by one ONNX node.
  private func result(
    _ type: String, _ inputs: [String], at index: Int,
    _ attributes: KeyValuePairs<String, ONNXBuilder.Attribute> = [:]
  ) -> Form {
    let name = builder.add(type, inputs, attributes, in: graph.nodes[index].layer)
    return .tensor(Tensor(name: name, extents: graph.extents[index]))
  }

  private func unary(
    _ type: String, _ node: Graph.Node, at index: Int, _ attributes: KeyValuePairs<String, ONNXBuilder.Attribute>
  ) throws -> Form {
    result(type, [try exact(node.inputs[0])], at: index, attributes)
  }

  private func reshape(_ node: Graph.Node, at index: Int) throws -> Form {
    let (input, target) = (node.inputs[0], graph.extents[index])
    guard target.count(where: { if case .samples = $0 { true } else { false } }) <= 1 else {
      throw ExportError(
        layer: node.layer, reason: "two axes grow with the batch", remedy: "export the weights instead")
    }
    if case .linear(let map) = form(of: input), mayAbsorb(input), let moved = reshaped(map, to: target) {
      return .linear(moved)
    }
    let extents = graph.extents[input]
    if case .tensor(let tensor) = form(of: input), tensor.order == .channelsFirst, tensor.extents == extents,
      extents[1] == .fixed(1), extents[2] == .fixed(1)
    {
      return result("Reshape", [tensor.name, reshapeTarget(target, in: node.layer)], at: index)
    }
    return result("Reshape", [try exact(input), reshapeTarget(target, in: node.layer)], at: index)
  }

  /// A product that hands its result on in another shape; of all positions of images, a 1×1 convolution.
  private func reshaped(_ map: LinearMap, to target: [Extent]) -> LinearMap? {
    guard map.kind == .product, target.last == .fixed(map.columns) else { return nil }
    var moved = map
    moved.extents = target
    let rows = graph.nodes[map.input]
    guard rows.operation is Reshape, !graph.isFixed[map.input], map.extents == map.madeExtents else { return moved }
    let inner = rows.inputs[0]
    guard graph.extents[inner].dropLast() == target.dropLast(),
      graph.extents[inner].last == graph.extents[map.input].last
    else { return moved }
    (moved.input, moved.madeExtents) = (inner, target)
    if target.count == 4 {
      moved.kind = .convolution(ConvolutionSettings(padding: 0))
      moved.weights = map.weights.reshaped(to: [1, 1] + map.weights.shape)
    }
    return moved
  }

  private func product(_ operation: MatrixProduct, _ node: Graph.Node, at index: Int) throws -> Form {
    if !operation.transposesLeft, graph.extents[index].count == 2, case .fixed(let weights) = form(of: node.inputs[1]),
      weights.shape == graph.network.graph.nodes[node.inputs[1]].shape.dimensions
    {
      let matrix = operation.transposesRight ? weights.transposed([1, 0]) : weights
      let extents = graph.extents[index]
      // The rows are read where they are, all of them.
      if case .tensor(let tensor) = form(of: node.inputs[0]), tensor.extents == graph.extents[node.inputs[0]] {
        return .linear(
          LinearMap(
            input: node.inputs[0], kind: .product, weights: matrix, madeExtents: extents, extents: extents))
      }
    }
    let axes = Array(graph.extents[index].indices.dropLast(2))
    let operands = try zip(node.inputs, [operation.transposesLeft, operation.transposesRight]).map { input, isTurned in
      let name = try exact(input)
      guard isTurned else { return name }
      return builder.add(
        "Transpose", [name], ["perm": .integers(axes + [axes.count + 1, axes.count])], in: node.layer)
    }
    return result("MatMul", operands, at: index)
  }

  private func convolution(_ settings: ConvolutionSettings, _ node: Graph.Node, at index: Int) throws -> Form {
    guard case .fixed(let weights) = form(of: node.inputs[1]) else {
      throw ExportError(
        layer: node.layer, reason: "the weights of a convolution depend on its input",
        remedy: "export the weights instead, as safetensors or npz")
    }
    guard case let images = tensor(node.inputs[0], order: .channelsFirst),
      images.extents == graph.extents[node.inputs[0]]
    else {
      throw ExportError(
        layer: node.layer, reason: "a convolution of images that repeat", remedy: "export the weights instead")
    }
    let extents = graph.extents[index]
    return .linear(
      LinearMap(
        input: node.inputs[0], kind: .convolution(settings), weights: weights, madeExtents: extents, extents: extents))
  }

  private func reduce(_ operation: Reduce, _ node: Graph.Node, at index: Int) throws -> Form {
    let extents = graph.extents[node.inputs[0]]
    guard operation.axes.allSatisfy({ if case .fixed = extents[$0] { true } else { false } }) else {
      throw ExportError(
        layer: node.layer, reason: "\(operation.name) mixes the samples of a batch",
        remedy: "a network whose samples depend on each other cannot be exported")
    }
    var order = Order.channelsLast
    if extents.count == 4, prefersChannelsFirst(node.inputs[0]) { order = .channelsFirst }
    let places = order == .channelsFirst ? operation.axes.map { [0, 2, 3, 1][$0] }.sorted() : operation.axes
    let input = try exact(node.inputs[0], order: order)
    let name: String
    switch operation.function {
    case .sum:
      let axes = builder.add(places, named: "\(node.layer)/axes")
      name = builder.add("ReduceSum", [input, axes], ["keepdims": .integer(1)], in: node.layer)
    case .maximum:
      name = builder.add(
        "ReduceMax", [input], ["axes": .integers(places), "keepdims": .integer(1)], in: node.layer)
    }
    return .tensor(Tensor(name: name, extents: graph.extents[index], order: order))
  }

  private func slice(_ operation: Slice, _ node: Graph.Node, at index: Int) throws -> Form {
    guard case .fixed = graph.extents[node.inputs[0]][operation.axis] else {
      throw ExportError(
        layer: node.layer, reason: "a slice of the batch", remedy: "export the weights instead, as safetensors or npz")
    }
    let bounds = [operation.start, operation.start + operation.length, operation.axis].map {
      builder.add([$0], named: "\(node.layer)/slice")
    }
    return result("Slice", [try exact(node.inputs[0])] + bounds, at: index)
  }

  private func additiveScores(_ node: Graph.Node, at index: Int) throws -> Form {
    let (queries, keys) = (graph.extents[node.inputs[0]], graph.extents[node.inputs[1]])
    let (one, layer) = (Extent.fixed(1), node.layer)
    let q = builder.add(
      "Reshape",
      [try exact(node.inputs[0]), reshapeTarget([queries[0], queries[1], one, queries[2]], in: layer)], in: layer)
    let k = builder.add(
      "Reshape", [try exact(node.inputs[1]), reshapeTarget([keys[0], one, keys[1], keys[2]], in: layer)], in: layer)
    let hidden = builder.add("Tanh", [builder.add("Add", [q, k], in: layer)], in: layer)
    let weights = builder.add(
      "Reshape", [try exact(node.inputs[2]), reshapeTarget([queries[2], one], in: layer)], in: layer)
    let scores = builder.add("MatMul", [hidden, weights], in: layer)
    return result("Reshape", [scores, reshapeTarget(graph.extents[index], in: layer)], at: index)
  }
}
