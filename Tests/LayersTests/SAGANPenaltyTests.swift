import Layers
import Models
import Tensors
import TestSupport
import Testing

@testable import Graphs

/// Exact R1 through a discriminator whose convolutions run by Winograd: second-order gradients of all three passes.
@Suite struct SAGANPenaltyTests {
  /// Central differences with step 1e-6 err by 1e-16 / 1e-6 relative to the penalty, of which a parameter moves a
  /// thousandth at least; ReLU kinks inside the step are not met with these numbers.
  static let differenceTolerance = 1e-5
  /// Winograd's F(4×4, 3×3) errs by 1e-6 of the largest number, five times what a direct sum does; three convolutions
  /// there and back twice.
  static let floatTolerance = 1e-4

  /// γ/2·Σ‖∂logit/∂image‖² of a discriminator, over parameters without pattern.
  private struct Penalty {
    let graph = Graph()
    let parameters: ParameterTable
    let penalty: Value
    let gradients: [(name: String, parameter: Value, gradient: Value)]

    init(batch: Int, _ logits: (_ images: Value, _ scope: Scope) throws -> Value) throws {
      parameters = ParameterTable(name: "discriminator")
      let scope = Scope(graph: graph, parameters: parameters)
      let images = try graph.read(testBlock(batch * 256, seed: 21), shape: [batch, 16, 16, 1])
      let slope = try Graphs.gradients(of: logits(images, scope).total, withRespectTo: [images])[0]
      let penalty = try slope.squared.total * 0.5
      let graph = graph
      let table = parameters
      let values = try table.entries.map { try graph.read(table.values, at: $0.offset, shape: $0.shape) }
      let found = try Graphs.gradients(of: penalty, withRespectTo: values)
      self.penalty = penalty
      gradients = zip(table.entries.map(\.name), zip(values, found)).map { ($0, $1.0, $1.1) }
      table.values.allocate()
      table.initialize(seed: 3)
      // Biases start at 0, and exactly there many ReLUs would have their kink.
      for entry in table.entries where entry.name.hasSuffix("bias") {
        let numbers = testBlock(entry.shape.count, seed: UInt64(entry.offset), scale: 0.3)
        withExtendedLifetime(numbers) {
          _ = table.slice(entry, of: table.values).update(fromContentsOf: numbers.values)
        }
      }
    }

    private static func settings(of operation: any Operation) -> ConvolutionSettings? {
      (operation as? Convolution)?.settings ?? (operation as? ConvolutionInputGradient)?.settings
        ?? (operation as? ConvolutionWeightsGradient)?.settings
    }

    /// What the convolutions of 16 channels, in any of the three passes, run by.
    var algorithms: Set<ConvolutionAlgorithmName> {
      Set(
        graph.nodes.compactMap { node in
          let shapes = node.inputs.map { graph.nodes[$0].shape }
          guard let settings = Self.settings(of: node.operation) else { return nil }
          let (input, weights) =
            switch node.operation {
            case let operation as ConvolutionInputGradient: (operation.inputShape, shapes[1])
            case let operation as ConvolutionWeightsGradient: (shapes[0], operation.weightsShape)
            default: (shapes[0], shapes[1])
            }
          let geometry = try? settings.geometry(input: input, weights: weights)
          guard let geometry, geometry.inputChannels == 16, geometry.kernelHeight == 3 else { return nil }
          return ConvolutionAlgorithmName(
            operation: node.operation.name, algorithm: (settings.algorithm ?? geometry.algorithm).rawValue,
            resampling: geometry.resampling.rawValue)
        })
    }
  }

  struct ConvolutionAlgorithmName: Hashable {
    let operation: String
    let algorithm: String
    var resampling = "none"
  }

  @Test("gradients of R1 through SAGAN's discriminator equal central differences in float64")
  func centralDifferences() throws {
    let model = try SAGAN(
      imageShape: [16, 16, 1], noiseSize: 2, conditionSize: 2,
      generator: SAGANGenerator(channels: [4, 4], attentionAt: []),
      discriminator: SAGANDiscriminator(channels: [16, 16], downBlocks: 0, attentionAt: [], usesSpectralNorm: false))
    let network = try Penalty(batch: 1) { images, scope in
      try model.judge(
        features: model.features(of: images, in: scope), condition: images.graph.literal([0.3, -0.8], shape: [1, 2]),
        in: scope)
    }
    let passes = ["convolution", "convolutionInputGradient", "convolutionWeightsGradient"]
    #expect(
      network.algorithms == Set(passes.map { ConvolutionAlgorithmName(operation: $0, algorithm: "winograd4") }))

