import Files
import Graphs
import SwiftProtobuf

/// A network as an ONNX model: weights and arithmetic in one file that other programs run.
///
/// - Source: ONNX 1.12: intermediate representation 8, operator set 17.
public struct ONNXModel {
  /// The operator set that models are written in.
  public static let operatorSet = 17

  let proto: Lockstep_Onnx_ModelProto
  /// `noise [N, 64], condition [N, 10] -> images [N, 16, 16, 1]`
  public let signature: String

  /// Translates a network.
  ///
  /// - Parameters:
  ///   - name: of the network.
  ///   - notes: kept in the model as metadata.
  ///   - build: the network for batches of a size.
  /// - Precondition: parameters have their numbers.
  /// - Throws: `ExportError` naming the layer and the operation that cannot be exported.
  public init(
    name: String, notes: [(key: String, value: String)] = [], _ build: (_ batch: Int) throws -> NetworkGraph
  ) throws {
    let graph = try BatchGraph(build)
    let translator = try Translator(graph)
    try translator.translate()
    let network = graph.network
    let inputs = network.inputs.map { (name: $0.name, extents: graph.extents[$0.value.index]) }
    let outputs = network.outputs.map { (name: $0.name, extents: graph.extents[$0.value.index]) }
    var model = Lockstep_Onnx_ModelProto()
    model.irVersion = 8
    model.producerName = "lockstep"
    model.graph.name = name
    model.graph.node = translator.builder.nodes
    model.graph.initializer = translator.builder.initializers
    model.graph.input = inputs.map(Self.information)
    model.graph.output = outputs.map(Self.information)
    var set = Lockstep_Onnx_OperatorSetIdProto()
    set.version = Int64(Self.operatorSet)
    model.opsetImport = [set]
    model.metadataProps = notes.map { key, value in
      var note = Lockstep_Onnx_StringStringEntryProto()
      (note.key, note.value) = (key, value)
      return note
    }
    proto = model
    signature = [inputs, outputs].map { $0.map(Self.words).joined(separator: ", ") }.joined(separator: " -> ")
  }

  private static func words(_ value: (name: String, extents: [Extent])) -> String {
    let extents = value.extents.map { extent in
      switch extent {
      case .fixed(let count): String(count)
      case .samples: "N"
      }
    }
    return "\(value.name) [\(extents.joined(separator: ", "))]"
  }

  private static func information(_ value: (name: String, extents: [Extent])) -> Lockstep_Onnx_ValueInfoProto {
    var information = Lockstep_Onnx_ValueInfoProto()
    information.name = value.name
    information.type.tensorType.elemType = Int32(ElementKind.float)
    information.type.tensorType.shape.dim = value.extents.map { extent in
      var dimension = Lockstep_Onnx_TensorShapeProto.Dimension()
      switch extent {
      case .fixed(let count): dimension.dimValue = Int64(count)
      case .samples: dimension.dimParam = "N"
      }
      return dimension
    }
    return information
  }

  /// Writes the model, whole or not at all.
  public func write(to path: String) throws(FileError) {
    let bytes: [UInt8]
    do { bytes = try proto.serializedBytes() } catch {
      throw FileError(
        path: path, reason: "the model cannot be encoded: \(error)",
        remedy: "a file holds 2 GB; export the weights instead")
    }
    try AtomicFile.write(to: path) { writer throws(FileError) in try writer.write(bytes) }
  }
}
