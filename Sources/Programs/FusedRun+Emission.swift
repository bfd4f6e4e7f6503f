import CKernels
import Graphs
import Tensors

// From the functions and sums of a unit to the instructions of a run.

extension Planner {
  /// The instructions of a fused run, its operands still named by node.
  func fusedRun(of unit: Unit) -> FusedRun {
    var emission = Emission(self, unit)
    emission.emitAll()
    return emission.run
  }
}

private struct Emission {
  let planner: Planner
  let unit: Unit
  var run: FusedRun
  private let space: RunSpace
  private let axes: JoinedAxes
  private let members: Set<Int>
  /// Functions that the instruction of their only readers includes.
  private var included: Set<Int> = []
  private var lastUser: [Int: Int] = [:]
  private var home: [Int: FusedRun.Operand] = [:]

  init(_ planner: Planner, _ unit: Unit) {
    self.planner = planner
    self.unit = unit
    members = Set(unit.members)
    space = RunSpace(unit, planner)
    axes = JoinedAxes(shape: space.shape, strides: space.walks.map(\.strides))
    run = FusedRun(extents: axes.extents)
    included = Set(unit.members.filter(isIncluded))
  }

  mutating func emitAll() {
    // Sums come as soon as they can, so that the memory of what they read is free for what the run writes.
    var sums = unit.nodes.filter { planner.isGathered[$0] }
    var made: Set<Int> = []
    func isReady(_ sum: Int) -> Bool { inputs(of: sum).allSatisfy { !members.contains($0) || made.contains($0) } }
    var sequence: [Int] = []
    for node in [nil] + unit.members.filter({ !planner.isGathered[$0] }).map(Optional.some) {
      if let node {
        made.insert(node)
        if !included.contains(node) { sequence.append(node) }
      }
      sequence += sums.filter(isReady)
      sums.removeAll(where: isReady)
    }
    for node in sequence {
      for input in inputs(of: node) { lastUser[input] = node }
    }
    for node in sequence {
      emit(node)
      // Only now: a function of several instructions reads its inputs until the last of them.
      for input in inputs(of: node) where lastUser[input] == node {
        if let register = home[input] { run.release(register) }
        // Once, where the same input is taken twice.
        lastUser[input] = nil
      }
    }
  }

  /// The test of a selection and the product under a sum are part of one instruction.
  private func isIncluded(_ node: Int) -> Bool {
    guard case .elementwise(let function) = planner.role(node), !isStored(node) else { return false }
    let users = planner.users[node].filter(members.contains)
    switch function {
    case .greater:
      guard case .constant(0) = planner.role(planner.graph.nodes[node].inputs[1]) else { return false }
      return users.allSatisfy { user in
        guard case .elementwise(.select) = planner.role(user) else { return false }
        return !planner.graph.nodes[user].inputs.dropFirst().contains(node)
      }
    case .multiply, .square: return users.allSatisfy { planner.isGathered[$0] }
    default: return false
    }
  }

  private func isStored(_ node: Int) -> Bool { !unit.copies.contains(node) && planner.isNeededInMemory(node) }

  /// What the instructions of a node read.
  private func inputs(of node: Int) -> [Int] {
    let inputs = planner.graph.nodes[node].inputs
    guard let first = inputs.first, included.contains(first) else { return inputs }
    if case .elementwise(.select) = planner.role(node) {
      return [planner.graph.nodes[first].inputs[0]] + inputs.dropFirst()
    }
    guard planner.isGathered[node] else { return inputs }
    let factors = planner.graph.nodes[first].inputs
    return factors.count == 1 ? factors + factors : factors
  }

