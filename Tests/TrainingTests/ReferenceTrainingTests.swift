import Communication
import Datasets
import Foundation
import Graphs
import Kernels
import Layers
import Models
import Optimization
import Programs
import Tensors
import Testing

@testable import Training

/// Twenty iterations against PyTorch, from the same weights, noise and images: Tests/Reference/training_reference.py
/// has the formulas.
@Suite struct ReferenceTrainingTests {
  /// Float32 and float64 differ by 4e-6 in the reference itself; a mistake shows from 1e-3 on.
  static let tolerance = 1e-4

  struct Record: Decodable {
    struct Variant: Decodable {
      let discriminatorLoss: [Double]
      let generatorLoss: [Double]
      let normsAfter: [String: Double]
    }
    let variants: [String: Variant]
  }

  @Test("losses of twenty iterations equal PyTorch's", arguments: ["plain", "gated", "penalized"])
  func losses(variant: String) throws {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../Reference/training_reference.json")
    let record = try JSONDecoder().decode(Record.self, from: Data(contentsOf: url))
    let expected = try #require(record.variants[variant])
    let run = try ReferenceRun(variant: variant)
    for n in 0..<20 {
      let losses = try run.iterate(n)
      #expect(abs(losses.discriminator - expected.discriminatorLoss[n]) < Self.tolerance, "D, iteration \(n)")
      #expect(abs(losses.generator - expected.generatorLoss[n]) < Self.tolerance, "G, iteration \(n)")
    }
    for (name, norm) in expected.normsAfter {
      #expect(abs(run.norm(of: name) - norm) <= 1e-4 * max(norm, 0.1), "norm of \(name)")
    }
  }
}

/// The training steps of the program over the reference's inputs.
private struct ReferenceRun {
  static let batch = 8
  let recipe: Recipe
  let inputs: StepInputs
  let noise: [RandomPurpose: StateBlock]
  let generator: NetworkState
  let discriminator: NetworkState
  let programs: StepPrograms

  init(variant: String) throws {
    var recipe = Recipe()
    recipe.training.batchSize = Self.batch
    if variant == "gated" {
      recipe = try Recipe(
        yaml: Recipe.embedded(named: "digits-dense").yaml, origin: "", settings: ["training.batchSize=8"])
      recipe.training.averageDecay = nil
    }
    if variant == "penalized" { recipe.training.r1Weight = 1 }
    self.recipe = recipe
    let images = ImageSet(imageShape: [16, 16, 1], pixels: [UInt8](repeating: 0, count: 256)[...], labels: [0])
    inputs = StepInputs(
      data: TrainingData(images: images, conditions: Conditions(classesOf: images, classCount: 10, seed: 1)),
      shard: Shard(globalBatch: Self.batch, rank: 0, size: 1), seed: 1)
    inputs.allocate()
    let noise = Dictionary(
      uniqueKeysWithValues: [RandomPurpose.discriminatorNoise, .generatorNoise].map {
        ($0, StateBlock(name: "noise", count: Self.batch * 100))
      })
    for block in noise.values { block.allocate() }
    self.noise = noise
    let model = try recipe.makeModel(imageShape: [16, 16, 1], conditionSize: 10)
    generator = NetworkState(
      name: "generator",
      settings: recipe.optimizer(learningRate: recipe.training.generatorLearningRate, averaging: true))
    discriminator = NetworkState(
      name: "discriminator",
      settings: recipe.optimizer(learningRate: recipe.training.discriminatorLearningRate, averaging: false))
    let context = StepContext(
      model: model, recipe: recipe, inputs: inputs, generator: generator, discriminator: discriminator, rankCount: 1,
      fixedNoise: { graph, purpose in try graph.read(noise[purpose]!, shape: [Self.batch, 100]) })
    let plans = try StepPlans(context, threads: 1)
    let communicator = SoloCommunicator()
    let arena = Arena(plans: plans.all)
    for network in [discriminator, generator] { try network.allocate(over: communicator) }
    programs = StepPrograms(plans, arena: arena, communicator: communicator, team: ThreadTeam())
    fillParameters(isGated: variant == "gated")
  }

