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
  static let real: [Float] = [-3, -0.5, 0, 0.25, 4]
  static let fake: [Float] = [2, -1, 0.5, -1.5, 0.75]

  /// What one pair of logits costs discriminator and generator, as the papers write it.
  private func paper(_ loss: AdversarialLoss, real r: Double, fake f: Double) -> (Double, Double) {
    let sigma = { (x: Double) in 1 / (1 + exp(-x)) }
    return switch loss {
    case .binaryCrossEntropy, .nonSaturating: (-log(sigma(r)) - log(1 - sigma(f)), -log(sigma(f)))
    case .hinge: (max(0, 1 - r) + max(0, 1 + f), -f)
    case .leastSquares: (0.5 * (r - 1) * (r - 1) + 0.5 * f * f, 0.5 * (f - 1) * (f - 1))
    case .wasserstein: (f - r, -f)
    case .relativistic: (-log(sigma(r - f)), -log(sigma(f - r)))
    }
  }

  /// Costs of discriminator and generator as values of one graph.
  private func costs(_ loss: AdversarialLoss, real: Value, fake: Value) throws -> [Value] {
    try [loss.discriminatorCost(real: real, fake: fake), loss.generatorCost(fake: fake, real: real)]
  }

  @Test("losses are what the papers write, summed over samples", arguments: AdversarialLoss.allCases)
  func formulas(loss: AdversarialLoss) throws {
    let graph = Graph()
    let real = try graph.literal(Self.real, shape: [5])
    let fake = try graph.literal(Self.fake, shape: [5])
    let found = try runProgram(graph, costs(loss, real: real, fake: fake))
    var expected = (0.0, 0.0)
    for (r, f) in zip(Self.real, Self.fake) {
      let pair = paper(loss, real: Double(r), fake: Double(f))
      expected = (expected.0 + pair.0, expected.1 + pair.1)
    }
    #expect(abs(Double(found[0][0]) - expected.0) < Self.tolerance * max(1, abs(expected.0)))
    #expect(abs(Double(found[1][0]) - expected.1) < Self.tolerance * max(1, abs(expected.1)))
  }

  @Test("only the relativistic loss looks at real samples in the generator's step", arguments: AdversarialLoss.allCases)
  func realInGeneratorStep(loss: AdversarialLoss) throws {
    let graph = Graph()
    let (real, fake) = (try graph.read(testBlock(5), shape: [5]), try graph.read(testBlock(5, seed: 2), shape: [5]))
    let cost = try loss.generatorCost(fake: fake, real: real)
    let slope = try runProgram(graph, [gradients(of: cost, withRespectTo: [real])[0]])[0]
    #expect(slope.contains { $0 != 0 } == loss.needsRealInGeneratorStep)
    if !loss.needsRealInGeneratorStep { #expect(try loss.generatorCost(fake: fake) == cost) }
  }

  @Test("one-sided costs add up to the pair's; beside a logit of 0 they are the relativistic pair's")
  func oneSided() throws {
    let graph = Graph()
    let (real, fake) = (try graph.read(testBlock(5), shape: [5]), try graph.read(testBlock(5, seed: 2), shape: [5]))
    let zero = try graph.constant(0, shape: [5])
    for loss in AdversarialLoss.allCases {
      let sides = try [loss.discriminatorCost(real: real), loss.discriminatorCost(fake: fake)]
      let pairs =
        loss == .relativistic
        ? try [loss.discriminatorCost(real: real, fake: zero), loss.discriminatorCost(real: zero, fake: fake)]
        : [try loss.discriminatorCost(real: real, fake: fake)]
      let found = try runProgram(graph, sides + pairs).map { Double($0[0]) }
      let (side, pair) = (found[0] + found[1], found.dropFirst(2).reduce(0, +))
      #expect(abs(side - pair) < Self.tolerance * max(1, abs(pair)), "\(loss)")
    }
  }

  @Test("hinge loss is zero beyond the margin, and has no slope there")
  func hinge() throws {
    let graph = Graph()
    let real = try graph.literal([1.5, 0.5], shape: [2])
    let fake = try graph.literal([-3, 0], shape: [2])
    let cost = try AdversarialLoss.hinge.discriminatorCost(real: real, fake: fake)
    let slopes = try gradients(of: cost, withRespectTo: [real, fake])
    #expect(try runProgram(graph, [cost] + slopes) == [[0.5 + 1], [0, -1], [0, 1]])
  }

  @Test("the discriminator's loss is a mean over both halves for binary cross-entropy alone")
  func weights() {
    for loss in AdversarialLoss.allCases {
      #expect(loss.discriminatorWeight == (loss == .binaryCrossEntropy ? 0.5 : 1))
    }
  }

  @Test(
    "an undecided discriminator costs log 2 a sample",
    arguments: [.binaryCrossEntropy, .nonSaturating, .relativistic] as [AdversarialLoss])
  func undecided(loss: AdversarialLoss) throws {
    let graph = Graph()
    let zero = try graph.literal([0], shape: [1])
    let found = try runProgram(graph, [loss.discriminatorCost(fake: zero), loss.generatorCost(fake: zero, real: zero)])
    #expect(found.allSatisfy { abs(Double($0[0]) - log(2)) < Self.tolerance })
  }

  @Test("huge logits cost what they are, and no more than that", arguments: [1e4, -1e4, 3e38, -3e38] as [Float])
  func huge(logit: Float) throws {
    for loss in [AdversarialLoss.binaryCrossEntropy, .nonSaturating] {
      let graph = Graph()
      let x = try graph.literal([logit], shape: [1])
      let sums = try [loss.discriminatorCost(real: x), loss.discriminatorCost(fake: x), loss.generatorCost(fake: x)]
      #expect(try runProgram(graph, sums).map { $0[0] } == [max(-logit, 0), max(logit, 0), max(-logit, 0)])
      let slopes = try runProgram(graph, sums.map { try gradients(of: $0, withRespectTo: [x])[0] }).map { $0[0] }
      #expect(slopes == (logit > 0 ? [0, 1, 0] : [-1, 0, -1]))
    }
  }

  @Test("gradients equal central differences", arguments: AdversarialLoss.allCases)
  func derivatives(loss: AdversarialLoss) throws {
    let graph = Graph()
    let real = try graph.read(testBlock(6, scale: 3), shape: [6])
    let fake = try graph.read(testBlock(6, seed: 2, scale: 3), shape: [6])
    for cost in try costs(loss, real: real, fake: fake) {
      // Central differences with step 1e-5 err by 1e-10 · third derivative.
      #expect(try gradientError(cost, withRespectTo: [real, fake]) < 1e-6)
    }
  }

  @Test("countPositive counts logits above zero")
  func counting() throws {
    let graph = Graph()
    let x = try graph.literal([-1, 0, 1e-30, 5, -0.0, .infinity], shape: [6])
    #expect(try runProgram(graph, [countPositive(x), countPositive(-x)]) == [[3], [1]])
  }
}
