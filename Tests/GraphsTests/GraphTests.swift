import Graphs
import Tensors
import TestSupport
import Testing

@Suite struct GraphTests {
  private let graph = Graph()

  private func input(_ shape: Shape, seed: UInt64 = 1) throws -> Value {
    try graph.read(testBlock(shape.count, seed: seed), shape: shape)
  }

  struct Misfit: Sendable, CustomTestStringConvertible {
    let message: String
    let shapes: [Shape]
    let build: @Sendable ([Value]) throws -> Value
    var testDescription: String { message }

    init(_ message: String, _ shapes: Shape..., build: @escaping @Sendable ([Value]) throws -> Value) {
      self.message = message
      self.shapes = shapes
      self.build = build
    }
  }

  static let misfits: [Misfit] = [
    Misfit("matmul: [2, 3] times [4, 5]: inner extents 3 and 4", [2, 3], [4, 5]) { try matmul($0[0], $0[1]) },
    Misfit("matmul: [2, 3]ᵀ times [4, 5]ᵀ: inner extents 2 and 5", [2, 3], [4, 5]) {
      try matmul($0[0], $0[1], transposingLeft: true, transposingRight: true)
    },
    Misfit("matmul: [2, 3, 4] and [3, 4, 5] do not pair up", [2, 3, 4], [3, 4, 5]) { try matmul($0[0], $0[1]) },
    Misfit("add: [2, 3] and [2, 4] differ at axis 1 and neither is 1 there", [2, 3], [2, 4]) { try $0[0] + $0[1] },
    Misfit("maximum: [3] and [2, 4] differ at axis 1 and neither is 1 there", [3], [2, 4]) {
      try maximum($0[0], $0[1])
    },
    Misfit("select: shapes differ: [2] and [2] and [3]", [2], [2], [3]) {
      try select($0[0], then: $0[1], else: $0[2])
    },
    Misfit("reshape: [2, 3] has 6 elements, [4] has 4", [2, 3]) { try $0[0].reshaped(to: [4]) },
    Misfit("broadcast: [3] and [2, 4] differ at axis 1 and neither is 1 there", [3]) {
      try $0[0].broadcast(to: [2, 4])
    },
    Misfit("broadcast: [2, 3] does not repeat to [1, 3]", [2, 3]) { try $0[0].broadcast(to: [1, 3]) },
    Misfit("concatenate: [2, 3] and [3, 3] differ outside axis 1", [2, 3], [3, 3]) { try concatenate($0, axis: 1) },
    Misfit("concatenate: axis 2 of [2, 3]", [2, 3], [2, 3]) { try concatenate($0, axis: 2) },
    Misfit("slice: elements 1..<4 of axis 0 of [3]", [3]) { try $0[0].slice(1..<4) },
    Misfit("transpose: [3] has no two axes to exchange", [3]) { try $0[0].transposed },
    Misfit("upsample: [2, 3, 4] is not a batch of images [N, H, W, C]", [2, 3, 4]) { try upsample($0[0]) },
    Misfit("sumPool: [2, 3] is not a batch of images [N, H, W, C]", [2, 3]) { try averagePool($0[0]) },
    Misfit("sumPool: height and width of [1, 3, 4, 2] must be even", [1, 3, 4, 2]) { try averagePool($0[0]) },
    Misfit("reduceSum: axes [2] of [2, 3]", [2, 3]) { try $0[0].sum(axes: [2]) },
    Misfit("reduceMaximum: axes [-1] of [2, 3]", [2, 3]) { try $0[0].maximum(axes: [-1]) },
    Misfit(
      "additiveScores: queries [2, 3, 4], keys [2, 3, 5], weights [4]", [2, 3, 4], [2, 3, 5], [4]
    ) { try additiveScores(queries: $0[0], keys: $0[1], weights: $0[2]) },
    Misfit("gradients need a scalar loss; this one has shape [2]", [2]) {
      try gradients(of: $0[0], withRespectTo: [$0[0]])[0]
    },
  ]

