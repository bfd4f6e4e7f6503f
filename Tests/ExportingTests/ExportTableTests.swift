import Graphs
import Layers
import Tensors
import Testing

@testable import Exporting

/// One row per operation that can be exported, alone and in the company that it has in networks.
@Suite struct ExportTableTests {
  /// Of the largest number. Winograd's convolutions in float32 err by 3e-6 of it, and two follow one another; scores that
  /// are exponentials go into hundreds, whose rounding is an error of the weights' logarithms.
  static let tolerance = 1e-5

  struct Row: Sendable, CustomTestStringConvertible {
    let name: String
    let shapes: [Shape]
    var isNormalized = false
    let body: @Sendable ([Value], Scope) throws -> Value
    var testDescription: String { name }

    init(
      _ name: String, _ shapes: Shape..., isNormalized: Bool = false,
      body: @escaping @Sendable ([Value], Scope) throws -> Value
    ) {
      (self.name, self.shapes, self.isNormalized, self.body) = (name, shapes, isNormalized, body)
    }

    var network: TestNetwork { get throws { try TestNetwork(shapes, isNormalized: isNormalized, body) } }
  }

  static let rows: [Row] =
    [
      Row("add, subtract, multiply, divide", [5], [5]) { x, _ in try (x[0] + x[1]) * x[0] / (x[1] + 3) - x[1] },
      Row("numbers per column", [5]) { x, s in try x[0] * s.parameter("a", [5], .zeros) + s.parameter("b", [5], .zeros)
      },
      Row("maximum, minimum, select", [5], [5]) { x, _ in
        try select(greater(x[0], than: x[1]), then: maximum(x[0], x[1]), else: minimum(x[0].squared, x[1]))
      },
      Row("a comparison as numbers", [4], [4]) { x, _ in try greater(x[0], than: x[1]) * x[0] + equal(x[0], x[0]) },
      Row("select by numbers", [4], [4]) { x, _ in try select(relu(x[0]), then: x[0], else: x[1]) },
      Row("functions", [6]) { x, _ in
        try exp(x[0]) + log(x[0] + 2) + tanh(x[0]) + sigmoid(x[0]) + softplus(x[0]) + squareRoot(x[0] + 2)
          + x[0].applying(.absolute) + x[0].applying(.sign) + (x[0] + 2).applying(.reciprocal) + -x[0]
          + leakyRelu(x[0], slope: 0.2) + relu(x[0]) + x[0].squared
      },
      Row("numbers of a layer for every sample", [3]) { x, s in
        try concatenate([x[0], s.parameter("w", [1, 4], .zeros).broadcast(to: [x[0].shape[0], 4])], axis: 1)
      },
      Row("constants for every sample", [3]) { x, _ in
        try concatenate([x[0], x[0].graph.constant(2, shape: [x[0].shape[0], 2])], axis: 1)
      },
      Row("reshape, transpose, slice, softmax", [3, 8]) { x, _ in
        try softmax(x[0].transposed.slice(1..<7, axis: 1)).reshaped(to: [x[0].shape[0], 18])
      },
      Row("sums and maxima", [3, 4, 5]) { x, _ in
        let n = x[0].shape[0]
        return try x[0].sum(axes: [1, 2]).reshaped(to: [n, 5]) + x[0].maximum(axes: [1, 2]).reshaped(to: [n, 5])
          + x[0].sum(axes: [1]).sum(axes: [2]).reshaped(to: [n, 5])
      },
      Row("sums per image of what a convolution made", [4, 4, 2]) { x, s in
        let h = try relu(convolution(x[0], outputChannels: 3, in: s / "c"))
        return try h.sum(axes: [1, 2]).reshaped(to: [x[0].shape[0], 3])
          * h.maximum(axes: [1, 2]).reshaped(
            to: [x[0].shape[0], 3])
      },
      Row("dense of rows and of tokens", [3, 4]) { x, s in
        try dense(dense(x[0], units: 5, in: s / "a").flattened, units: 2, in: s / "b")
      },
      Row("products of stacks", [3, 4], [5, 4]) { x, _ in
        try matmul(matmul(x[0], x[1], transposingRight: true), x[0], transposingLeft: true)
      },
      Row("fixed matrix on the left", [4, 5]) { x, s in
        try matmul(s.parameter("w", [1, 3, 4], .zeros).broadcast(to: [x[0].shape[0], 3, 4]), x[0])
      },
      Row("a projection that is used twice", [4]) { x, s in
        let h = try dense(x[0], units: 4, in: s / "a")
        return try h * 3 + relu(h)
      },
      Row("convolution, stride 2, then a gate", [6, 6, 3]) { x, s in
        try convolution(x[0], outputChannels: 4, stride: 2, in: s / "c") * s.parameter("gate", [1], .zeros)
      },
      Row("convolution without a bias, negated", [5, 7, 3]) { x, s in
        try -convolution(x[0], outputChannels: 4, bias: .none, in: s / "c")
      },
      Row("1×1 convolution between others", [4, 4, 3]) { x, s in
        let h = try relu(convolution(x[0], outputChannels: 8, in: s / "a"))
        return try convolution(
          relu(convolution(h, outputChannels: 5, kernel: 1, in: s / "b")), outputChannels: 2, in: s / "c")
      },
      Row("upsampling folded into a convolution", [4, 4, 8]) { x, s in
        try convolution(upsample(x[0]), outputChannels: 8, in: s / "c")
      },
      Row("upsampling before few channels", [4, 4, 3]) { x, s in
        try convolution(upsample(x[0]), outputChannels: 2, in: s / "c")
      },
      Row("pooling folded into a convolution", [4, 4, 8]) { x, s in
        try averagePool(convolution(x[0], outputChannels: 8, in: s / "c"))
      },
      Row("average and largest of 2×2", [4, 6, 3]) { x, _ in try averagePool(x[0]) + maxPool(x[0]) + sumPool(x[0]) },
      Row("batch norm behind a convolution", [4, 4, 3]) { x, s in
        try batchNorm(convolution(x[0], outputChannels: 4, in: s / "c"), in: s / "n")
      },
      Row("batch norm of rows and of sums", [4], [4]) { x, s in
        try batchNorm(dense(x[0], units: 4, in: s / "d") + x[1] * x[0], in: s / "n")
      },
      Row("conditional batch norm", [4, 4, 3], [2]) { x, s in
        try conditionalBatchNorm(
          convolution(x[0], outputChannels: 4, in: s / "c"), condition: x[1], in: s / "n")
      },
      Row("instance and layer norm", [4, 4, 3]) { x, s in
        try layerNorm(instanceNorm(x[0], in: s / "i"), in: s / "l")
      },
      Row("spectral norm", [4, 4, 3], isNormalized: true) { x, s in
        try dense(convolution(x[0], outputChannels: 4, in: s / "c").flattened, units: 3, in: s / "d")
      },
      Row("PReLU", [6]) { x, s in try prelu(x[0], in: s) },
      Row("non-local attention", [4, 4, 8]) { x, s in try nonLocalAttention(x[0], in: s) },
      Row("generator block", [4, 4, 8], [3]) { x, s in
        try generatorBlock(x[0], outputChannels: 8, condition: x[1], in: s)
      },
      Row("discriminator block", [4, 4, 8], isNormalized: true) { x, s in
        try discriminatorBlock(x[0], outputChannels: 8, isFirst: false, pools: true, in: s)
      },
      Row("pooled attention", [4, 3]) { x, s in try weightedAttention(x[0], in: s).output },
    ]
    + AttentionType.allCases.map { type in
      Row("\(type.rawValue) attention") { x, s in
        var options = AttentionOptions()
        (options.type, options.width, options.usesGate, options.usesValueProjection) = (type, 3, true, true)
        return try selfAttention(x[0], options: options, in: s).output
      }.with([5, 4])
    }
    + ScoreActivation.allCases.map { activation in
      Row("scores, \(activation.rawValue)") { x, s in
        var options = AttentionOptions()
        (options.activation, options.historyOnly) = (activation, true)
        return try selfAttention(x[0], options: options, in: s).output
      }.with([5, 4])
    }

