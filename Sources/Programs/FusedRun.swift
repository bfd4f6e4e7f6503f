import CKernels
import Graphs
import Kernels
import Tensors

/// A fused run before its operands have addresses.
struct FusedRun {
  enum Operand: Hashable {
    /// The whole value of a node, read or written in step.
    case node(Int)
    /// A node's value from `offset` floats on, walked with other strides than the run's.
    case repeated(Int, strides: [Int], offset: Int)
    case constant(UInt32)
    case register(Int)
    /// A node that is a sum, written when the run ends.
    case sum(Int, strides: [Int])
  }

  /// The iteration space after joining axes that every operand walks alike.
  let extents: [Int]
  private(set) var operands: [Operand] = []
  private(set) var instructions: [ElementwiseInstruction] = []
  private var numbers: [Operand: Int] = [:]
  private var freeRegisters: [Int] = []
  private var registerCount = 0

  init(extents: [Int]) { self.extents = extents }

  /// Blocks and scratch memory.
  var layout: ElementwiseLayout {
    let sums = operands.compactMap { operand -> Int? in
      guard case .sum(_, let strides) = operand else { return nil }
      return ElementwiseLayout.sumCount(extents: extents, strides: strides)
    }
    return ElementwiseLayout(extents: extents, operands: operands.count, sums: sums)
  }

  mutating func takeRegister() -> Operand {
    if let free = freeRegisters.popLast() { return .register(free) }
    registerCount += 1
    return .register(registerCount - 1)
  }

  mutating func release(_ operand: Operand) {
    if case .register(let register) = operand { freeRegisters.append(register) }
  }

  mutating func emit(_ opcode: Int, _ destination: Operand, _ inputs: [Operand]) {
    let input = inputs.map { number(of: $0) }
    instructions.append(
      ElementwiseInstruction(
        opcode, number(of: destination), input[0], input.count > 1 ? input[1] : 0, input.count > 2 ? input[2] : 0))
  }

  private mutating func number(of operand: Operand) -> Int {
    if let known = numbers[operand] { return known }
    operands.append(operand)
    numbers[operand] = operands.count - 1
    return operands.count - 1
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
      case .repeated(let other, _, _): if location(other).root == input { return false }
      case .node, .constant, .register, .sum: continue
      }
    }
    return true
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
