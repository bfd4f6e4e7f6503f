import Graphs
import TestSupport
import Testing

@testable import Programs

/// Where values lie, and that nobody's place is taken while it is needed.
@Suite struct MemoryTests {
  private func input(_ graph: Graph, _ count: Int, seed: UInt64 = 1) throws -> Value {
    try graph.read(testBlock(count, seed: seed), shape: [count])
  }

  /// Runs the plan and compares with what float32 gives for these few operations, exactly.
  private func check(
    _ graph: Graph, _ outputs: [Value], equal expected: [[Float]], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let program = TestProgram(graph, outputs)
    try program.run()
    #expect(PlanMemory.problems(program.plan, outputs: outputs) == [], sourceLocation: sourceLocation)
    for (output, numbers) in zip(outputs, expected) {
      #expect(program.values(of: output) == numbers, sourceLocation: sourceLocation)
    }
  }

  private func numbers(_ value: Value) -> [Float] {
    ReferenceEvaluator(value.graph).evaluate(value).map { Float($0) }
  }

  @Test("a deep chain of products needs the room of two values")
  func reuse() throws {
    let graph = Graph()
    var x = try graph.read(testBlock(64 * 64), shape: [64, 64])
    for _ in 0..<30 { x = try x.transposed.reshaped(to: [32, 128]).transposed.reshaped(to: [64, 64]) }
    let plan = Plan(name: "test", graph: graph, outputs: [x])
    #expect(plan.arenaCount == ArenaLayout.rounded(plan.scratchCount) + 2 * 64 * 64)
  }

  @Test("products share one workspace")
  func workspace() throws {
    let graph = Graph()
    let start = try graph.read(testBlock(32 * 32), shape: [32, 32])
    var x = start
    for _ in 0..<10 { x = try matmul(x, start, transposingRight: true) }
    let node = x.node
    let scratch = node.operation.workspaceCount(inputs: [x.shape, x.shape], output: x.shape, threads: 1)
    #expect(scratch > 0)
    let plan = Plan(name: "test", graph: graph, outputs: [x])
    let values = 2 * 32 * 32
    // First fit may leave one hole of a workspace's size between values.
    #expect(plan.arenaCount <= ArenaLayout.rounded(plan.scratchCount) + values + 2 * ArenaLayout.rounded(scratch))
    #expect(PlanMemory.problems(plan, outputs: [x]) == [])
  }

  @Test("an elementwise result takes the place of an input that ends with the run")
  func inPlace() throws {
    let graph = Graph()
    let a = try softmax(graph.read(testBlock(2000), shape: [40, 50]))
    let b = try softmax(tanh(a) * 2)
    let plan = Plan(name: "test", graph: graph, outputs: [b])
    #expect(plan.units.count == 3)
    #expect(plan.arenaCount <= plan.scratchCount + 2 * ArenaLayout.rounded(2000))
    #expect(PlanMemory.problems(plan, outputs: [b]) == [])
    let program = TestProgram(graph, [b])
    try program.run()
    #expect(relativeDifference(program.values(of: b), ReferenceEvaluator(graph).evaluate(b)) < 1e-5)
  }

  @Test("an input that later instructions of the run read is not overwritten by an earlier one")
  func noEarlyOverwrite() throws {
    let graph = Graph()
    let a = try softmax(graph.read(testBlock(2000), shape: [40, 50]))
    let early = try -a
    let late = try early + a
    // Both must exist: they are read by kernels.
    let outputs = [try early.transposed, try late.transposed]
    let program = TestProgram(graph, outputs)
    try program.run()
    #expect(PlanMemory.problems(program.plan, outputs: outputs) == [])
    #expect(program.values(of: outputs[1]).allSatisfy { $0 == 0 })
  }

  @Test("an input that the run also repeats is not overwritten")
  func noOverwriteOfRepeated() throws {
    let graph = Graph()
    let row = try softmax(graph.read(testBlock(1600), shape: [1, 1600]))
    let rows = try row + row.reshaped(to: [1600, 1]).slice(3..<4).broadcast(to: [1, 1600])
    let outputs = [try rows.reshaped(to: [40, 40]).transposed]
    let program = TestProgram(graph, outputs)
    try program.run()
    #expect(PlanMemory.problems(program.plan, outputs: outputs) == [])
    #expect(relativeDifference(program.values(of: outputs[0]), ReferenceEvaluator(graph).evaluate(outputs[0])) < 1e-5)
  }

  @Test("producers write straight into what joins them")
  func joined() throws {
    let graph = Graph()
    let (a, b) = (try tanh(input(graph, 7)), try softmax(input(graph, 9, seed: 2)))
    let whole = try concatenate([a, concatenate([b, a], axis: 0)], axis: 0)
    let plan = Plan(name: "test", graph: graph, outputs: [whole])
    guard case .arena(let start)? = plan.storage[whole.index], case .arena(let placeOfB)? = plan.storage[b.index] else {
      Issue.record("outputs lie in the arena")
      return
    }
    #expect(placeOfB == start + 7)
    #expect(PlanMemory.problems(plan, outputs: [whole]) == [])
    let program = TestProgram(graph, [whole])
    try program.run()
    #expect(relativeDifference(program.values(of: whole), ReferenceEvaluator(graph).evaluate(whole)) < 1e-6)
  }

  @Test("a sum over ranks takes over its input's place where nobody reads that later")
  func takeover() throws {
    let graph = Graph()
    let x = try -input(graph, 100)
    let sum = try allReduceSum(x)
    let plan = Plan(name: "test", graph: graph, outputs: [sum])
    #expect(plan.arenaCount == plan.scratchCount + ArenaLayout.rounded(100))
    try check(graph, [sum], equal: [numbers(x).map { 2 * $0 }])
  }