  @Test("every operation computes the same in onnxruntime, for batches of 1, 3 and 65")
  func onnxruntime() throws {
    let directory = try TemporaryDirectory()
    let batches = [1, 3, 65]
    for (place, row) in Self.rows.enumerated() {
      let network = try row.network
      try ONNXModel(name: "net") { try network.build(batch: $0) }.write(to: "\(directory.path)/\(place).onnx")
      for batch in batches {
        try network.examples(batch: batch).writeNPZ(to: "\(directory.path)/\(place)-\(batch).npz")
      }
    }
    let script = """
      for place in range(int(sys.argv[2])):
          name = f"{sys.argv[1]}/{place}"
          onnx.checker.check_model(onnx.load(name + ".onnx"), full_check=True)
          session = onnxruntime.InferenceSession(name + ".onnx", providers=["CPUExecutionProvider"])
          worst = 0
          for batch in (1, 3, 65):
              with numpy.load(f"{name}-{batch}.npz") as example:
                  inputs = {i.name: example[i.name] for i in session.get_inputs()}
                  (y,) = session.run(["y"], inputs)
                  assert y.shape == example["y"].shape, (place, y.shape)
                  worst = max(worst, abs(y - example["y"]).max() / max(1, abs(example["y"]).max()))
          print(worst)
      """
    guard
      let output = try python(
        script, modules: ["onnx", "onnxruntime", "numpy"], arguments: [directory.path, "\(Self.rows.count)"])
    else { return print("skipped: no python3 with onnx, onnxruntime and numpy here") }
    let errors = output.split(separator: "\n").map { Double($0) ?? .infinity }
    try #require(errors.count == Self.rows.count, "\(output)")
    for (row, error) in zip(Self.rows, errors) { #expect(error <= Self.tolerance, "\(row.name): \(error)") }
  }

  @Test("every model is a sound graph: each value is made once, before it is used", arguments: rows)
  func structure(row: Row) throws {
    let network = try row.network
    let model = try ONNXModel(name: "net") { try network.build(batch: $0) }.proto
    var known = Set(model.graph.initializer.map(\.name) + model.graph.input.map(\.name))
    #expect(known.count == model.graph.initializer.count + model.graph.input.count)
    for node in model.graph.node {
      #expect(node.input.allSatisfy { $0.isEmpty || known.contains($0) }, "\(node.name): \(node.input)")
      for output in node.output { #expect(known.insert(output).inserted, "\(output) is made twice") }
    }
    #expect(known.contains("y"))
    // Nothing of the batches that it was built for is left.
    for value in model.graph.input + model.graph.output {
      #expect(value.type.tensorType.shape.dim.first?.dimParam == "N", "\(value.name)")
      #expect(value.type.tensorType.shape.dim.dropFirst().allSatisfy { $0.dimValue > 0 })
    }
    #expect(Set(model.graph.node.map(\.name)).count == model.graph.node.count)
  }
}

extension ExportTableTests.Row {
  /// The same row with an input of a shape.
  fileprivate func with(_ shape: Shape) -> Self { Self(name, shape, body: body) }
}