    let exact = ReferenceEvaluator(network.graph)
    let results = try runProgram(network.graph, network.gradients.map(\.gradient))
    let largest = network.gradients.map { exact.evaluate($0.gradient).map(abs).max() ?? 0 }
    for (index, (name, parameter, gradient)) in network.gradients.enumerated() {
      let expected = exact.evaluate(gradient)
      // The bias of the last convolution of a sum and of the logit have none.
      let scale = max(largest[index], 1e-3 * (largest.max() ?? 0))
      let worst = zip(results[index], expected).map { abs(Double($0) - $1) }.max() ?? 0
      #expect(worst <= Self.floatTolerance * scale, "\(name): float32 errs by \(worst / scale)")

      guard
        ["block1/conv1/kernel", "block1/conv2/kernel", "block2/conv1/kernel", "block2/conv1/bias"]
          .contains(where: name.hasSuffix)
      else { continue }
      let start = exact.evaluate(parameter)
      let place = start.count * 5 / 9
      let shifted = { (amount: Double) -> Double in
        var numbers = start
        numbers[place] += amount
        return ReferenceEvaluator(network.graph, fixed: [parameter: numbers]).evaluate(network.penalty)[0]
      }
      let numeric = (shifted(1e-6) - shifted(-1e-6)) / 2e-6
      #expect(
        abs(numeric - expected[place]) <= Self.differenceTolerance * scale,
        "\(name)[\(place)]: \(numeric), not \(expected[place])"
      )
    }
  }

  @Test("with pooling folded into Winograd, gradients of R1 equal those of unfolded convolutions and plain pooling")
  func unfolded() throws {
    /// A first block that pools, a second that does, with every convolution as `algorithm` says.
    func network(_ convolve: @escaping (Value, Value) throws -> Value) throws -> Penalty {
      try Penalty(batch: 3) { images, scope in
        func layer(_ x: Value, _ name: String, to channels: Int = 16) throws -> Value {
          let kernel = try scope.parameter(name + "/kernel", [3, 3, x.shape.last, channels], .orthogonal)
          return try convolve(x, kernel) + scope.parameter(name + "/bias", [channels], .zeros)
        }
        var h = try averagePool(layer(relu(layer(images, "conv1")), "conv2"))
        h = try h + averagePool(layer(images, "skip"))
        h = try averagePool(layer(relu(layer(relu(h), "conv3")), "conv4")) + averagePool(h)
        return try matmul(
          relu(h).sum(axes: [1, 2]).reshaped(to: [3, 16]), scope.parameter("output/kernel", [16, 1], .orthogonal)
        ).reshaped(to: [3])
      }
    }
    let plain = try network { x, w in
      try x.graph.apply(Convolution(settings: ConvolutionSettings(padding: 1, algorithm: .unfolded)), [x, w])
    }
    let folded = try network { try convolution($0, $1) }
    #expect(plain.algorithms.allSatisfy { $0.resampling == "none" })
    let names = folded.algorithms
    for pass in ["convolution", "convolutionInputGradient", "convolutionWeightsGradient"] {
      #expect(
        names.contains(
          ConvolutionAlgorithmName(operation: pass, algorithm: "winograd4", resampling: "pooledOutput")), "\(pass)")
    }
    #expect(names.allSatisfy { $0.algorithm == "winograd4" })

    let values = try [plain, folded].map { network in
      try runProgram(network.graph, [network.penalty] + network.gradients.map(\.gradient))
    }
    #expect(values[0][0][0] > 0.01)
    let largest = values[0].dropFirst().joined().map(abs).max() ?? 0
    for (index, name) in (["penalty"] + plain.gradients.map(\.name)).enumerated() {
      let (a, b) = (values[1][index], values[0][index])
      let scale = index == 0 ? b[0] : max(b.map(abs).max() ?? 0, 1e-3 * largest)
      let worst = zip(a, b).map { abs($0 - $1) }.max() ?? 0
      #expect(Double(worst) <= Self.floatTolerance * Double(scale), "\(name): \(worst / scale)")
    }
  }
}
