import Tensors
import TestSupport
import Testing

@testable import Graphs

@Suite struct GradientsTests {
  private let graph = Graph()

  private func literal(_ numbers: Float...) throws -> Value { try graph.literal(numbers, shape: [numbers.count]) }

  private func run(_ values: [Value]) throws -> [[Float]] { try runProgram(graph, values) }

  private func isZero(_ value: Value) -> Bool { (value.node.operation as? Constant)?.number == 0 }

  @Test("what the loss does not depend on has a constant zero as gradient, of its own shape")
  func independent() throws {
    let x = try literal(1, 2)
    let other = try graph.literal([1, 2, 3, 4, 5, 6], shape: [2, 3])
    let loss = try x.squared.total
    let later = try tanh(other)
    let found = try gradients(of: loss, withRespectTo: [other, later, x])
    #expect(isZero(found[0]) && found[0].shape == [2, 3])
    #expect(isZero(found[1]) && found[1].shape == [2, 3])
    #expect(try run(found) == [[0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0], [2, 4]])
  }

  @Test("a loss has gradient 1 with respect to itself")
  func itself() throws {
    let loss = try literal(3, 4).total
    #expect(try run(gradients(of: loss, withRespectTo: [loss])) == [[1]])
  }

  @Test("contributions of all uses add up")
  func uses() throws {
    let x = try literal(3, -5)
    // x² + x·x + 4x: slope 2x + 2x + 4
    let loss = try (x.squared + x * x + 4 * x).total
    #expect(try run(gradients(of: loss, withRespectTo: [x])) == [[16, -16]])
  }

  @Test("targets in between and before them are differentiated together")
  func between() throws {
    let x = try literal(2)
    let y = try x.squared
    let loss = try (y * x).total
    // d(x²·x)/dx = 3x², and with y held fixed ∂/∂y = x.
    #expect(try run(gradients(of: loss, withRespectTo: [x, y])) == [[12], [2]])
  }

  @Test("partial derivatives end at the targets")
  func partial() throws {
    let x = try literal(2)
    let y = try x.squared
    let loss = try (y * x).total
    let seed = try graph.constant(1)
    let found = try accumulateGradients(from: loss, seed: seed, to: [x, y], stopAtTargets: true)
    #expect(try run(found.map { try #require($0) }) == [[4], [2]])
  }

  @Test("a fused operation's decomposition keeps equal inputs apart")
  func decomposition() throws {
    let x = try literal(2, 3)
    let seed = try literal(1, 1)
    let found = try decomposedGradients(of: [x, x, x], seed: seed) { try $0[0] * $0[0] * $0[1] }
    // The graph shares x, the leaves do not: 2ab = 2x², a² = x², nothing.
    #expect(found[2] == nil)
    #expect(try run([#require(found[0]), #require(found[1])]) == [[8, 18], [4, 9]])
  }

  @Test("no gradient passes a detached value; the value itself passes")
  func detached() throws {
    let x = try literal(2, 3)
    let whole = try gradients(of: x.detached.squared.total, withRespectTo: [x])[0]
    #expect(isZero(whole))
    let product = try (x.detached * x).total
    #expect(try run([product] + gradients(of: product, withRespectTo: [x])) == [[13], [2, 3]])
    // Behind a detached value the graph can still be differentiated with respect to that value.
    let held = try x.squared.detached
    #expect(try run(gradients(of: (held * x).total, withRespectTo: [held])) == [[2, 3]])
  }

  @Test("comparisons and signs have no gradient")
  func steps() throws {
    let x = try literal(2, -3)
    for step in [try greater(x, than: 0), try equal(x, graph.constant(2)), try x.applying(.sign)] {
      #expect(try isZero(gradients(of: step.total, withRespectTo: [x])[0]))
    }
  }

  @Test("the largest of equals share the gradient evenly")
  func ties() throws {
    let x = try graph.literal([1, 5, 5, 2, 7, 7, 7, 7, 0, 1, 2, 3], shape: [3, 4])
    let loss = try (x.maximum(axes: [1]) * graph.literal([6, 8, 10], shape: [3, 1])).total
    let expected: [Float] = [0, 3, 3, 0, 2, 2, 2, 2, 0, 0, 0, 10]
    #expect(try run(gradients(of: loss, withRespectTo: [x])) == [expected])
  }

  @Test("of two equal numbers the first takes the gradient of maximum and minimum")
  func equalOperands() throws {
    let (a, b) = (try literal(1, 2, 3), try literal(3, 2, 1))
    let largest = try gradients(of: maximum(a, b).total, withRespectTo: [a, b])
    let smallest = try gradients(of: minimum(a, b).total, withRespectTo: [a, b])
    #expect(try run(largest + smallest) == [[0, 1, 1], [1, 0, 0], [1, 1, 0], [0, 0, 1]])
  }

  @Test("a NaN on the side that select does not take does no harm, nor in the gradient")
  func selectNaN() throws {
    let x = try literal(4, -1)
    let y = try select(greater(x, than: 0), then: squareRoot(x), else: x)
    let gradient = try gradients(of: y.total, withRespectTo: [y])[0]
    #expect(try run([y, gradient]) == [[2, -1], [1, 1]])
  }

  @Test("gradients can be differentiated again, and again")
  func third() throws {
    let x = try literal(2)
    var y = try x.squared.squared.total
    var expected: [Float] = [32, 48, 48, 24]
    for _ in 0..<4 {
      let slope = try gradients(of: y, withRespectTo: [x])[0]
      #expect(try run([slope]) == [[expected.removeFirst()]])
      y = try slope.total
    }
    #expect(try isZero(gradients(of: y, withRespectTo: [x])[0]))
  }

  @Test("the sum of a softmax's gradient over its columns is zero by rewrite")
  func softmaxShift() throws {
    let x = try graph.read(testBlock(12), shape: [3, 4])
    let shift = try graph.read(testBlock(3, seed: 2), shape: [3, 1])
    let y = try softmax(x + shift)
    let found = try gradients(of: (y.squared).total, withRespectTo: [shift, x])
    #expect(isZero(found[0]) && found[0].shape == [3, 1])
    #expect(!isZero(found[1]))
    // But not the sum over rows.
    let columns = try graph.read(testBlock(4, seed: 3), shape: [4])
    #expect(try !isZero(gradients(of: softmax(x + columns).squared.total, withRespectTo: [columns])[0]))
  }

  @Test("a broadcast value's gradient is the sum over where it went")
  func broadcast() throws {
    let x = try graph.literal([1, 2], shape: [2, 1])
    let y = try graph.literal([1, 2, 3, 4, 5, 6], shape: [2, 3])
    let scalar = try graph.literal([2], shape: .scalar)
    let found = try gradients(of: (x * y * scalar).total, withRespectTo: [x, scalar])
    #expect(try run(found) == [[12, 30], [36]])
    #expect(found.map(\.shape) == [[2, 1], .scalar])
  }
}
