import CKernels
import Tensors

/// An operand of a fused elementwise run.
public enum ElementwiseOperand {
  /// As many floats as the run has elements, read or written in place.
  case memory(UnsafeMutablePointer<Float>)
  /// Element (i₀, i₁, …) at Σ strideⱼ · iⱼ; stride 0 repeats.
  case repeated(UnsafeMutablePointer<Float>, strides: [Int])
  case constant(Float)
  /// A block register; lives in the first-level cache.
  case register
}

/// One step of a fused elementwise run: `destination = opcode(a, b, c)` over operand numbers.
public struct ElementwiseInstruction {
  /// One of `CK_OP_…`.
  public let opcode: Int
  public let destination: Int
  public let a: Int
  public let b: Int
  public let c: Int

  public init(_ opcode: Int, _ destination: Int, _ a: Int, _ b: Int = 0, _ c: Int = 0) {
    self.opcode = opcode
    self.destination = destination
    self.a = a
    self.b = b
    self.c = c
  }
}

/// A chain of elementwise functions executed block by block, so that a chain costs one trip through memory.
public final class ElementwiseRun {
  private var program: ck_elementwise_program
  private let operands: UnsafeMutablePointer<ck_operand>
  private let instructions: UnsafeMutablePointer<ck_instruction>

  /// Floats of scratch memory for a run of so many operands.
  public static func scratchCount(operands: Int) -> Int { operands * Int(CK_BLOCK) }

  /// - Parameters:
  ///   - extents: the iteration space, outermost first, at most four axes.
  ///   - scratch: `scratchCount(operands:)` floats, 64-byte aligned; without content between runs.
  public init(
    extents: [Int], operands list: [ElementwiseOperand], instructions steps: [ElementwiseInstruction],
    scratch: UnsafeMutablePointer<Float>
  ) {
    precondition(extents.count <= Int(CK_MAX_DIMENSIONS), "\(extents.count) axes in an elementwise run")
    operands = .allocate(capacity: max(1, list.count))
    instructions = .allocate(capacity: max(1, steps.count))
    let padding = Int(CK_MAX_DIMENSIONS) - extents.count
    for (index, operand) in list.enumerated() {
      var c = ck_operand()
      switch operand {
      case .memory(let pointer):
        c.kind = Int32(CK_CONTIGUOUS.rawValue)
        c.memory = pointer
      case .repeated(let pointer, let strides):
        c.kind = Int32(CK_BROADCAST.rawValue)
        c.memory = pointer
        withUnsafeMutableBytes(of: &c.stride) { bytes in
          let target = bytes.bindMemory(to: Int64.self)
          for (axis, stride) in strides.enumerated() { target[padding + axis] = Int64(stride) }
        }
      case .constant(let number):
        c.kind = Int32(CK_CONSTANT.rawValue)
        c.constant = number
      case .register: c.kind = Int32(CK_SCRATCH.rawValue)
      }
      (operands + index).initialize(to: c)
    }
    for (index, step) in steps.enumerated() {
      (instructions + index).initialize(
        to: ck_instruction(
          opcode: Int32(step.opcode), destination: Int32(step.destination), a: Int32(step.a),
          b: Int32(step.b), c: Int32(step.c)))
    }
    let all = Array(repeating: Int64(1), count: padding) + extents.map(Int64.init)
    program = ck_elementwise_program(
      extent: (all[0], all[1], all[2], all[3]), count: all.reduce(1, *), operandCount: Int32(list.count),
      instructionCount: Int32(steps.count), operands: UnsafePointer(operands),
      instructions: UnsafePointer(instructions), scratch: scratch)
  }

  deinit {
    operands.deallocate()
    instructions.deallocate()
  }

  public func run() { ck_elementwise_run(&program) }
}
