import Graphs
import Tensors

/// Turns a network graph into an ONNX graph, node by node.
///
/// Every value is kept in the simplest form that is known of it; a form becomes ONNX nodes when an operation needs its
/// numbers. Axes are those of the network, channels last; images are handed on channels first, as ONNX's convolutions
/// have them, and turned where something else needs them.
final class Translator {
  /// What is known of a value. Its extents may have 1, or none, where it repeats along an axis.
  enum Form {
    case fixed(FixedTensor)
    /// Not in the ONNX graph yet: what follows may become part of it.
    case linear(LinearMap)
    case tensor(Tensor)
  }

  /// Where channels are in the memory of `[N, H, W, C]`; all else has its axes in order.
  enum Order { case channelsLast, channelsFirst }

  /// A value of the ONNX graph.
  struct Tensor {
    let name: String
    /// In the network's order of axes, whatever the order in memory.
    let extents: [Extent]
    var order = Order.channelsLast
    /// True or false, not numbers.
    var isTruth = false
  }

  private struct Place: Hashable {
    let index: Int
    let order: Order
  }

  let graph: BatchGraph
  var builder: ONNXBuilder
  private var forms: [Int: Form] = [:]
  /// Of values that are another's, repeated or as they are.
  private var sources: [Int: Int] = [:]
  private var stored: [Place: Tensor] = [:]
  private var batchSize: String?

  init(_ graph: BatchGraph) throws {
    self.graph = graph
    let inputs = graph.network.inputs
    builder = ONNXBuilder(reserved: inputs.map(\.name) + graph.network.outputs.map(\.name))
    for (index, numbers) in try graph.fixedParts() { forms[index] = .fixed(numbers) }
    for input in inputs {
      let index = input.value.index
      forms[index] = .tensor(Tensor(name: input.name, extents: graph.extents[index]))
    }
  }

  /// Translates all nodes that outputs depend on, then names the outputs.
  func translate() throws {
    for index in graph.nodes.indices where graph.isNeeded[index] && !graph.isFixed[index] && forms[index] == nil {
      switch try meaning(of: index) {
      case .same(let source): sources[index] = source
      case .form(let form): forms[index] = form
      }
    }
    for output in graph.network.outputs {
      let name = try exact(output.value.index)
      _ = builder.add("Identity", [name], in: "", named: output.name)
    }
    builder.removeUnused(outputs: graph.network.outputs.map(\.name))
  }

  /// The value that holds the numbers of this one.
  func source(of index: Int) -> Int { sources[index].map { source(of: $0) } ?? index }

  func form(of index: Int) -> Form {
    guard let form = forms[source(of: index)] else { preconditionFailure("node \(index) is used before it is there") }
    return form
  }

  /// Whether nobody else needs the value, or a second copy of its work costs next to nothing: a row per sample.
  func mayAbsorb(_ index: Int) -> Bool {
    if case .linear(let map) = form(of: index), graph.extents[map.input].count == 2,
      graph.extents[map.input][0] == .samples(1)
    {
      return true
    }
    var place: Int? = index
    while let current = place {
      guard graph.useCounts[current] == 1 else { return false }
      place = sources[current]
    }
    return true
  }

  /// The numbers of a value, in memory as asked; repeated along axes where it has extent 1.
  func tensor(_ index: Int, order: Order = .channelsLast) -> Tensor {
    let place = Place(index: source(of: index), order: order)
    if let found = stored[place] { return found }
    let layer = graph.nodes[place.index].layer
    let result: Tensor
    switch form(of: index) {
    case .fixed(let numbers):
      let isTurned = order == .channelsFirst && numbers.shape.count == 4
      result = Tensor(
        name: builder.add(isTurned ? numbers.transposed([0, 3, 1, 2]) : numbers, named: "\(layer)/numbers"),
        extents: numbers.shape.map(Extent.fixed), order: isTurned ? .channelsFirst : .channelsLast)
    case .linear(let map): result = reordered(add(map, order: order, in: layer), to: order, in: layer)
    case .tensor(let tensor):
      let numbers =
        tensor.isTruth
        ? Tensor(
          name: builder.add("Cast", [tensor.name], ["to": .integer(ElementKind.float)], in: layer),
          extents: tensor.extents, order: tensor.order) : tensor
      result = reordered(numbers, to: order, in: layer)
    }
    stored[place] = result
    return result
  }

