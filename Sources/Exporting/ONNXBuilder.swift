import Foundation
import Graphs

/// Nodes and numbers of an ONNX graph in the making; names of nodes begin with their layer.
struct ONNXBuilder {
  private(set) var nodes: [Lockstep_Onnx_NodeProto] = []
  private(set) var initializers: [Lockstep_Onnx_TensorProto] = []
  private var counts: [String: Int] = [:]

  /// - Parameter reserved: names that nothing else may have.
  init(reserved: [String]) {
    for name in reserved { counts[name] = 1 }
  }

  /// An attribute of a node.
  enum Attribute {
    case integer(Int)
    case integers([Int])
    case float(Float)
    case text(String)
  }

  /// Adds a node with one result.
  ///
  /// - Returns: the result's name.
  mutating func add(
    _ type: String, _ inputs: [String], _ attributes: KeyValuePairs<String, Attribute> = [:], in layer: String,
    named output: String? = nil
  ) -> String {
    var node = Lockstep_Onnx_NodeProto()
    node.name = unique(layer.isEmpty ? type : "\(layer)/\(type)")
    let output = output ?? node.name
    node.opType = type
    node.input = inputs
    node.output = [output]
    node.attribute = attributes.map { Self.attribute($0, $1) }
    nodes.append(node)
    return output
  }

  mutating func add(_ numbers: FixedTensor, named name: String) -> String {
    let bytes = numbers.numbers.withUnsafeBytes { Data($0) }
    return add(name, shape: numbers.shape, type: .float, bytes: bytes)
  }

  /// A vector of whole numbers: a shape, for one.
  mutating func add(_ numbers: [Int], named name: String) -> String {
    let bytes = numbers.map { Int64($0).littleEndian }.withUnsafeBytes { Data($0) }
    return add(name, shape: [numbers.count], type: .int64, bytes: bytes)
  }

  private mutating func add(
    _ name: String, shape: [Int], type: Lockstep_Onnx_TensorProto.DataType, bytes: Data
  ) -> String {
    var tensor = Lockstep_Onnx_TensorProto()
    tensor.name = unique(name)
    tensor.dims = shape.map(Int64.init)
    tensor.dataType = Int32(type.rawValue)
    tensor.rawData = bytes
    initializers.append(tensor)
    return tensor.name
  }

  private mutating func unique(_ name: String) -> String {
    let count = (counts[name] ?? 0) + 1
    counts[name] = count
    return count == 1 ? name : unique("\(name)_\(count)")
  }

  private static func attribute(_ name: String, _ value: Attribute) -> Lockstep_Onnx_AttributeProto {
    var attribute = Lockstep_Onnx_AttributeProto()
    attribute.name = name
    switch value {
    case .integer(let number):
      attribute.type = .int
      attribute.i = Int64(number)
    case .integers(let numbers):
      attribute.type = .ints
      attribute.ints = numbers.map(Int64.init)
    case .float(let number):
      attribute.type = .float
      attribute.f = number
    case .text(let text):
      attribute.type = .string
      attribute.s = Data(text.utf8)
    }
    return attribute
  }

  /// Removes what `outputs` do not depend on: what was added before a rewrite made it needless.
  mutating func removeUnused(outputs: [String]) {
    var needed = Set(outputs)
    for node in nodes.reversed() where node.output.contains(where: needed.contains) { needed.formUnion(node.input) }
    nodes.removeAll { !$0.output.contains(where: needed.contains) }
    initializers.removeAll { !needed.contains($0.name) }
  }
}
