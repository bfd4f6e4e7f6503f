import Glibc
import Graphs
import Tensors
import TestSupport
import Testing

@testable import Layers

/// LAPACK's singular values of a column-major matrix, from the OpenBLAS that products use.
private typealias SingularValues =
  @convention(c) (
    UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafePointer<Int32>, UnsafePointer<Int32>, UnsafeMutablePointer<Float>,
    UnsafePointer<Int32>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, UnsafePointer<Int32>,
    UnsafeMutablePointer<Float>, UnsafePointer<Int32>, UnsafeMutablePointer<Float>, UnsafePointer<Int32>,
    UnsafeMutablePointer<Int32>
  ) -> Void

@Suite struct SpectralVectorsTests {
  /// A network of normalised weights.
  private struct Net {
    let graph = Graph()
    let parameters = ParameterTable(name: "net")
    let spectral = SpectralVectors(name: "net")
    let scope: Scope

    init(_ initializer: Initializer = .normal()) {
      scope = Scope(
        graph: graph, parameters: parameters, weights: WeightOptions(initializer: initializer, spectral: spectral))
    }

    func start(iterations: Int = 10, seed: UInt64 = 1) {
      parameters.values.allocate()
      parameters.initialize(seed: seed)
      spectral.values.allocate()
      spectral.start(parameters: parameters.values, seed: seed, iterations: iterations)
    }

    /// The plain weight.
    func plain(_ index: Int = 0) throws -> Value {
      let entry = parameters.entries[index]
      return try graph.read(parameters.values, at: entry.offset, shape: entry.shape)
    }

    func vector(_ name: String) -> [Double] {
      let entry = spectral.table.entries.first { $0.name.hasSuffix(name) }!
      return spectral.table.slice(entry, of: spectral.values).map(Double.init)
    }
  }

  /// The largest singular value of a row-major matrix; its transpose, which LAPACK sees, has the same.
  private func largestSingularValue(_ matrix: [Float], rows: Int, columns: Int) throws -> Double {
    let symbol = try #require(dlsym(nil, "sgesvd_"), "OpenBLAS without LAPACK")
    let sgesvd = unsafeBitCast(symbol, to: SingularValues.self)
    var (a, m, n, one) = (matrix, Int32(columns), Int32(rows), Int32(1))
    var values = [Float](repeating: 0, count: min(rows, columns))
    var work = [Float](repeating: 0, count: 10 * (rows + columns))
    var (workCount, info, unused) = (Int32(10 * (rows + columns)), Int32(0), Float(0))
    let none = CChar(UInt8(ascii: "N"))
    withUnsafePointer(to: none) { job in
      withUnsafeMutablePointer(to: &unused) { unused in
        sgesvd(job, job, &m, &n, &a, &m, &values, unused, &one, unused, &one, &work, &workCount, &info)
      }
    }
    #expect(info == 0)
    return Double(values[0])
  }

  @Test(
    "σ after 200 iterations is LAPACK's largest singular value",
    arguments: [[3, 3, 8, 24], [1, 1, 40, 5], [17, 1], [10, 33], [64, 64]] as [Shape])
  func lapack(shape: Shape) throws {
    let net = Net()
    let weight = try net.scope.weight("kernel", shape)
    net.start(iterations: 200)
    let numbers = Array(net.parameters.slice(net.parameters.entries[0], of: net.parameters.values))
    let sigma = try largestSingularValue(numbers, rows: shape.leading, columns: shape.last)
    let expected = numbers.map { Double($0) / sigma }
    // Two iterations of 200 with a ratio of singular values near 0.99 leave 0.99⁴⁰⁰ = 2 % of the second vector, which
    // enters σ squared; float32 products leave 1e-6.
    #expect(relativeDifference(try runProgram(net.graph, [weight])[0], expected) < 5e-4)
    // A weight divided so has norm 1.
    let normalized = try runProgram(net.graph, [weight])[0]
    let norm = try largestSingularValue(normalized, rows: shape.leading, columns: shape.last)
    #expect(abs(norm - 1) < 5e-4)
  }

  @Test("a weight is W/(vᵀWu), whatever u and v are")
  func formula() throws {
    let net = Net()
    let weight = try net.scope.weight("kernel", [2, 3, 4, 5])
    net.start(iterations: 1)
    let (u, v) = (net.vector("/u"), net.vector("/v"))
    #expect(u.count == 5 && v.count == 24)
    let w = net.parameters.values.values.prefix(120).map(Double.init)
    var sigma = 0.0
    for row in 0..<24 { for column in 0..<5 { sigma += v[row] * w[row * 5 + column] * u[column] } }
    #expect(relativeDifference(try runProgram(net.graph, [weight])[0], w.map { $0 / sigma }) < 1e-6)
  }

