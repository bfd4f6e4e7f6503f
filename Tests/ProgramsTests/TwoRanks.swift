import Communication
import Graphs
import TestSupport

@testable import Programs

/// A communicator whose sums are those of two ranks with the same numbers: every sum in place leaves a mark.
final class TwoRanks: Communicator {
  private let solo = SoloCommunicator()
  var rank: Int { 0 }
  var size: Int { 2 }
  var nodeRank: Int { 0 }
  var nodeSize: Int { 2 }
  var notes: [String] { [] }
  var pulse: Pulse { solo.pulse }

  func allReduceSum(_ values: UnsafeMutableBufferPointer<Float>) {
    for index in values.indices { values[index] *= 2 }
  }
  func allReduceSum(_ values: UnsafeMutableBufferPointer<Double>) {
    for index in values.indices { values[index] *= 2 }
  }
  func allReduceMaximum(_ values: UnsafeMutableBufferPointer<Int64>) {}
  func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) {}
  func gather(_ bytes: UnsafeRawBufferPointer, into gathered: UnsafeMutableRawBufferPointer?, at root: Int) {
    preconditionFailure("no program gathers")
  }
  func barrier() {}
  func makeReducibleBlock(
    floatCount: Int, buckets: [Range<Int>], settings: ReductionSettings
  ) throws(CommunicationError) -> ReducibleBlock {
    solo.makeReducibleBlock(floatCount: floatCount, buckets: buckets, settings: settings)
  }
  var isSumUnderWay: Bool { false }
  func progress() {}
  func close() {}
  func abort(exitCode: Int32) -> Never { preconditionFailure("abort with \(exitCode)") }
}

/// A plan with the memory to run it, which holds no number that could be right by accident.
struct TestProgram {
  let plan: Plan
  private let program: Program
  private let arena: Arena

  init(_ graph: Graph, _ outputs: [Value], communicator: any Communicator = TwoRanks()) {
    plan = Plan(name: "test", graph: graph, outputs: outputs)
    arena = Arena(plans: [plan])
    program = Program(plan, arena: arena, communicator: communicator)
  }

  func run() throws {
    for index in 0..<arena.byteCount / 4 { arena.base[index] = .nan }
    try program.run()
  }

  func values(of output: Value) -> [Float] { Array(program.values(of: output)) }
}