  /// The reference's names beside ours, in its order; its position is the phase of the sine.
  static func names(isGated: Bool) -> [(theirs: String, ours: String)] {
    func dense(_ network: String, _ theirs: String, _ ours: String) -> [(String, String)] {
      ["kernel", "bias"].map { ("\(network)/\(theirs)/\($0)", "\(network)/\(ours)/\($0)") }
    }
    func attention(_ network: String) -> [(String, String)] {
      (["Wt", "Wx", "bh", "Wa", "ba"] + (isGated ? ["gate"] : [])).map {
        ("\(network)/attention/\($0)", "\(network)/attention/\($0)")
      }
    }
    let g = "generator"
    let d = "discriminator"
    return dense(g, "dense1", "before1") + [("generator/prelu/slope", "generator/before1/prelu/slope")] + attention(g)
      + (isGated ? dense(g, "dense2", "after1") + dense(g, "dense3", "image") : dense(g, "dense2", "image"))
      + dense(d, "dense1", "before1") + attention(d) + dense(d, "dense2", "after1") + dense(d, "dense3", "logit")
  }

  private func parameter(_ ours: String) -> (values: UnsafeMutableBufferPointer<Float>, shape: Shape) {
    let table = ours.hasPrefix("generator") ? generator.parameters : discriminator.parameters
    let entry = table.entries.first { $0.name == ours }!
    return (table.slice(entry, of: table.values), entry.shape)
  }

  private func fillParameters(isGated: Bool) {
    for (t, name) in Self.names(isGated: isGated).enumerated() {
      let (values, shape) = parameter(name.ours)
      for i in values.indices {
        let k = Double(i + 1)
        let wave = sin(0.37 * k + 0.01 * k * k + Double(t))
        if name.ours.hasSuffix("slope") {
          values[i] = 0
        } else if name.ours.hasSuffix("gate") {
          values[i] = 0.3
        } else {
          let scale = shape.rank == 2 ? (4 / Double(shape[0] + shape[1])).squareRoot() : 0.05
          values[i] = Float(scale * wave)
        }
      }
    }
  }

  func norm(of theirs: String) -> Double {
    let name = Self.names(isGated: theirs.contains("gate") || recipe.name == "digits-dense")
      .first { $0.theirs == theirs }!
    return parameter(name.ours).values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  func iterate(_ n: Int) throws -> (discriminator: Double, generator: Double) {
    fillInputs(n)
    discriminator.prepareUpdate()
    try programs.discriminator.gradients.run()
    try programs.discriminator.update.run()
    discriminator.finishUpdate()
    generator.prepareUpdate()
    try programs.generator.gradients.run()
    try programs.generator.update.run()
    generator.finishUpdate()
    return (Double(discriminator.report(0)), Double(generator.report(0)))
  }

  private func fillInputs(_ n: Int) {
    for s in 0..<Self.batch {
      let label = (s + n) % 10
      let wrong = (label + 1 + (s + n) % 9) % 10
      let conditions = [
        (inputs.realConditions, label), (inputs.wrongConditions, wrong),
        (inputs.discriminatorConditions, (s + n + 3) % 10), (inputs.generatorConditions, (s + n + 6) % 10),
      ]
      for (block, chosen) in conditions {
        for k in 0..<10 { block.values[s * 10 + k] = k == chosen ? 1 : 0 }
      }
      for r in 0..<16 {
        for q in 0..<16 {
          let angle = 0.5 * Double(r) + 0.3 * Double(q) * Double(label + 1) + 0.7 * Double(s) + 1.1 * Double(n)
          inputs.images.values[s * 256 + r * 16 + q] = Float(0.9 * cos(angle))
        }
      }
      for (purpose, phase) in [(RandomPurpose.discriminatorNoise, 1.0), (.generatorNoise, 2.0)] {
        for j in 0..<100 {
          let k = Double(j + 1)
          let angle = 1.7 * k + 0.05 * k * k * Double(s + 1) + 2.3 * Double(n) + phase
          noise[purpose]!.values[s * 100 + j] = Float(1.2 * sin(angle))
        }
      }
    }
  }
}
