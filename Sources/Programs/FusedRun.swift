import CKernels
import Graphs
import Kernels
import Tensors

/// A fused run before its operands have addresses.
struct FusedRun {
  enum Operand: Hashable {
    /// The whole value of a node, read or written in step.
    case node(Int)
    /// A node's value, repeated along axes.
    case repeated(Int, strides: [Int])
    case constant(UInt32)
    case register(Int)
  }

  /// The iteration space after joining axes that every operand walks alike.
  let extents: [Int]
  private(set) var operands: [Operand] = []
  private(set) var instructions: [ElementwiseInstruction] = []
  private var numbers: [Operand: Int] = [:]
  private var freeRegisters: [Int] = []
  private var registerCount = 0

  fileprivate init(extents: [Int]) { self.extents = extents }

  fileprivate mutating func number(of operand: Operand) -> Int {
    if let known = numbers[operand] { return known }
    operands.append(operand)
    numbers[operand] = operands.count - 1
    return operands.count - 1
  }

  fileprivate mutating func takeRegister() -> Operand {
    if let free = freeRegisters.popLast() { return .register(free) }
    registerCount += 1
    return .register(registerCount - 1)
  }

  fileprivate mutating func release(_ operand: Operand) {
    if case .register(let register) = operand { freeRegisters.append(register) }
  }

  fileprivate mutating func emit(_ opcode: Int, _ destination: Operand, _ inputs: [Operand]) {
    let input = inputs.map { number(of: $0) }
    instructions.append(
      ElementwiseInstruction(
        opcode, number(of: destination), input[0], input.count > 1 ? input[1] : 0, input.count > 2 ? input[2] : 0))
  }

  /// True if `node` may be written where `input` lies: the input is read in step only, and never after the write.
  func canWrite(_ node: Int, over input: Int, location: (Int) -> (root: Int, offset: Int)) -> Bool {
    guard let written = numbers[.node(node)] else { return false }
    guard let writing = instructions.firstIndex(where: { $0.destination == written }) else { return false }
    for (operand, number) in numbers {
      switch operand {
      case .node(let other) where other != node:
        let place = location(other)
        guard place.root == input else { continue }
        if place.offset != 0 { return false }
        // The operand must not be used once the first block of the result has been written.
        if instructions[(writing + 1)...].contains(where: { $0.a == number || $0.b == number || $0.c == number }) {
          return false
        }
      case .repeated(let other, _): if location(other).root == input { return false }
      case .node, .constant, .register: continue
      }
    }
    return true
  }
}

extension Planner {
  /// The instructions of a fused run, its operands still named by node.
  func fusedRun(of unit: Unit) -> FusedRun {
    let shape = graph.nodes[unit.nodes[0]].shape
    let axes = JoinedAxes(shape: shape, strides: repeatedInputs(of: unit, in: shape).map(\.strides))
    var run = FusedRun(extents: axes.extents)
    var lastUser: [Int: Int] = [:]
    for node in unit.nodes {
      for input in graph.nodes[node].inputs { lastUser[input] = node }
    }
    var home: [Int: FusedRun.Operand] = [:]
    for node in unit.nodes {
      let inputs = graph.nodes[node].inputs.map { operand(for: $0, in: shape, axes, home) }
      let isStored = isNeededInMemory(node)
      let destination = isStored ? .node(node) : run.takeRegister()
      emit(node, inputs, to: destination, in: &run)
      home[node] = destination
      // Only now: a function of several instructions reads its inputs until the last of them.
      for input in graph.nodes[node].inputs where lastUser[input] == node {
        if let register = home[input] { run.release(register) }
        // Once, where the same input is taken twice.
        lastUser[input] = nil
      }
    }
    return run
  }

  private func emit(
    _ node: Int, _ inputs: [FusedRun.Operand], to destination: FusedRun.Operand, in run: inout FusedRun
  ) {
    if case .broadcast = role(node) {
      let source = graph.nodes[node].inputs[0]
      let shape = graph.nodes[node].shape
      let axes = JoinedAxes(shape: shape, strides: [Broadcast.strides(of: graph.nodes[source].shape, in: shape)])
      run.emit(CK_OP_COPY, destination, [.repeated(source, strides: axes.strides[0])])
      return
    }
    guard case .elementwise(let function) = role(node) else { preconditionFailure("not elementwise") }
    if case .leakyRelu(let slope) = function {
      // max(x, slope · x) for slopes up to 1; a selection by sign beyond.
      let scaled = run.takeRegister()
      run.emit(CK_OP_MULTIPLY, scaled, [inputs[0], .constant(slope.bitPattern)])
      if slope <= 1, slope > 0 {
        run.emit(CK_OP_MAXIMUM, destination, [inputs[0], scaled])
      } else {
        let isPositive = run.takeRegister()
        run.emit(CK_OP_GREATER, isPositive, [inputs[0], .constant(0)])
        run.emit(CK_OP_SELECT, destination, [isPositive, inputs[0], scaled])
        run.release(isPositive)
      }
      run.release(scaled)
      return
    }
    run.emit(function.opcode, destination, inputs)
  }

  private func operand(
    for index: Int, in shape: Shape, _ axes: JoinedAxes, _ home: [Int: FusedRun.Operand]
  ) -> FusedRun.Operand {
    if let known = home[index] { return known }
    if case .constant(let number) = role(index) { return .constant(number.bitPattern) }
    if case .broadcast = role(index) {
      let source = graph.nodes[index].inputs[0]
      let strides = Broadcast.strides(of: graph.nodes[source].shape, in: shape)
      return .repeated(source, strides: axes.join(strides))
    }
    return .node(index)
  }

  private func repeatedInputs(of unit: Unit, in shape: Shape) -> [(node: Int, strides: [Int])] {
    unit.nodes.flatMap { node -> [(node: Int, strides: [Int])] in
      let inputs = isElementwise(node) ? graph.nodes[node].inputs : [node]
      return inputs.compactMap { input in
        guard case .broadcast = role(input) else { return nil }
        let source = graph.nodes[input].inputs[0]
        return (source, Broadcast.strides(of: graph.nodes[source].shape, in: shape))
      }
    }
  }
}

/// Neighbouring axes taken as one where every repeated operand walks them alike.
struct JoinedAxes {
  private(set) var extents: [Int] = []
  private(set) var strides: [[Int]]
  /// First original axis of each joined one is not needed; the last one carries the stride.
  private var lastAxis: [Int] = []

  init(shape: Shape, strides original: [[Int]]) {
    strides = Array(repeating: [], count: original.count)
    for axis in 0..<shape.rank where shape[axis] != 1 {
      let continues =
        !extents.isEmpty
        && original.indices.allSatisfy { strides[$0].last! == original[$0][axis] * shape[axis] }
      if continues {
        extents[extents.count - 1] *= shape[axis]
        lastAxis[lastAxis.count - 1] = axis
        for index in original.indices { strides[index][extents.count - 1] = original[index][axis] }
      } else {
        extents.append(shape[axis])
        lastAxis.append(axis)
        for index in original.indices { strides[index].append(original[index][axis]) }
      }
    }
    if extents.isEmpty {
      extents = [1]
      for index in original.indices { strides[index] = [0] }
    }
  }

  /// The strides of an operand that took part in joining, over the joined axes.
  func join(_ original: [Int]) -> [Int] { lastAxis.isEmpty ? [0] : lastAxis.map { original[$0] } }
}

extension ElementwiseFunction {
  /// The interpreter's instruction for a function that is a single one.
  fileprivate var opcode: Int {
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
