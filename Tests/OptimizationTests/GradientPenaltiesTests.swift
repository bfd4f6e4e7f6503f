import Graphs
import Tensors
import TestSupport
import Testing

@testable import Optimization

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

/// The other penalties.
@Suite struct GradientPenaltiesTests {
  /// A network with a hidden layer: logits of images `[3, 4]`.
  private struct Hidden {
    let graph = Graph()
    let x: Value
    let first: Value
    let second: Value

    init() throws {
      x = try graph.read(testBlock(12), shape: [3, 4])
      first = try graph.read(testBlock(20, seed: 2), shape: [4, 5])
      second = try graph.read(testBlock(5, seed: 3), shape: [5, 1])
    }

    func logits(_ images: Value) throws -> Value {
      try matmul(tanh(matmul(images, first)), second).reshaped(to: [3])
    }
  }

  @Test("the unit penalty of a linear network is (‖w‖ − 1)² for every sample")
  func linear() throws {
    let graph = Graph()
    let weights = testBlock(12, seed: 2)
    let images = try graph.read(testBlock(5 * 12), shape: [5, 3, 4])
    let w = try graph.read(weights, shape: [12, 1])
    let logits = try matmul(images.flattened, w).reshaped(to: [5])
    let penalty = try unitGradientPenalty(of: logits, withRespectTo: images)
    let norm = weights.values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    // Float32 rounding of a norm near 2, of which 1 is taken.
    #expect(relativeDifference(try runProgram(graph, [penalty])[0], [5 * (norm - 1) * (norm - 1)]) < 1e-5)
  }

  @Test("gradients of the unit penalty equal central differences")
  func second() throws {
    let net = try Hidden()
    let penalty = try unitGradientPenalty(of: net.logits(net.x), withRespectTo: net.x)
    #expect(try gradientError(penalty, withRespectTo: [net.first, net.second, net.x]) < 1e-6)
  }

  @Test("a gradient of zero is punished by 1 and leaves every slope finite")
  func flat() throws {
    let graph = Graph()
    let x = try graph.read(testBlock(6), shape: [2, 3])
    let w = try graph.literal([0, 0, 0], shape: [3, 1])
    let penalty = try unitGradientPenalty(of: matmul(x, w).reshaped(to: [2]), withRespectTo: x)
    let found = try runProgram(graph, [penalty, gradients(of: penalty, withRespectTo: [w])[0]])
    #expect(abs(found[0][0] - 2) < 1e-5 && found[1].allSatisfy { $0.isFinite })
  }

  @Test("interpolation takes one share per sample")
  func interpolation() throws {
    let graph = Graph()
    let real = try graph.literal([1, 2, 3, 4, 5, 6, 7, 8], shape: [2, 2, 2])
    let fake = try graph.constant(0, shape: [2, 2, 2])
    let share = try graph.literal([0.25, 0.5], shape: [2])
    let found = try runProgram(graph, [interpolated(real: real, fake: fake, share: share)])[0]
    #expect(found == [0.25, 0.5, 0.75, 1, 2.5, 3, 3.5, 4])
  }

  @Test("finite differences over many noises have the gradient norms as their mean")
  func finiteDifferences() throws {
    let net = try Hidden()
    let logits = try net.logits(net.x)
    let deviation: Float = 1e-3
    let exact = ReferenceEvaluator(net.graph).evaluate(try gradientNorms(of: logits, withRespectTo: net.x))[0]
    var mean = 0.0
    let draws = 400
    // ±1 noise has mean 0 and variance 1, like the normal one, and half its estimate's variance.
    for seed in 0..<draws {
      let numbers = testBlock(12, seed: UInt64(seed + 50))
      let signs = withExtendedLifetime(numbers) { numbers.values.map { Float($0 > 0 ? 1 : -1) } }
      let noisy = try net.x + deviation * net.graph.literal(signs, shape: [3, 4])
      let estimate = try finiteDifferenceNorms(of: logits, withNoise: net.logits(noisy), deviation: deviation)
      mean += ReferenceEvaluator(net.graph).evaluate(estimate)[0] / Double(draws)
    }
    // Each estimate has a relative deviation of about 1: a mean of 400 is within 5 % · 3.
    #expect(abs(mean / exact - 1) < 0.15)
  }
}