  private mutating func emit(_ node: Int) {
    switch planner.role(node) {
    case .sum:
      let operands = inputs(of: node).map(operand)
      let strides = axes.join(space.strides(of: Walk.sum(node, planner).strides))
      run.emit(operands.count == 2 ? CK_OP_SUM_PRODUCT : CK_OP_SUM, .sum(node, strides: strides), operands)
    case .broadcast:
      home[node] = .node(node)
      run.emit(CK_OP_COPY, .node(node), [repeated(Walk.repetition(node, planner))[0]])
    case .pool:
      let destination = destination(of: node)
      let pixels = repeated(Walk.pool(node, planner))
      let (above, below) = (run.takeRegister(), run.takeRegister())
      run.emit(CK_OP_ADD, above, [pixels[0], pixels[1]])
      run.emit(CK_OP_ADD, below, [pixels[2], pixels[3]])
      run.emit(CK_OP_ADD, destination, [above, below])
      run.release(above)
      run.release(below)
    case .elementwise(let function):
      let operands = inputs(of: node).map(operand)
      emit(function, operands, to: destination(of: node), of: node)
    case .stored, .constant, .view, .placement, .kernel, .inPlaceKernel, .effect:
      preconditionFailure("\(planner.graph.nodes[node].operation.name) in a fused run")
    }
  }

  private mutating func destination(of node: Int) -> FusedRun.Operand {
    let destination = isStored(node) ? FusedRun.Operand.node(node) : run.takeRegister()
    home[node] = destination
    return destination
  }

  private mutating func emit(
    _ function: ElementwiseFunction, _ operands: [FusedRun.Operand], to destination: FusedRun.Operand, of node: Int
  ) {
    switch function {
    case .leakyRelu(let slope):
      if slope == 0 { return run.emit(CK_OP_MAXIMUM, destination, [operands[0], .constant(0)]) }
      // max(x, slope · x) for slopes up to 1; a selection by sign beyond.
      let scaled = run.takeRegister()
      run.emit(CK_OP_MULTIPLY, scaled, [operands[0], .constant(slope.bitPattern)])
      if slope <= 1, slope > 0 {
        run.emit(CK_OP_MAXIMUM, destination, [operands[0], scaled])
      } else {
        run.emit(CK_OP_SELECT_POSITIVE, destination, [operands[0], operands[0], scaled])
      }
      run.release(scaled)
    case .select where included.contains(planner.graph.nodes[node].inputs[0]):
      run.emit(CK_OP_SELECT_POSITIVE, destination, operands)
    default: run.emit(function.opcode, destination, operands)
    }
  }

  private func operand(for index: Int) -> FusedRun.Operand {
    if let known = home[index] { return known }
    if case .constant(let number) = planner.role(index) { return .constant(number.bitPattern) }
    if case .broadcast = planner.role(index) { return repeated(Walk.repetition(index, planner))[0] }
    return .node(index)
  }

  private func repeated(_ walk: Walk) -> [FusedRun.Operand] {
    let strides = axes.join(space.strides(of: walk.strides))
    return walk.offsets.map { .repeated(walk.node, strides: strides, offset: $0) }
  }
}

extension ElementwiseFunction {
  /// The interpreter's instruction for a function that is a single one.
  var opcode: Int {
    switch self {
    case .add: CK_OP_ADD
    case .subtract: CK_OP_SUBTRACT
    case .multiply: CK_OP_MULTIPLY
    case .divide: CK_OP_DIVIDE
    case .maximum: CK_OP_MAXIMUM
    case .minimum: CK_OP_MINIMUM
    case .greater: CK_OP_GREATER
    case .equal: CK_OP_EQUAL
    case .select: CK_OP_SELECT
    case .negate: CK_OP_NEGATE
    case .absolute: CK_OP_ABSOLUTE
    case .sign: CK_OP_SIGN
    case .exp: CK_OP_EXP
    case .log: CK_OP_LOG
    case .tanh: CK_OP_TANH
    case .sigmoid: CK_OP_SIGMOID
    case .squareRoot: CK_OP_SQRT
    case .reciprocal: CK_OP_RECIPROCAL
    case .square: CK_OP_SQUARE
    case .softplus: CK_OP_SOFTPLUS
    case .leakyRelu: preconditionFailure("leakyRelu is several instructions")
    }
  }
}