  @Test("a sum over ranks leaves its input alone where somebody reads that later")
  func noTakeover() throws {
    let graph = Graph()
    let x = try -input(graph, 100)
    let sum = try allReduceSum(x)
    let later = try x - sum
    try check(graph, [later], equal: [numbers(x).map { -$0 }])
    try check(graph, [sum, x], equal: [numbers(x).map { 2 * $0 }, numbers(x)])
    let view = try x.reshaped(to: [10, 10])
    try check(graph, [sum, view], equal: [numbers(x).map { 2 * $0 }, numbers(x)])
    // Neither state nor a constant may be summed in place.
    let read = try input(graph, 100)
    let ones = try graph.constant(1, shape: [3])
    try check(
      graph, [try allReduceSum(read), read, try allReduceSum(ones), ones],
      equal: [numbers(read).map { 2 * $0 }, numbers(read), [2, 2, 2], [1, 1, 1]])
  }

  @Test("a sum over ranks leaves its input alone where that is part of a joined tensor")
  func noTakeoverOfPart() throws {
    let graph = Graph()
    let (x, y) = (try -input(graph, 32), try -input(graph, 16, seed: 2))
    let both = try concatenate([x, y], axis: 0)
    let before = try both.reshaped(to: [6, 8]).transposed
    let sum = try allReduceSum(x)
    let after = try -both
    try check(
      graph, [before, sum, after],
      equal: [numbers(before), numbers(x).map { 2 * $0 }, numbers(after)])
  }

  @Test("a sum of a joined tensor leaves the parts alone that are read later")
  func noTakeoverOfJoin() throws {
    let graph = Graph()
    let (x, y) = (try -input(graph, 32), try -input(graph, 16, seed: 2))
    let both = try concatenate([x, y], axis: 0)
    let sum = try allReduceSum(both)
    let after = try x * 0.5
    try check(graph, [sum, after], equal: [numbers(both).map { 2 * $0 }, numbers(after)])
    try check(graph, [sum, y], equal: [numbers(both).map { 2 * $0 }, numbers(y)])
  }

  @Test("views of views, constants, inputs and one value twice can be outputs")
  func outputs() throws {
    let graph = Graph()
    let read = try input(graph, 24)
    let x = try -read
    let view = try x.reshaped(to: [4, 6]).slice(1..<3).reshaped(to: [12]).slice(2..<7)
    let ofState = try read.reshaped(to: [6, 4]).slice(2..<4)
    let seven = try graph.constant(7, shape: [5])
    let ofConstant = try seven.detached.slice(1..<3)
    let wide = try view.broadcast(to: [2, 5])
    let outputs = [view, ofState, seven, ofConstant, wide, x, x, read]
    try check(graph, outputs, equal: outputs.map(numbers))
  }

  @Test("constants and broadcasts are written out where a kernel reads them")
  func materialized() throws {
    let graph = Graph()
    let x = try -input(graph, 6)
    let wide = try x.broadcast(to: [4, 6])
    let three = try graph.constant(3, shape: [6, 2])
    let product = try matmul(wide, three)
    let outputs = [product, try wide.transposed + 1, try wide * 2]
    let program = TestProgram(graph, outputs)
    try program.run()
    #expect(PlanMemory.problems(program.plan, outputs: outputs) == [])
    for output in outputs {
      #expect(relativeDifference(program.values(of: output), ReferenceEvaluator(graph).evaluate(output)) < 1e-6)
    }
  }

  @Test("what no output and no effect needs is not computed")
  func dead() throws {
    let graph = Graph()
    let x = try input(graph, 8)
    _ = try softmax(x)
    let y = try -x
    #expect(Plan(name: "test", graph: graph, outputs: [y]).unitCount == 1)
    #expect(Plan(name: "test", graph: graph, outputs: []).unitCount == 0)
    #expect(Plan(name: "test", graph: graph, outputs: [x]).unitCount == 0)
  }

  @Test("free stretches of the arena are joined and used again")
  func layout() {
    var arena = ArenaLayout(reserving: 0)
    let first = arena.count
    let places = [20, 5, 16, 40].map { arena.allocate($0) }
    #expect(places == [0, 32, 48, 64].map { first + $0 })
    for (place, count) in zip(places, [20, 5, 16]).shuffled() { arena.free(place, count) }
    #expect(arena.allocate(64) == first)
    arena.free(places[3], 40)
    // The last hole touches the end and grows.
    #expect(arena.allocate(100) == places[3])
    #expect(arena.count == places[3] + 112)
  }

  @Test("no two places overlap but where one takes over the other's, and the fullest moment fits the arena")
  func places() throws {
    for seed in 1...20 {
      let made = try RandomGraph(seed: UInt64(seed))
      let plan = Plan(name: "test", graph: made.graph, outputs: made.outputs)
      for (index, a) in plan.memory.enumerated() {
        #expect(a.count > 0 && a.offset >= plan.scratchCount && a.offset + a.count <= plan.arenaCount)
        #expect(a.units.upperBound <= plan.unitCount)
        for b in plan.memory[..<index] {
          let isShared = a.offset < b.offset + b.count && b.offset < a.offset + a.count
          let common = a.units.clamped(to: b.units)
          let takesOver = a.offset == b.offset && a.count == b.count && common.count == 1
          #expect(!isShared || common.isEmpty || takesOver, "\(seed): \(a) \(b)")
        }
      }
      #expect(plan.memoryInUse.allSatisfy { $0 <= plan.arenaCount })
      if let fullest = plan.fullest {
        #expect(plan.memoryInUse[fullest.unit] == plan.memoryInUse.max())
        #expect(fullest.places.map(\.count) == fullest.places.map(\.count).sorted(by: >))
      }
    }
  }
}