  @Test("shapes that do not fit are refused with the layer, the operation and the shapes", arguments: misfits)
  func misfit(misfit: Misfit) throws {
    let inputs = try misfit.shapes.map { try input($0) }
    let count = graph.nodes.count
    let found = #expect(throws: GraphError.self) {
      try graph.inLayer("generator/block1") { try misfit.build(inputs) }
    }
    #expect(found?.description == "generator/block1: " + misfit.message)
    #expect(graph.nodes.count == count || misfit.message.hasPrefix("select"), "a refused node stays out of the graph")
    #expect(graph.currentLayer == "")
  }

  @Test("outside of layers a message has no layer")
  func withoutLayer() throws {
    let x = try input([3])
    let found = #expect(throws: GraphError.self) { try x.transposed }
    #expect(found?.description == "transpose: [3] has no two axes to exchange")
  }

  @Test("nodes know the innermost layer that made them")
  func layers() throws {
    let x = try input([2, 2])
    let (outer, inner) = try graph.inLayer("a") { (try exp(x), try graph.inLayer("a/b") { try tanh(x) }) }
    #expect(outer.node.layer == "a" && inner.node.layer == "a/b")
    let loss = try (outer * inner).total
    let gradient = try gradients(of: loss, withRespectTo: [x])[0]
    // The gradient of tanh is computed on behalf of the layer that applied it.
    #expect(graph.nodes[inner.index...gradient.index].contains { $0.layer == "a/b" && $0.operation.name == "square" })
  }

  @Test("equal applications are one node, unequal ones are not")
  func sharing() throws {
    let (x, y) = (try input([2, 3]), try input([2, 3], seed: 2))
    #expect(try x + y == x + y)
    #expect(try x - y != y - x)
    #expect(try tanh(x) == tanh(x))
    #expect(try tanh(x) != tanh(y))
    #expect(try x.sum(axes: [0]) == x.sum(axes: [0]))
    #expect(try x.sum(axes: [0]) != x.sum(axes: [1]))
    #expect(try x.sum(axes: [1]) != x.maximum(axes: [1]))
    #expect(try leakyRelu(x, slope: 0.2) == leakyRelu(x, slope: 0.2))
    #expect(try leakyRelu(x, slope: 0.2) != leakyRelu(x, slope: 0.3))
    #expect(try matmul(x, y, transposingRight: true) != matmul(x, y, transposingLeft: true))
    #expect(try x.slice(0..<1) != x.slice(1..<2))
  }

  @Test("constants are shared by their bits: NaN equals NaN, −0 differs from 0")
  func constantSharing() throws {
    #expect(try graph.constant(.nan) == graph.constant(.nan))
    #expect(try graph.constant(0) != graph.constant(-0.0))
    #expect(try graph.constant(1, shape: [2]) != graph.constant(1, shape: [3]))
  }

  @Test("draws are shared by everything they depend on")
  func randomSharing() throws {
    let position = RunPosition()
    let draw = { (seed: UInt64, purpose: RandomPurpose, first: Int) in
      try graph.random(.normal, shape: [4, 2], seed: seed, purpose: purpose, firstSample: first, at: position)
    }
    #expect(try draw(1, .generatorNoise, 0) == draw(1, .generatorNoise, 0))
    #expect(try draw(1, .generatorNoise, 0) != draw(2, .generatorNoise, 0))
    #expect(try draw(1, .generatorNoise, 0) != draw(1, .discriminatorNoise, 0))
    #expect(try draw(1, .generatorNoise, 0) != draw(1, .generatorNoise, 4))
  }

  @Test("nothing computed is shared across an effect, and effects never are")
  func effects() throws {
    let blocks = ["average", "parameters"].map { StateBlock(name: $0, count: 4) }
    let scalar = try graph.constant(1)
    let sums = try blocks.map { try graph.read($0, shape: [4]).total }
    let update = WeightAverage(average: blocks[0], parameters: blocks[1])
    let first = try graph.apply(update, [scalar, scalar])
    let second = try graph.apply(update, [scalar, scalar])
    #expect(first != second)
    #expect(graph.effects == [first.index, second.index])
    for (block, sum) in zip(blocks, sums) { #expect(try graph.read(block, shape: [4]).total != sum) }
  }

  @Test("reads of a block are shared until an effect writes that block")
  func reads() throws {
    let (written, kept) = (StateBlock(name: "average", count: 4), StateBlock(name: "parameters", count: 4))
    let scalar = try graph.constant(1)
    let before = try [written, kept].map { try graph.read($0, shape: [4]) }
    let update = WeightAverage(average: written, parameters: kept)
    _ = try graph.apply(update, [scalar, scalar])
    let between = try [written, kept].map { try graph.read($0, shape: [4]) }
    #expect(between[0] != before[0] && between[1] == before[1])
    #expect(between[0].node.epoch == 1 && between[1].node.epoch == 0)
    _ = try graph.apply(
      WeightAverage(average: StateBlock(name: "other", count: 4), parameters: kept), [scalar, scalar])
    #expect(try graph.read(written, shape: [4]) == between[0] && graph.read(kept, shape: [4]) == before[1])
    _ = try graph.apply(update, [scalar, scalar])
    let after = try graph.read(written, shape: [4])
    #expect(after != between[0] && after != before[0] && after.node.epoch == 3)
  }

  @Test("a gradient after an effect reaches what a layer read before it")
  func gradientsAcrossEffects() throws {
    let (own, other) = (testBlock(4), StateBlock(name: "other", count: 4))
    let loss = try graph.read(own, shape: [4]).squared.total
    let scalar = try graph.constant(0)
    _ = try graph.apply(WeightAverage(average: other, parameters: own), [scalar, scalar])
    let gradient = try gradients(of: loss, withRespectTo: [graph.read(own, shape: [4])])[0]
    #expect(try runProgramWith(other, [gradient])[0] == own.values.map { 2 * $0 })
  }

  private func runProgramWith(_ block: StateBlock, _ outputs: [Value]) throws -> [[Float]] {
    block.allocate()
    return try runProgram(graph, outputs)
  }

  @Test("arithmetic of constants happens when the graph is built")
  func constantsFold() throws {
    let (two, three) = (try graph.constant(2, shape: [2, 3]), try graph.constant(3))
    func number(_ value: Value) -> Float? {
      (value.node.operation as? Constant)?.number
    }
    #expect(try number(two + three) == 5)
    #expect(try number(two - three) == -1)
    #expect(try number(two * three) == 6)
    #expect(try number(two / three) == 2 / 3 as Float)
    #expect(try number(-two) == -2)
    #expect(try number(graph.constant(1) / graph.constant(0)) == .infinity)
    #expect(try (two * three).shape == [2, 3])
    #expect(try number(two.reshaped(to: [6])) == 2)
    #expect(try number(three.broadcast(to: [4, 5])) == 3)
    #expect(try number(two.sum(axes: [1])) == 6 && two.sum(axes: [1]).shape == [2, 1])
    #expect(try number(two.total) == 12 && two.total.shape == .scalar)
    let image = try graph.constant(3, shape: [1, 2, 4, 5])
    #expect(try number(upsample(image)) == 3 && upsample(image).shape == [1, 4, 8, 5])
    #expect(try number(averagePool(image)) == 3 && averagePool(image).shape == [1, 1, 2, 5])
  }

  @Test("pooling what was upsampled leaves no node of either")
  func resampling() throws {
    let x = try input([2, 3, 5, 4])
    #expect(try averagePool(upsample(x)) == x)
    #expect(try sumPool(upsample(x)) == 4 * x)
    #expect(try upsample(averagePool(upsample(x))) == upsample(x))
    #expect(try upsample(x).shape == [2, 6, 10, 4])
  }

  @Test("adding nothing, multiplying by one and changes of nothing leave no node")
  func identities() throws {
    let x = try input([2, 3])
    for same in [
      try x + 0, try 0 + x, try x - 0, try x * 1, try 1 * x, try x / 1, try x.reshaped(to: [2, 3]),
      try x.broadcast(to: [2, 3]), try x.slice(0..<2), try x.sum(axes: []), try x.transposed.transposed,
      try x.reshaped(to: [6]).reshaped(to: [3, 2]).reshaped(to: [2, 3]), try concatenate([x], axis: 0),
    ] { #expect(same == x) }
    // A zero of a larger shape does change something: the shape.
    #expect(try (x + graph.constant(0, shape: [4, 2, 3])).shape == [4, 2, 3])
    // Multiplying by zero may not vanish: zero times infinity is not zero.
    let product = try x * 0
    #expect(product.node.operation.name == "multiply")
  }

  @Test("softmax over one column is the constant 1")
  func softmaxOfOne() throws {
    let y = try softmax(input([3, 4, 1]))
    #expect((y.node.operation as? Constant)?.number == 1 && y.shape == [3, 4, 1])
  }
}
