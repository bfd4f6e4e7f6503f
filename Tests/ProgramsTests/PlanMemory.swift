import CKernels
import Graphs
import Kernels
import Testing

@testable import Programs

/// Executes a plan on labels in place of numbers: every float of memory remembers which element of which value was
/// written there last, so a value that was overwritten too soon is found by name.
struct PlanMemory {
  private let plan: Plan
  /// Who wrote each float of the arena; nil where that is nobody or scratch.
  private var arena: [Label?]
  private(set) var problems: [String] = []

  private struct Label: Equatable {
    let node: Int
    let element: Int
  }

  init(_ plan: Plan) {
    self.plan = plan
    arena = Array(repeating: nil, count: plan.arenaCount)
  }

  /// What is wrong with the memory of `plan`; empty if nothing is.
  static func problems(_ plan: Plan, outputs: [Value]) -> [String] {
    var memory = PlanMemory(plan)
    for (position, unit) in plan.units.enumerated() { memory.execute(unit, at: position) }
    for output in outputs { memory.read(output.index, by: "the reader of the outputs") }
    return memory.problems
  }

  private mutating func execute(_ unit: Unit, at position: Int) {
    if let run = unit.run { execute(run, at: position) } else { executeKernel(unit, at: position) }
  }

  private mutating func executeKernel(_ unit: Unit, at position: Int) {
    let index = unit.nodes[0]
    let node = plan.graph.nodes[index]
    let name = "unit \(position), \(node.operation.name)"
    let scratch = node.operation.workspaceCount(
      inputs: node.inputs.map { plan.graph.nodes[$0].shape }, output: node.shape, threads: plan.threads)
    let workspace = unit.workspace..<unit.workspace + scratch
    wipe(workspace, by: name)
    for input in node.inputs { read(input, by: name) }
    if let epilogue = unit.epilogue { read(epilogue.bias, by: name) }
    // A product with an epilogue has the value of the last function.
    let result = unit.nodes.last!
    guard let output = range(of: result) else { return }
    if output.overlaps(workspace), scratch > 0 { problems.append("\(name): workspace over the output") }
    for input in node.inputs {
      guard let source = range(of: input), source.overlaps(output), !isInPlace(index, source, output) else { continue }
      problems.append("\(name): output \(output) over input \(source)")
    }
    write(result)
  }

  /// In-place kernels may write over the whole of their input; joins find parts where they belong.
  private func isInPlace(_ index: Int, _ source: Range<Int>, _ output: Range<Int>) -> Bool {
    switch plan.graph.nodes[index].operation.role {
    case .inPlaceKernel: source == output
    case .placement: output.lowerBound <= source.lowerBound && source.upperBound <= output.upperBound
    default: false
    }
  }

  private mutating func execute(_ run: FusedRun, at position: Int) {
    let name = "unit \(position), fused"
    let scratch = run.layout.scratchCount(parts: 1)
    if scratch > plan.scratchCount {
      problems.append("\(name): \(scratch) floats of scratch, \(plan.scratchCount) kept")
    }
    wipe(0..<scratch, by: name)
    checkOverlaps(of: run, name)
    for instruction in run.instructions {
      for operand in [instruction.a, instruction.b, instruction.c].prefix(Self.inputCount(instruction.opcode)) {
        switch run.operands[operand] {
        case .node(let node), .repeated(let node, _, _): read(node, by: name)
        case .constant, .register, .sum: continue
        }
      }
      if case .node(let node) = run.operands[instruction.destination] { write(node) }
    }
    // Sums are written when everything else is done.
    for case .sum(let node, _) in run.operands { write(node) }
  }

  /// Blocks of a run are executed one after the other: what is written may lie over what is read in step, exactly, and
  /// over nothing else.
  private mutating func checkOverlaps(of run: FusedRun, _ name: String) {
    let written = Set(run.instructions.map(\.destination))
    for number in written {
      guard case .node(let target) = run.operands[number], let output = range(of: target) else { continue }
      for (other, operand) in run.operands.enumerated() where other != number {
        switch operand {
        case .node(let node):
          guard let source = range(of: node), source.overlaps(output), source != output else { continue }
          problems.append("\(name): \(output) is a shifted part of \(source)")
        case .repeated(let node, _, _):
          guard let source = range(of: node), source.overlaps(output) else { continue }
          problems.append("\(name): \(output) over \(source), which is read again and again")
        case .constant, .register, .sum: continue
        }
      }
    }
  }

  private static func inputCount(_ opcode: Int) -> Int {
    switch opcode {
    case CK_OP_ADD, CK_OP_SUBTRACT, CK_OP_MULTIPLY, CK_OP_DIVIDE, CK_OP_MAXIMUM, CK_OP_MINIMUM, CK_OP_GREATER,
      CK_OP_EQUAL, CK_OP_SUM_PRODUCT:
      2
    case CK_OP_SELECT, CK_OP_SELECT_POSITIVE, CK_OP_MULTIPLY_ADD: 3
    default: 1
    }
  }
}

// Labels.
extension PlanMemory {
  /// Where a value lies in the arena; nil for other places.
  private func range(of node: Int) -> Range<Int>? {
    guard case .arena(let start)? = plan.storage[node], plan.graph.nodes[node].shape.count > 0 else { return nil }
    return start..<start + plan.graph.nodes[node].shape.count
  }

  /// The element that an element of a view or of a joined tensor is.
  private func label(_ node: Int, _ element: Int) -> Label {
    let made = plan.graph.nodes[node]
    switch made.operation.role {
    case .view(let offset): return label(made.inputs[0], element + offset)
    case .placement(let offsets, _):
      for (input, offset) in zip(made.inputs, offsets) where element >= offset {
        if element < offset + plan.graph.nodes[input].shape.count { return label(input, element - offset) }
      }
      return Label(node: node, element: element)
    default: return Label(node: node, element: element)
    }
  }

  private mutating func read(_ node: Int, by reader: String) {
    guard let range = range(of: node) else {
      if plan.storage[node] == nil { problems.append("\(reader): node \(node) has no memory") }
      return
    }
    guard range.upperBound <= arena.count else { return problems.append("\(reader): \(range) is outside of the arena") }
    for (element, place) in range.enumerated() where arena[place] != label(node, element) {
      let found = arena[place].map { "element \($0.element) of %\($0.node)" } ?? "nothing"
      return problems.append("\(reader): element \(element) of %\(node) at \(place) is gone; there is \(found)")
    }
  }

  private mutating func write(_ node: Int) {
    guard let range = range(of: node) else { return }
    guard range.upperBound <= arena.count else { return problems.append("%\(node): \(range) is outside of the arena") }
    for (element, place) in range.enumerated() { arena[place] = label(node, element) }
  }

  private mutating func wipe(_ range: Range<Int>, by name: String) {
    guard range.upperBound <= arena.count else { return problems.append("\(name): scratch \(range) is outside") }
    for place in range { arena[place] = nil }
  }
}
