import Foundation
import Graphs
import Layers
import Tensors
import TestSupport
import Testing

@testable import efficient_attention

/// The example's layer, as the tutorial says that a layer is to be tested: against slow loops, and its gradients against
/// differences.
@Suite struct EfficientAttentionTests {
  private let graph = Graph()
  private let parameters = ParameterTable(name: "net")

  private func fill() {
    parameters.values.allocate()
    let numbers = testBlock(parameters.values.count, seed: 7, scale: 0.8)
    _ = parameters.values.values.update(fromContentsOf: numbers.values)
  }

  @Test("y = x + γ·W_o·softmax_c(Q)·(softmax_p(K)ᵀV), by loops in float64")
  func formula() throws {
    let shape: Shape = [2, 2, 3, 4]
    let block = testBlock(shape.count, seed: 5)
    let y = try efficientAttention(
      graph.read(block, shape: shape), contexts: 3, in: Scope(graph: graph, parameters: parameters) / "attention")
    fill()
    let found = try runProgram(graph, [y])[0]
    func kernel(_ name: String) -> [Double] {
      let entry = parameters.entries.first { $0.name == "net/attention/" + name }!
      return parameters.slice(entry, of: parameters.values).map(Double.init)
    }
    let (positions, channels, contexts) = (6, 4, 3)
    for sample in 0..<2 {
      let x = (0..<positions).map { p in
        (0..<channels).map { Double(block.values[(sample * positions + p) * channels + $0]) }
      }
      func project(_ name: String, _ width: Int) -> [[Double]] {
        x.map { row in
          (0..<width).map { c in (0..<channels).reduce(0) { $0 + row[$1] * kernel(name + "/kernel")[$1 * width + c] } }
        }
      }
      let (q, k, v) = (project("query", contexts), project("key", contexts), project("value", 2))
      for p in 0..<positions {
        let queryTotal = q[p].reduce(0) { $0 + exp($1) }
        let attended = (0..<2).map { c in
          (0..<contexts).reduce(0.0) { sum, context in
            let keyTotal = (0..<positions).reduce(0) { $0 + exp(k[$1][context]) }
            let gathered = (0..<positions).reduce(0) { $0 + exp(k[$1][context]) / keyTotal * v[$1][c] }
            return sum + exp(q[p][context]) / queryTotal * gathered
          }
        }
        for channel in 0..<channels {
          let output = (0..<2).reduce(0) { $0 + attended[$1] * kernel("output/kernel")[$1 * channels + channel] }
          let expected = x[p][channel] + kernel("gate")[0] * output
          #expect(abs(Double(found[(sample * positions + p) * channels + channel]) - expected) < 1e-5)
        }
      }
    }
  }

  @Test("gradients with respect to the input and all parameters equal central differences")
  func slopes() throws {
    let scope = Scope(graph: graph, parameters: parameters)
    let x = try graph.read(testBlock(24), shape: [1, 2, 3, 4])
    let y = try efficientAttention(x, contexts: 2, in: scope / "attention")
    let loss = try (graph.read(testBlock(24, seed: 9), shape: y.shape) * (y + 0.5 * y.squared)).total
    let all = try parameters.entries.map { try graph.read(parameters.values, at: $0.offset, shape: $0.shape) }
    fill()
    #expect(try gradientError(loss, withRespectTo: [x] + all) < 1e-6)
  }

  @Test("tokens are refused by the layer's name")
  func misfits() throws {
    let x = try graph.read(testBlock(24), shape: [2, 3, 4])
    #expect(throws: GraphError.self) {
      try efficientAttention(x, in: Scope(graph: graph, parameters: parameters) / "attention")
    }
  }

  @Test("the tutorial's code is the example's")
  func tutorial() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let example = root.appendingPathComponent("Sources/Examples/efficient-attention")
    let code = try ["EfficientAttention.swift", "EfficientGAN.swift", "main.swift"].map {
      try String(contentsOf: example.appendingPathComponent($0), encoding: .utf8)
    }.joined()
    let article = try String(
      contentsOf: root.appendingPathComponent("Sources/Training/Training.docc/OwnModels.md"), encoding: .utf8)
    let blocks = article.components(separatedBy: "```swift\n").dropFirst().compactMap {
      $0.components(separatedBy: "\n```").first
    }
    #expect(blocks.count == 4)
    for block in blocks { #expect(code.contains(block), "\(block)") }
  }
}
