import Communication
import Graphs
import Programs
import Tensors

/// Runs the planned program of `outputs` once.
public func runProgram(_ graph: Graph, _ outputs: [Value]) throws -> [[Float]] {
  let plan = Plan(name: "test", graph: graph, outputs: outputs)
  let program = Program(plan, arena: Arena(plans: [plan]), communicator: SoloCommunicator())
  try program.run()
  return outputs.map { Array(program.values(of: $0)) }
}

/// A block of numbers between −1 and 1 without pattern, the same at every run.
public func testBlock(_ count: Int, seed: UInt64 = 1, scale: Double = 1) -> StateBlock {
  let block = StateBlock(name: "test", count: count)
  block.allocate()
  let stream = RandomStream(seed: seed, purpose: .evaluation)
  for index in 0..<count {
    block.values[index] = Float(scale * (2 * stream.uniform(iteration: 0, sample: UInt32(index)) - 1))
  }
  return block
}

/// The largest difference between two lists, relative to the largest of the second; infinite where a number is not
/// finite, which `max` would overlook.
public func relativeDifference(_ a: [Float], _ b: [Double]) -> Double {
  precondition(a.count == b.count, "\(a.count) and \(b.count) numbers")
  guard a.allSatisfy(\.isFinite) else { return .infinity }
  let scale = max(b.map(abs).max() ?? 0, 1e-30)
  return (zip(a, b).map { abs(Double($0) - $1) }.max() ?? 0) / scale
}

/// The largest difference between symbolic gradients of `loss` and central differences, both in float64, relative to the
/// largest gradient of each target, or to a thousandth of the largest of all: differences of a gradient that vanishes are
/// rounding noise.
public func gradientError(
  _ loss: Value, withRespectTo targets: [Value], step: Double = 1e-5
) throws -> Double {
  let symbolic = try gradients(of: loss, withRespectTo: targets).map { ReferenceEvaluator(loss.graph).evaluate($0) }
  let numeric = targets.map { centralDifferences(of: loss, withRespectTo: $0, step: step) }
  guard (symbolic + numeric).joined().allSatisfy(\.isFinite) else { return .infinity }
  let largest = numeric.joined().map(abs).max() ?? 0
  return zip(symbolic, numeric).map { found, expected in
    let scale = max(expected.map(abs).max() ?? 0, 1e-3 * largest, 1e-6)
    return zip(found, expected).map { abs($0 - $1) }.max()! / scale
  }.max() ?? 0
}

private func centralDifferences(of loss: Value, withRespectTo target: Value, step: Double) -> [Double] {
  let start = ReferenceEvaluator(loss.graph).evaluate(target)
  return start.indices.map { index in
    let shifted = { (amount: Double) -> Double in
      var numbers = start
      numbers[index] += amount
      return ReferenceEvaluator(loss.graph, fixed: [target: numbers]).evaluate(loss)[0]
    }
    return (shifted(step) - shifted(-step)) / (2 * step)
  }
}