  @Test("gradients reach the weight through σ too, to second order; u and v are constants")
  func gradientsAreExact() throws {
    let net = Net()
    let weight = try net.scope.weight("kernel", [3, 2, 4])
    let factors = try net.graph.read(testBlock(24, seed: 8), shape: [3, 2, 4])
    let loss = try (factors * (weight + 0.5 * weight.squared)).total
    let target = try net.plain()
    let first = try gradients(of: loss, withRespectTo: [target])[0]
    let penalty = try first.squared.total
    net.start(iterations: 2)
    // Central differences with step 1e-5 err by 1e-10 · third derivative.
    #expect(try gradientError(loss, withRespectTo: [target]) < 1e-6)
    #expect(try gradientError(penalty, withRespectTo: [target]) < 1e-5)
    // Nothing changes along W itself: W/σ does not know W's length.
    let w = ReferenceEvaluator(net.graph).evaluate(target)
    let slope = ReferenceEvaluator(net.graph).evaluate(first)
    let along = zip(w, slope).reduce(0) { $0 + $1.0 * $1.1 }
    #expect(abs(along) < 1e-5 * slope.map(abs).max()!)
    let expected = ReferenceEvaluator(net.graph).evaluate(first)
    #expect(relativeDifference(try runProgram(net.graph, [first])[0], expected) < 1e-5)
  }

  @Test("convolutions, dense layers and embeddings are normalised, norms and biases are not")
  func layers() throws {
    let net = Net()
    let x = try net.graph.read(testBlock(2 * 4 * 4 * 3), shape: [2, 4, 4, 3])
    let condition = try net.graph.read(testBlock(8), shape: [2, 4])
    let y = try batchNorm(convolution(x, outputChannels: 5, in: net.scope / "conv"), in: net.scope / "norm")
    let h = try dense(y.flattened, units: 6, in: net.scope / "dense")
    _ = try projection(h, condition: condition, in: net.scope / "embedding")
    #expect(
      net.spectral.table.entries.map(\.name) == [
        "net/conv/kernel/u", "net/conv/kernel/v", "net/dense/kernel/u", "net/dense/kernel/v", "net/embedding/table/u",
        "net/embedding/table/v",
      ])
    #expect(net.spectral.matrices.all.map { [$0.rows, $0.columns] } == [[27, 5], [80, 6], [4, 6]])
  }

  @Test("without spectral norm a weight is the parameter itself")
  func plain() throws {
    let layer = TestLayer()
    let weight = try (layer.scope / "layer").weight("kernel", [3, 4])
    #expect(weight.node.operation is StateRead)
  }

  @Test("a second graph of the network finds the same vectors")
  func sharing() throws {
    let net = Net()
    _ = try net.scope.weight("kernel", [3, 4])
    let other = Scope(graph: Graph(), parameters: net.parameters, weights: net.scope.weights)
    _ = try other.weight("kernel", [3, 4])
    #expect(net.spectral.table.entries.count == 2 && net.spectral.matrices.all.count == 1)
  }

  @Test("vectors start by seed and name alone, and have length 1")
  func start() throws {
    let build = { (seed: UInt64, names: [String]) throws -> [Double] in
      let net = Net()
      for name in names { _ = try net.scope.weight(name, [6, 5]) }
      net.start(seed: seed)
      return net.vector("net/a/u")
    }
    let u = try build(1, ["a"])
    #expect(try build(1, ["b", "a"]) == u && build(2, ["a"]) != u)
    #expect(abs(u.reduce(0) { $0 + $1 * $1 } - 1) < 1e-6)
  }

  @Test("averaged weights are followed in a block of their own")
  func averaged() throws {
    let net = Net()
    _ = try net.scope.weight("kernel", [12, 9])
    let average = StateBlock(name: "average", count: net.parameters.values.count)
    let vectors = net.spectral.makeBlock(name: "vectors of the average")
    let graph = Graph()
    let scope = Scope(
      graph: graph, parameters: net.parameters, source: average,
      weights: WeightOptions(spectral: net.spectral, spectralSource: vectors))
    let weight = try scope.weight("kernel", [12, 9])
    net.start()
    for block in [average, vectors] { block.allocate() }
    // Another matrix altogether.
    let other = testBlock(108, seed: 77)
    withExtendedLifetime(other) { _ = average.values.update(fromContentsOf: other.values) }
    let live = Array(net.spectral.values.values)
    net.spectral.follow(average, into: vectors, iterations: 200)
    #expect(Array(net.spectral.values.values) == live)
    let normalized = try runProgram(graph, [weight])[0]
    #expect(abs(try largestSingularValue(normalized, rows: 12, columns: 9) - 1) < 1e-4)
  }
}
