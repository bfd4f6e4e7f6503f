import Graphs
import Layers
import Models
import Optimization
import Tensors
import TestSupport
import Testing

/// One step of SAGAN-32 against PyTorch in float64, from the same weights, singular vectors, noise and images:
/// Tests/Reference/sagan_reference.py has the formulas.
@Suite struct SAGANReferenceTests {
  /// Relative. The record says how far rounding alone may move each kind of number: losses and logits 1e-6, norms of
  /// gradients 1e-4, their elements 3e-4 (measured: 8e-7, 2e-6 and 2e-5, with Winograd's method). Mistakes start at
  /// 1e-3 (a variance divided by n − 1 in place of n) and mostly move gradients by 1e-2 and more.
  static let tolerance = 1e-3

  @Test("the formulas give the reference's numbers")
  func numbers() throws {
    let record = try SAGANRecord()
    for (name, expected) in record.samples {
      let numbers = NamedNumbers(name)
      let found: [Double]
      switch name.split(separator: "/").last {
      case "realLabels", "fakeLabels": found = (0..<4).map { Double(numbers.label($0)) }
      case "real": found = numbers.uniform(count: 4, scale: 0.9).map(Double.init)
      case "noise": found = numbers.uniform(count: 4, scale: 3.squareRoot()).map(Double.init)
      case "v": found = numbers.direction(count: 128).prefix(4).map(Double.init)
      case "kernel": found = numbers.parameter([128, 512]).prefix(4).map(Double.init)
      default: found = numbers.parameter([32]).prefix(4).map(Double.init)
      }
      for (found, expected) in zip(found, expected) { #expect(abs(found - expected) < 1e-7 * abs(expected), "\(name)") }
    }
  }

  @Test("losses, logits, pixels and gradients of both networks equal PyTorch's", arguments: ["small", "full"])
  func step(name: String) throws {
    let expected = try #require(try SAGANRecord().cases[name])
    let step = try SAGANReferenceStep(expected)
    let found = try step.run()
    for (loss, value) in expected.losses {
      let found = try #require(found.losses[loss])
      #expect(abs(found - value) <= Self.tolerance * abs(value), "\(loss) loss \(found), not \(value)")
    }
    let logits = try #require(expected.logits["real"]) + #require(expected.logits["fake"])
    #expect(relativeDifference(found.logits, logits) < Self.tolerance, "logits \(found.logits), not \(logits)")
    let pixels = expected.pixels.map { pixel in
      found.fake[zip(pixel.place, [expected.batch, 32, 32, 3]).reduce(0) { $0 * $1.1 + $1.0 }]
    }
    #expect(relativeDifference(pixels, expected.pixels.map(\.value)) < Self.tolerance, "pixels \(pixels)")
    for (loss, gradients) in expected.gradients {
      for (parameter, gradient) in gradients {
        let numbers = try #require(found.gradients[loss]?[parameter], "\(loss): no gradient of \(parameter)")
        check(numbers, gradient, "\(loss): \(parameter)")
      }
    }
  }

  /// The norm, and elements against the larger of their own size and the root mean square.
  private func check(_ numbers: [Float], _ expected: SAGANRecord.Gradient, _ name: String) {
    let norm = numbers.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    #expect(abs(norm - expected.norm) <= Self.tolerance * expected.norm, "\(name): norm \(norm), not \(expected.norm)")
    let typical = expected.norm / Double(numbers.count).squareRoot()
    for pair in expected.elements {
      let (found, value) = (Double(numbers[Int(pair[0])]), pair[1])
      #expect(
        abs(found - value) <= Self.tolerance * max(abs(value), typical),
        "\(name): element \(Int(pair[0])) is \(found), not \(value)")
    }
  }

  @Test("σ from the given singular vectors, and after two power iterations, equals PyTorch's")
  func singularValues() throws {
    let expected = try #require(try SAGANRecord().cases["small"])
    let step = try SAGANReferenceStep(expected)
    for (iterations, sigmas) in [(0, expected.sigmas), (2, expected.sigmasAfter)] {
      for network in [step.generator, step.discriminator] {
        network.spectral.warmUp(
          network.spectral.values, parameters: network.parameters.values, iterations: iterations)
        for (name, sigma) in sigmas where name.hasPrefix(network.parameters.name + "/") {
          // Sums of some thousand products in float32.
          #expect(abs(try network.sigma(of: name) - sigma) < 1e-5 * sigma, "\(name) after \(iterations)")
        }
      }
    }
  }
}

/// A step over the reference's numbers, as one graph.
struct SAGANReferenceStep {
  /// A network's parameters and singular vectors.
  struct Network {
    let parameters: ParameterTable
    let spectral: SpectralVectors

