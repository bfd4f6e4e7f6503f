import Graphs
import Tensors
import TestSupport
import Testing

@testable import Layers

/// Norms against slow loops in float64.
@Suite struct NormalizationTests {
  /// Float32 rounding of sums over a few dozen positions and of one root.
  static let tolerance = 3e-6
  static let shape: Shape = [4, 3, 5, 6]
  private let layer = TestLayer()

  /// Numbers around 0.7, so that no mean vanishes.
  private func images() throws -> (value: Value, numbers: [Double]) {
    let block = testBlock(Self.shape.count, seed: 5)
    for index in block.values.indices { block.values[index] = block.values[index] * 2 + 0.7 }
    return (try layer.graph.read(block, shape: Self.shape), block.values.map(Double.init))
  }

  /// Index of a position's sample and channel.
  private func place(_ index: Int) -> (sample: Int, channel: Int) { (index / 90, index % 6) }

  /// (x − mean)/√(variance + ε) over groups of positions that have one key.
  private func standardized(_ x: [Double], epsilon: Double = 1e-5, by key: (Int) -> Int) -> [Double] {
    var groups: [Int: [Int]] = [:]
    for index in x.indices { groups[key(index), default: []].append(index) }
    var y = x
    for group in groups.values {
      let mean = group.reduce(0) { $0 + x[$1] } / Double(group.count)
      let variance = group.reduce(0) { $0 + (x[$1] - mean) * (x[$1] - mean) } / Double(group.count)
      for index in group { y[index] = (x[index] - mean) / (variance + epsilon).squareRoot() }
    }
    return y
  }

  private func number(_ name: String, _ index: Int) -> Double {
    let entry = layer.parameters.entries.first { $0.name.hasSuffix("/" + name) }!
    return Double(layer.parameters.slice(entry, of: layer.parameters.values)[index])
  }

  private func check(_ y: Value, _ expected: [Double]) throws {
    #expect(relativeDifference(try layer.run(y)[0], expected) < Self.tolerance)
  }

  @Test("batch norm is (x − mean)/√(variance + ε) · gain + bias per channel")
  func batch() throws {
    let (x, numbers) = try images()
    let y = try batchNorm(x, in: layer.scope / "norm")
    layer.fill()
    let plain = standardized(numbers) { place($0).channel }
    try check(
      y, plain.indices.map { plain[$0] * number("gain", place($0).channel) + number("bias", place($0).channel) })
  }

  @Test("gains start at 1 and biases at 0")
  func start() throws {
    let (x, numbers) = try images()
    let condition = try layer.input([4, 3])
    let ys = try [
      batchNorm(x, in: layer.scope / "1"), instanceNorm(x, in: layer.scope / "2"), layerNorm(x, in: layer.scope / "3"),
    ]
    let conditional = try conditionalBatchNorm(x, condition: condition, in: layer.scope / "4")
    layer.parameters.values.allocate()
    layer.parameters.initialize(seed: 1)
    try check(ys[0], standardized(numbers) { place($0).channel })
    try check(ys[1], standardized(numbers) { place($0).sample * 6 + place($0).channel })
    try check(ys[2], standardized(numbers) { place($0).sample })
    let sums = condition.graph.nodes[condition.index].operation as! StateRead
    let rows = (0..<4).map { n in (0..<3).reduce(0.0) { $0 + Double(sums.block.values[n * 3 + $1]) } }
    let plain = standardized(numbers) { place($0).channel }
    try check(conditional, plain.indices.map { plain[$0] * rows[place($0).sample] })
  }

  @Test("conditional batch norm of a one-hot condition takes the class's gain and bias")
  func conditional() throws {
    let (x, numbers) = try images()
    let classes = [2, 0, 1, 2]
    let condition = try layer.graph.literal(
      classes.flatMap { label in (0..<3).map { $0 == label ? 1 : 0 } }, shape: [4, 3])
    let y = try conditionalBatchNorm(x, condition: condition, epsilon: 1e-2, in: layer.scope / "norm")
    layer.fill()
    let plain = standardized(numbers, epsilon: 1e-2) { place($0).channel }
    try check(
      y,
      plain.indices.map { index in
        let entry = classes[place(index).sample] * 6 + place(index).channel
        return plain[index] * number("gain", entry) + number("bias", entry)
      })
  }

  @Test("a condition that is not one row per sample is refused by name")
  func misfit() throws {
    let (x, _) = try images()
    let condition = try layer.input([3, 3])
    let found = #expect(throws: GraphError.self) {
      try conditionalBatchNorm(x, condition: condition, in: layer.scope / "norm")
    }
    #expect(found?.description == "net/norm: a condition per sample of [4, 3, 5, 6] is [4, K]; got [3, 3]")
  }

  @Test("a constant channel becomes its bias, though rounding leaves it a variance")
  func constantChannel() throws {
    let block = testBlock(Self.shape.count)
    for index in block.values.indices { block.values[index] = 0.1 + Float(index % 6) }
    let x = try layer.graph.read(block, shape: Self.shape)
    let y = try batchNorm(x, in: layer.scope / "norm")
    layer.parameters.values.allocate()
    layer.parameters.initialize(seed: 1)
    // E[x²] − mean² of numbers up to 5 leaves up to 5² · 6e-8 · a few; its root over √ε is what can be seen.
    #expect(try layer.run(y)[0].allSatisfy { abs($0) < 1e-2 })
  }

  @Test("an instance norm of features without positions is refused", arguments: [[4, 6], [4, 1, 6], [4, 1, 1, 6]])
  func withoutPositions(dimensions: [Int]) throws {
    let x = try layer.input(Shape(dimensions))
    let norms: [(Scope) throws -> Value] = [
      { try instanceNorm(x, in: $0) }, { try normalized(x, .instance, in: $0) },
    ]
    for norm in norms {
      let found = #expect(throws: GraphError.self) { try norm(layer.scope / "norm") }
      #expect(found?.description.hasPrefix("net/norm: an instance norm takes its statistics over positions") == true)
    }
    // A layer norm has the channels to look at.
    #expect(try layerNorm(x, in: layer.scope / "layer").shape == Shape(dimensions))
  }

  @Test("batch norm of dense features takes one collective, and none where ranks are on their own")
  func collectives() throws {
    for (statistics, name) in [
      (NormStatistics.global, "allReduceSum"), (.node, "allReduceSumOnNode"), (.rank, nil),
    ] as [(NormStatistics, String?)] {
      let graph = Graph()
      let scope = Scope(graph: graph, parameters: ParameterTable(name: "net"), norms: .training(statistics))
      _ = try batchNorm(graph.read(testBlock(12), shape: [4, 3]), in: scope)
      let found = graph.nodes.filter { $0.operation.isCollective }
      #expect(found.map(\.operation.name) == [name].compactMap { $0 })
      #expect(found.allSatisfy { $0.shape == [7] })
    }
  }
}
