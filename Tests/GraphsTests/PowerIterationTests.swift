import Graphs
import Tensors
import TestSupport
import Testing

@Suite struct PowerIterationTests {
  private let matrices = SpectralMatrices()
  private let parameters = testBlock(64, seed: 3)
  private let vectors = testBlock(64, seed: 4)

  /// One run of a program with the effect; matrices are added after the node was made.
  private func run(apply: Float) throws {
    let graph = Graph()
    let scalar = try graph.literal([apply], shape: .scalar)
    _ = try graph.apply(
      PowerIteration(matrices: matrices, parameters: parameters, vectors: vectors), [scalar])
    matrices.add(SpectralMatrices.Matrix(rows: 6, columns: 4, weight: 0, u: 0, v: 16))
    matrices.add(SpectralMatrices.Matrix(rows: 3, columns: 5, weight: 32, u: 32, v: 48))
    _ = try runProgram(graph, [])
  }

  @Test("every matrix that is known when the kernel is bound takes one step; weights stay")
  func step() throws {
    let (w, start) = (Array(parameters.values), Array(vectors.values))
    try run(apply: 1)
    #expect(Array(parameters.values) == w)
    for matrix in matrices.all {
      var product = [Double](repeating: 0, count: matrix.rows)
      for row in 0..<matrix.rows {
        for column in 0..<matrix.columns {
          let weight = Double(w[matrix.weight + row * matrix.columns + column])
          product[row] += weight * Double(start[matrix.u + column])
        }
      }
      let length = product.reduce(0) { $0 + $1 * $1 }.squareRoot()
      product = product.map { $0 / length }
      let v = Array(vectors.values[matrix.v..<matrix.v + matrix.rows])
      // Float32 rounding of sums of a few terms.
      #expect(relativeDifference(v, product) < 1e-6)
    }
  }

  @Test("apply = 0 touches nothing, not even with weights of NaN")
  func skip() throws {
    for index in parameters.values.indices { parameters.values[index] = .nan }
    let start = Array(vectors.values)
    try run(apply: 0)
    #expect(Array(vectors.values) == start)
  }

  @Test("inputs other than one scalar are refused")
  func misfit() throws {
    let graph = Graph()
    let x = try graph.literal([1, 1], shape: [2])
    #expect(throws: GraphError.self) {
      try graph.apply(PowerIteration(matrices: matrices, parameters: parameters, vectors: vectors), [x])
    }
  }
}
