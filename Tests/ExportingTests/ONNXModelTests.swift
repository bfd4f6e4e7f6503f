import Files
import Foundation
import Graphs
import Layers
import Tensors
import Testing

@testable import Exporting

@Suite struct ONNXModelTests {
  private func model(_ shapes: Shape..., body: @escaping TestNetwork.Body) throws -> ONNXModel {
    let network = try TestNetwork(shapes, body)
    return try ONNXModel(name: "net", notes: [("recipe", "a")]) { try network.build(batch: $0) }
  }

  private func types(_ model: ONNXModel) -> [String: Int] {
    model.proto.graph.node.reduce(into: [:]) { $0[$1.opType, default: 0] += 1 }
  }

  @Test("a model that was written is read back with its names, shapes, operator set and notes")
  func readBack() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/m.onnx"
    let model = try model([4]) { x, s in try dense(x[0], units: 3, in: s) }
    #expect(model.signature == "x0 [N, 4] -> y [N, 3]")
    try model.write(to: path)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    let read = try Lockstep_Onnx_ModelProto(serializedBytes: bytes)
    #expect(read == model.proto)
    #expect(read.opsetImport.map(\.version) == [17] && read.irVersion == 8)
    #expect(read.metadataProps.map { "\($0.key)=\($0.value)" } == ["recipe=a"])
    #expect(read.graph.initializer.map(\.name) == ["net/layer/weights", "net/layer/bias"])
    #expect(read.graph.initializer.map(\.dims) == [[4, 3], [3]])
  }

  @Test("norm, bias and gate behind a convolution become part of its weights")
  func folding() throws {
    let one = try model([4, 4, 3]) { x, s in
      try s.parameter("gate", [1], .zeros) * batchNorm(convolution(x[0], outputChannels: 4, in: s / "c"), in: s / "n")
    }
    #expect(types(one) == ["Transpose": 2, "Conv": 1, "Identity": 1])
  }

  @Test("of a conditional norm a scale and a shift per class remain")
  func conditionalFolding() throws {
    let one = try model([4, 4, 3], [2]) { x, s in try conditionalBatchNorm(x[0], condition: x[1], in: s) }
    let sizes = one.proto.graph.initializer.filter { $0.name.contains("weights") }.map(\.dims)
    #expect(sizes == [[2, 3], [2, 3]])
    #expect(types(one) == ["Gemm": 2, "Reshape": 2, "Mul": 1, "Add": 1, "Identity": 1])
  }

  @Test("images are turned once at each end")
  func layout() throws {
    let one = try model([8, 8, 3]) { x, s in
      let h = try relu(convolution(x[0], outputChannels: 8, in: s / "a"))
      return try tanh(convolution(upsample(h + 1), outputChannels: 8, in: s / "b"))
    }
    #expect(types(one)["Transpose"] == 2)
  }

  private func refusal(_ shapes: Shape..., body: @escaping TestNetwork.Body) throws -> ExportError? {
    let network = try TestNetwork(shapes, body)
    return #expect(throws: ExportError.self) {
      _ = try ONNXModel(name: "net") { try network.build(batch: $0) }
    }
  }

  @Test("what cannot be exported is named, with its layer")
  func refusals() throws {
    let random = try refusal([3]) { x, s in
      try s.layer {
        try x[0]
          + x[0].graph.random(
            .normal, shape: x[0].shape, seed: 1, purpose: .samplingNoise, firstSample: 0, at: Self.position)
      }
    }
    #expect(random?.layer == "net/layer" && random?.reason == "operation randomNormal cannot be exported")
    let sum = try refusal([3]) { x, s in try s.layer { try x[0].sum(axes: [0]).broadcast(to: x[0].shape) } }
    #expect(sum?.reason == "reduceSum mixes the samples of a batch")
    let mean = try refusal([3]) { x, s in try s.layer { try x[0] * (1 / Float(x[0].shape[0])) } }
    #expect(mean?.reason == "a number depends on the size of the batch")
    let ranks = try refusal([3]) { x, s in try s.layer { try allReduceSum(x[0]) } }
    #expect(ranks?.reason == "operation allReduceSum cannot be exported")
    let batch = try refusal([3]) { x, s in try s.layer { try x[0].slice(0..<1).broadcast(to: x[0].shape) } }
    #expect(batch?.reason == "a slice of the batch")
  }

  /// One for all builds: the graphs must be alike.
  nonisolated(unsafe) private static let position = RunPosition()

  @Test("a place that cannot be written is named, and nothing is left there")
  func unwritable() throws {
    let directory = try TemporaryDirectory()
    let model = try model([4]) { x, s in try dense(x[0], units: 3, in: s) }
    #expect { try model.write(to: directory.path + "/none/m.onnx") } throws: {
      "\($0)".hasPrefix("\(directory.path)/none/m.onnx: cannot create")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
  }
}