    init(_ name: String) {
      parameters = ParameterTable(name: name)
      spectral = SpectralVectors(name: name)
    }

    func scope(_ graph: Graph) -> Scope {
      Scope(graph: graph, parameters: parameters, weights: WeightOptions(initializer: .orthogonal, spectral: spectral))
    }

    /// vᵀWu.
    func sigma(of weight: String) throws -> Double {
      func numbers(_ table: ParameterTable, _ name: String) throws -> [Double] {
        let entry = try #require(table.entries.first { $0.name == name }, "no \(name)")
        return table.slice(entry, of: table.values).map(Double.init)
      }
      let (w, u) = (try numbers(parameters, weight), try numbers(spectral.table, weight + "/u"))
      let v = try numbers(spectral.table, weight + "/v")
      return w.indices.reduce(0) { $0 + v[$1 / u.count] * w[$1] * u[$1 % u.count] }
    }
  }

  struct Results {
    var losses: [String: Double] = [:]
    var logits: [Float] = []
    var fake: [Float] = []
    var gradients: [String: [String: [Float]]] = [:]
  }

  let generator = Network("generator")
  let discriminator = Network("discriminator")
  private let graph = Graph()
  private let losses: [String: Value]
  private let logits: Value
  private let fake: Value

  init(_ record: SAGANRecord.Case) throws {
    let n = record.batch
    let model = try SAGAN(
      imageShape: [32, 32, 3], noiseSize: 128, conditionSize: 10,
      generator: SAGANGenerator(channels: Array(repeating: record.generator, count: 4), attentionAt: [16]),
      discriminator: SAGANDiscriminator(
        channels: Array(repeating: record.discriminator, count: 4), downBlocks: 2, attentionAt: [16]))
    func input(_ name: String, _ shape: Shape, scale: Double) throws -> Value {
      try graph.literal(
        NamedNumbers("\(record.inputs)/\(name)").uniform(count: shape.count, scale: scale), shape: shape)
    }
    let graph = graph
    func labels(_ name: String) throws -> Value {
      let numbers = NamedNumbers("\(record.inputs)/\(name)")
      return try graph.literal(
        (0..<10 * n).map { numbers.label($0 / 10) == $0 % 10 ? 1 : 0 }, shape: [n, 10])
    }
    let real = try input("real", [n, 32, 32, 3], scale: 0.9)
    let (realLabels, fakeLabels) = (try labels("realLabels"), try labels("fakeLabels"))
    fake = try model.generate(
      noise: input("noise", [n, 128], scale: 3.squareRoot()), condition: fakeLabels, in: generator.scope(graph))

    let scope = discriminator.scope(graph)
    func judge(_ images: Value, _ condition: Value) throws -> Value {
      try model.judge(features: model.features(of: images, in: scope), condition: condition, in: scope)
    }
    logits = try judge(
      concatenate([real, fake.detached], axis: 0), concatenate([realLabels, fakeLabels], axis: 0))
    let share = 1 / Float(n)
    let cost = try AdversarialLoss.hinge.discriminatorCost(
      real: logits.slice(0..<n), fake: logits.slice(n..<2 * n))
    var losses = [
      "discriminator": try share * cost,
      "generator": try share * AdversarialLoss.hinge.generatorCost(fake: judge(fake, fakeLabels)),
    ]
    if record.losses["penalized"] != nil {
      let norms = try gradientNorms(of: judge(real, realLabels), withRespectTo: real)
      losses["penalized"] = try share * (cost + 10 / 2 * norms)
    }
    self.losses = losses
    for network in [generator, discriminator] { NamedNumbers.fill(network.parameters, network.spectral) }
  }

  /// Losses, logits, fakes, and the gradients of all parameters of the network that each loss is for.
  func run() throws -> Results {
    var outputs = [logits, fake]
    var places: [(loss: String, parameter: String)] = []
    for (loss, value) in losses {
      outputs.append(value)
      places.append((loss, ""))
      let table = (loss == "generator" ? generator : discriminator).parameters
      let targets = try table.entries.map { try graph.read(table.values, at: $0.offset, shape: $0.shape) }
      outputs += try gradients(of: value, withRespectTo: targets)
      places += table.entries.map { (loss, $0.name) }
    }
    let numbers = try runProgram(graph, outputs)
    var results = Results(logits: numbers[0], fake: numbers[1])
    for (place, numbers) in zip(places, numbers.dropFirst(2)) {
      if place.parameter.isEmpty {
        results.losses[place.loss] = Double(numbers[0])
      } else {
        results.gradients[place.loss, default: [:]][place.parameter] = numbers
      }
    }
    return results
  }
}
