import Graphs
import Layers
import Tensors
import TestSupport
import Testing

@Suite struct DenseTests {
  @Test(
    "a dense layer is x·kernel + bias over the last axis",
    arguments: [[2, 3], [2, 4, 3], [2, 2, 2, 3]] as [Shape])
  func values(shape: Shape) throws {
    let layer = TestLayer()
    let x = try layer.input(shape)
    let y = try dense(x, units: 2, in: layer.scope / "dense")
    #expect(y.shape == Shape(shape.dimensions.dropLast() + [2]))
    layer.fill()
    let numbers = layer.numbers(x)
    let columns: [[Double]] = [[1, 3, 5], [2, 4, 6]]
    let bias: [Double] = [10, -20]
    layer.set("kernel", [1, 2, 3, 4, 5, 6])
    layer.set("bias", [10, -20])
    var expected: [Double] = []
    for row in stride(from: 0, to: numbers.count, by: 3) {
      for (column, bias) in zip(columns, bias) {
        expected.append(zip(numbers[row..<row + 3], column).reduce(bias) { $0 + $1.0 * $1.1 })
      }
    }
    expectEqual(layer.numbers(y), expected, "float64", 1e-12)
    // Numbers of order 20 in float32.
    expectEqual(try layer.run(y)[0].map(Double.init), expected, "float32", 1e-5)
  }

  @Test("parameters are a Glorot uniform kernel, scaled on request, and a zero bias")
  func parameters() throws {
    let layer = TestLayer()
    let x = try layer.input([2, 3])
    _ = try dense(x, units: 4, in: layer.scope / "a")
    _ = try dense(x, units: 5, kernelScale: 0.2, in: layer.scope / "b")
    let entries = layer.parameters.entries
    #expect(entries.map(\.name) == ["net/a/kernel", "net/a/bias", "net/b/kernel", "net/b/bias"])
    #expect(entries.map(\.shape) == [[3, 4], [4], [3, 5], [5]])
    #expect(
      entries.map(\.initializer) == [.glorotUniform, .zeros, .scaled(.glorotUniform, by: 0.2), .zeros])
  }

  @Test("an input of another width is refused by the layer's name")
  func width() throws {
    let layer = TestLayer()
    _ = try dense(layer.input([2, 3]), units: 4, in: layer.scope / "dense")
    let found = #expect(throws: GraphError.self) {
      try dense(layer.input([2, 5]), units: 4, in: layer.scope / "dense")
    }
    #expect(
      found?.description == "net/dense: parameter net/dense/kernel has shape [3, 4] already, not [5, 4]")
  }

  @Test("PReLU passes what is positive and scales the rest by its feature's slope, 0 at first")
  func preluValues() throws {
    let layer = TestLayer()
    let x = try layer.graph.literal([-2, -1, 3, 4, -5, 0], shape: [2, 3])
    let y = try prelu(x, in: layer.scope / "prelu")
    layer.parameters.values.allocate()
    layer.parameters.initialize(seed: 1)
    #expect(try layer.run(y)[0] == [0, 0, 3, 4, 0, 0])
    layer.set("slope", [0.5, 2, -1])
    #expect(try layer.run(y)[0] == [-1, -2, 3, 4, -10, 0])
    #expect(layer.parameters.entries.map(\.name) == ["net/prelu/slope"])
    #expect(layer.parameters.entries[0].shape == [3])
  }

  @Test("PReLU's slope learns from negative inputs alone")
  func preluGradient() throws {
    let layer = TestLayer()
    let x = try layer.graph.literal([-2, -1, 3, 4, -5, 6], shape: [2, 3])
    let y = try prelu(x, in: layer.scope)
    let weights = try layer.graph.literal([1, 2, 3, 4, 5, 6], shape: [2, 3])
    let slope = try layer.parameter("slope", layer.scope)
    let found = try gradients(of: (y * weights).total, withRespectTo: [slope, x])
    layer.parameters.values.allocate()
    layer.set("slope", [0.5, 2, -1])
    let outputs = try runProgram(layer.graph, found)
    // Feature 0: −2 · 1; feature 1: −1 · 2 and −5 · 5; feature 2 was never negative.
    #expect(outputs[0] == [-2, -27, 0])
    #expect(outputs[1] == [0.5, 4, 3, 4, 10, 6])
  }

  @Test("hidden activations are what their names say", arguments: HiddenActivation.allCases)
  func activations(activation: HiddenActivation) throws {
    let layer = TestLayer()
    let x = try layer.graph.literal([-2, -0.5, 0, 3], shape: [1, 4])
    let y = try activate(x, with: activation, in: layer.scope)
    layer.parameters.values.allocate()
    let expected: [Double]
    switch activation {
    case .prelu:
      layer.set("slope", [0.25, 0.5, 1, 1])
      expected = [-0.5, -0.25, 0, 3]
    case .leakyRelu: expected = [-0.4, -0.1, 0, 3]
    case .relu: expected = [0, 0, 0, 3]
    case .tanh: expected = [-0.96402758, -0.46211716, 0, 0.99505475]
    case .linear: expected = [-2, -0.5, 0, 3]
    }
    expectEqual(try layer.run(y)[0].map(Double.init), expected, "\(activation)", 1e-6)
  }

  @Test("LeakyReLU has a slope of any size, below and above 1", arguments: [0, 0.2, 1, 1.5, -0.5] as [Float])
  func leakyReluSlopes(slope: Float) throws {
    let layer = TestLayer()
    let x = try layer.graph.literal([-2, -0.5, 0, 3], shape: [4])
    let y = try leakyRelu(x, slope: slope)
    let gradient = try gradients(of: y.total, withRespectTo: [x])[0]
    let outputs = try layer.run(y, gradient)
    let expected = [-2 * slope, -0.5 * slope, 0, 3]
    #expect(outputs[0] == expected)
    let slopes = [slope, slope, slope, 1]
    #expect(outputs[1] == slopes)
  }
}
