import Foundation
import Graphs
import Tensors
import TestSupport
import Testing

@testable import Optimization

/// Losses against their formulas.
@Suite struct AdversarialLossTests {
  /// Float32 rounding of softplus (1.7 ulp) and of a sum of a few terms.
  static let tolerance = 1e-6

  private func logits(_ numbers: [Float], in graph: Graph) throws -> Value {
    try graph.literal(numbers, shape: [numbers.count])
  }

  private func costs(_ numbers: [Float]) throws -> [Float] {
    let graph = Graph()
    let x = try logits(numbers, in: graph)
    let loss = AdversarialLoss.binaryCrossEntropy
    return try runProgram(
      graph, [loss.discriminatorCost(real: x), loss.discriminatorCost(fake: x), loss.generatorCost(fake: x)]
    ).map { $0[0] }
  }

  @Test("binary cross-entropy is −log σ of what should be, summed over samples")
  func formulas() throws {
    let numbers: [Float] = [-3, -0.5, 0, 0.25, 4]
    let sigma = { (x: Double) in 1 / (1 + exp(-x)) }
    let real = numbers.reduce(0) { $0 - log(sigma(Double($1))) }
    let fake = numbers.reduce(0) { $0 - log(1 - sigma(Double($1))) }
    for (found, expected) in zip(try costs(numbers), [real, fake, real]) {
      #expect(abs(Double(found) - expected) < Self.tolerance * expected)
    }
    // An undecided discriminator: log 2 each.
    #expect(try costs([0]).allSatisfy { abs(Double($0) - log(2)) < Self.tolerance })
  }

  @Test("huge logits cost what they are, and no more than that", arguments: [1e4, -1e4, 3e38, -3e38] as [Float])
  func huge(logit: Float) throws {
    let found = try costs([logit])
    #expect(found == [max(-logit, 0), max(logit, 0), max(-logit, 0)])
    let graph = Graph()
    let x = try logits([logit], in: graph)
    let loss = AdversarialLoss.binaryCrossEntropy
    let sums = try [loss.discriminatorCost(real: x), loss.discriminatorCost(fake: x), loss.generatorCost(fake: x)]
    let slopes = try runProgram(graph, sums.map { try gradients(of: $0, withRespectTo: [x])[0] }).map { $0[0] }
    #expect(slopes == (logit > 0 ? [0, 1, 0] : [-1, 0, -1]))
  }

  @Test("gradients equal central differences", arguments: AdversarialLoss.allCases)
  func derivatives(loss: AdversarialLoss) throws {
    let graph = Graph()
    let x = try graph.read(testBlock(6, scale: 3), shape: [6])
    for cost in try [loss.discriminatorCost(real: x), loss.discriminatorCost(fake: x), loss.generatorCost(fake: x)] {
      // Central differences with step 1e-5 err by 1e-10 · third derivative.
      #expect(try gradientError(cost, withRespectTo: [x]) < 1e-6)
    }
  }

  @Test("countPositive counts logits above zero")
  func counting() throws {
    let graph = Graph()
    let x = try logits([-1, 0, 1e-30, 5, -0.0, .infinity], in: graph)
    #expect(try runProgram(graph, [countPositive(x), countPositive(-x)]) == [[3], [1]])
  }
}

/// The norms that R1 and R2 punish.
@Suite struct GradientNormsTests {
  @Test("of a linear network they are the weights' squared norm for every sample")
  func linear() throws {
    let graph = Graph()
    let weights = testBlock(12, seed: 2)
    let images = try graph.read(testBlock(5 * 12), shape: [5, 3, 4])
    let w = try graph.read(weights, shape: [12, 1])
    let logits = try matmul(images.flattened, w).reshaped(to: [5])
    let norms = try gradientNorms(of: logits, withRespectTo: images)
    let expected = 5 * weights.values.reduce(0) { $0 + Double($1) * Double($1) }
    #expect(relativeDifference(try runProgram(graph, [norms])[0], [expected]) < 1e-6)
    // Their own gradient: 2 · 5 · w.
    let second = try gradients(of: norms, withRespectTo: [w])[0]
    #expect(relativeDifference(try runProgram(graph, [second])[0], weights.values.map { 10 * Double($0) }) < 1e-6)
  }

  @Test("of logit = Σ x³ they are Σ 9 x⁴, with gradient 36 x³")
  func cubic() throws {
    let graph = Graph()
    let block = testBlock(12)
    let x = try graph.read(block, shape: [4, 3])
    let norms = try gradientNorms(of: (x.squared * x).sum(axes: [1]).reshaped(to: [4]), withRespectTo: x)
    let numbers = block.values.map(Double.init)
    let expected = numbers.reduce(0) { $0 + 9 * $1 * $1 * $1 * $1 }
    #expect(relativeDifference(try runProgram(graph, [norms])[0], [expected]) < 1e-6)
    let slope = try gradients(of: norms, withRespectTo: [x])[0]
    #expect(relativeDifference(try runProgram(graph, [slope])[0], numbers.map { 36 * $0 * $0 * $0 }) < 1e-6)
  }

  @Test("of a network with a hidden layer, their gradient equals central differences")
  func hidden() throws {
    let graph = Graph()
    let x = try graph.read(testBlock(12), shape: [3, 4])
    let first = try graph.read(testBlock(20, seed: 2), shape: [4, 5])
    let second = try graph.read(testBlock(5, seed: 3), shape: [5, 1])
    let logits = try matmul(tanh(matmul(x, first)), second).reshaped(to: [3])
    let norms = try gradientNorms(of: logits, withRespectTo: x)
    #expect(try gradientError(norms, withRespectTo: [first, second, x]) < 1e-6)
  }
}