  /// True where a value is not 0.
  func truth(_ index: Int, order: Order) -> Tensor {
    let layer = graph.nodes[index].layer
    if case .tensor(let tensor) = form(of: index), tensor.isTruth { return reordered(tensor, to: order, in: layer) }
    let numbers = tensor(index, order: order)
    return Tensor(
      name: builder.add("Cast", [numbers.name], ["to": .integer(ElementKind.truth)], in: layer),
      extents: numbers.extents, order: numbers.order, isTruth: true)
  }

  /// The name of a value with all of its elements, none left to be repeated.
  func exact(_ index: Int, order: Order = .channelsLast) throws -> String {
    let tensor = tensor(index, order: order)
    let wanted = graph.extents[index]
    if tensor.extents == wanted { return tensor.name }
    let layer = graph.nodes[index].layer
    let padded = padded(tensor, to: wanted.count, order: order, in: layer)
    // An extent of 1 leaves an axis as it is.
    let targets = zip(padded.extents, wanted).map { $0 == $1 ? .fixed(1) : $1 }
    let axes = padded.order == .channelsFirst ? [0, 3, 1, 2] : Array(targets.indices)
    return builder.add("Expand", [padded.name, shape(axes.map { targets[$0] }, in: layer)], in: layer)
  }

  /// With axes of extent 1 in front, up to `rank` of them all.
  func padded(_ tensor: Tensor, to rank: Int, order: Order, in layer: String) -> Tensor {
    guard tensor.extents.count < rank else { return tensor }
    let extents = Array(repeating: .fixed(1), count: rank - tensor.extents.count) + tensor.extents
    let name = builder.add("Reshape", [tensor.name, reshapeTarget(extents, in: layer)], in: layer)
    return reordered(Tensor(name: name, extents: extents), to: order, in: layer)
  }

  /// Where `Reshape` goes: the axis that grows with the batch is left to ONNX.
  func reshapeTarget(_ extents: [Extent], in layer: String) -> String {
    let numbers = extents.map { extent in
      switch extent {
      case .fixed(let count): count
      case .samples: -1
      }
    }
    return builder.add(numbers, named: "\(layer)/shape")
  }

  /// A shape as a value: of constants, and of multiples of the batch that comes in.
  private func shape(_ extents: [Extent], in layer: String) -> String {
    let parts = extents.map { extent in
      switch extent {
      case .fixed(let count): return builder.add([count], named: "\(layer)/extent")
      case .samples(let count):
        let first =
          batchSize
          ?? builder.add(
            "Shape", [graph.network.inputs[0].name], ["start": .integer(0), "end": .integer(1)], in: "batch")
        batchSize = first
        return count == 1
          ? first : builder.add("Mul", [first, builder.add([count], named: "\(layer)/extent")], in: layer)
      }
    }
    return builder.add("Concat", parts, ["axis": .integer(0)], in: layer)
  }

  private func reordered(_ tensor: Tensor, to order: Order, in layer: String) -> Tensor {
    guard tensor.extents.count == 4, tensor.order != order else { return tensor }
    let axes = order == .channelsFirst ? [0, 3, 1, 2] : [0, 2, 3, 1]
    let name: String
    if tensor.extents[1] == .fixed(1), tensor.extents[2] == .fixed(1) {
      // Nothing moves.
      let extents = order == .channelsFirst ? axes.map { tensor.extents[$0] } : tensor.extents
      name = builder.add("Reshape", [tensor.name, reshapeTarget(extents, in: layer)], in: layer)
    } else {
      name = builder.add("Transpose", [tensor.name], ["perm": .integers(axes)], in: layer)
    }
    return Tensor(name: name, extents: tensor.extents, order: order, isTruth: tensor.isTruth)
  }
}

/// ONNX's numbers of element types.
enum ElementKind {
  static let float = Lockstep_Onnx_TensorProto.DataType.float.rawValue
  static let truth = Lockstep_Onnx_TensorProto.DataType.bool.rawValue
}
