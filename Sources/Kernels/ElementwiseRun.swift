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
  /// The sums over the axes of stride 0, gathered in float64 and written when the run is finished. The other strides
  /// are those of the sums; that of the last axis is 0 or 1.
  case sum(UnsafeMutablePointer<Float>, strides: [Int])
}

/// One step of a fused elementwise run: `destination = opcode(a, b, c)` over operand numbers.
public struct ElementwiseInstruction {
  /// One of `CK_OP_…`; `CK_OP_SUM` and `CK_OP_SUM_PRODUCT` have a sum as destination, all others have not.
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

/// A chain of elementwise functions executed block by block, so that a chain costs one trip through memory; sums of its
/// values are gathered on the way.
///
/// Parts of a run may execute on several threads at once: `run(part:parts:)` for each, then `finish(parts:)`. Every part
/// works on blocks of its own, in scratch memory of its own, and gathers partial sums, which `finish` adds in the order
/// of the parts. So results depend on the number of parts in the last digit of sums alone, never on timing.
public final class ElementwiseRun {
  /// Apart, since all threads of a team hand it to C at once; none writes to it.
  private let program: UnsafeMutablePointer<ck_elementwise_program>
  private let operands: UnsafeMutablePointer<ck_operand>
  private let instructions: UnsafeMutablePointer<ck_instruction>
  /// Extents, then the strides of one operand after the other.
  private let axes: UnsafeMutablePointer<Int64>
  private let scratch: UnsafeMutablePointer<Float>
  private let layout: ElementwiseLayout
  private let sums: [(target: UnsafeMutablePointer<Float>, offset: Int, count: Int)]

  /// - Parameters:
  ///   - extents: the iteration space, outermost first.
  ///   - scratch: as many floats as the layout of a run of so many parts says, 64-byte aligned; without content between
  ///     runs.
  public init(
    extents: [Int], operands list: [ElementwiseOperand], instructions steps: [ElementwiseInstruction],
    scratch: UnsafeMutablePointer<Float>
  ) {
    let extents = extents.isEmpty ? [1] : extents
    operands = .allocate(capacity: max(1, list.count))
    instructions = .allocate(capacity: max(1, steps.count))
    axes = .allocate(capacity: extents.count * (1 + list.count))
    axes.initialize(repeating: 0, count: extents.count * (1 + list.count))
    for (axis, extent) in extents.enumerated() { axes[axis] = Int64(extent) }
    var sums: [(target: UnsafeMutablePointer<Float>, offset: Int, count: Int)] = []
    var sumCount = 0
    for (index, operand) in list.enumerated() {
      var c = ck_operand()
      let place = axes + extents.count * (1 + index)
      switch operand {
      case .memory(let pointer):
        c.kind = Int32(CK_CONTIGUOUS.rawValue)
        c.memory = pointer
      case .repeated(let pointer, let strides):
        c.kind = Int32(CK_BROADCAST.rawValue)
        c.memory = pointer
        for (axis, stride) in strides.enumerated() { place[axis] = Int64(stride) }
      case .constant(let number):
        c.kind = Int32(CK_CONSTANT.rawValue)
        c.constant = number
      case .register: c.kind = Int32(CK_SCRATCH.rawValue)
      case .sum(let pointer, let strides):
        c.kind = Int32(CK_SUM.rawValue)
        c.offset = Int64(sumCount)
        for (axis, stride) in strides.enumerated() { place[axis] = Int64(stride) }
        let count = ElementwiseLayout.sumCount(extents: extents, strides: strides)
        sums.append((pointer, sumCount, count))
        sumCount += count
      }
      c.stride = UnsafePointer(place)
      (operands + index).initialize(to: c)
    }
    for (index, step) in steps.enumerated() {
      (instructions + index).initialize(
        to: ck_instruction(
          opcode: Int32(step.opcode), destination: Int32(step.destination), a: Int32(step.a),
          b: Int32(step.b), c: Int32(step.c)))
    }
    layout = ElementwiseLayout(extents: extents, operands: list.count, sums: sums.map(\.count))
    program = .allocate(capacity: 1)
    program.initialize(
      to: ck_elementwise_program(
        extent: axes, count: extents.reduce(1) { $0 * Int64($1) }, block: Int64(layout.block),
        sumCount: Int64(sumCount), dimensions: Int32(extents.count), operandCount: Int32(list.count),
        instructionCount: Int32(steps.count), operands: operands, instructions: instructions))
    self.sums = sums
    self.scratch = scratch
  }

  deinit {
    program.deallocate()
    operands.deallocate()
    instructions.deallocate()
    axes.deallocate()
  }

  /// The whole run.
  public func run() {
    run(part: 0, parts: 1)
    finish(parts: 1)
  }

  /// The blocks of one of `parts` equal parts.
  public func run(part: Int, parts: Int) {
    let (count, block) = (Int(program.pointee.count), layout.block)
    let blocks = (count + block - 1) / block
    let (first, last) = (blocks * part / parts * block, min(count, blocks * (part + 1) / parts * block))
    ck_elementwise_run(program, Int64(first), Int64(last), slots(part), partialSums(part))
  }

  /// Writes the sums, once all parts have run.
  public func finish(parts: Int) {
    for sum in sums {
      for index in 0..<sum.count {
        var total = 0.0
        for part in 0..<parts { total += partialSums(part)[sum.offset + index] }
        sum.target[index] = Float(total)
      }
    }
  }

  private func slots(_ part: Int) -> UnsafeMutablePointer<Float> { scratch + part * layout.scratchPerPart }

  private func partialSums(_ part: Int) -> UnsafeMutablePointer<Double> {
    UnsafeMutableRawPointer(slots(part) + layout.slotCount).assumingMemoryBound(to: Double.self)
  }
}

/// How long the blocks of a run are, and how much scratch memory it takes.
public struct ElementwiseLayout: Sendable {
  /// Elements of a block.
  public let block: Int
  /// Floats of all registers of a part.
  let slotCount: Int
  /// Floats of scratch that a part of a run takes.
  let scratchPerPart: Int

  /// Floats that all operands of a block may take together: a third of the smallest first-level cache. Runs of few
  /// operands have longer blocks then, which halves the time of sums.
  private static let cached = 4096
  /// Shorter blocks cost more in calls than the cache gives back.
  private static let shortestBlock = 512

  /// - Parameters:
  ///   - extents: the iteration space, outermost first.
  ///   - operands: the number of operands, sums included.
  ///   - sums: how many numbers each sum makes.
  public init(extents: [Int], operands: Int, sums: [Int]) {
    // Halved until it fits: five rows of 256 are a third slower than four.
    var longest = Int(CK_BLOCK)
    while longest > Self.shortestBlock, longest * (operands - sums.count) > Self.cached { longest /= 2 }
    let last = extents.last ?? 1
    // Whole rows, so that a repeated row is the same in every block.
    let vectors = last * 16 / Self.greatestCommonDivisor(last, 16)
    if extents.count > 1, last > 0, vectors <= longest {
      block = longest / vectors * vectors
    } else if extents.count > 1, last > 0, last <= longest {
      block = longest / last * last
    } else {
      block = longest / 16 * 16
    }
    slotCount = operands * ((block + 15) / 16 * 16)
    scratchPerPart = slotCount + (2 * sums.reduce(0, +) + 15) / 16 * 16
  }

  /// Floats of scratch memory for a run in `parts` parts.
  public func scratchCount(parts: Int) -> Int { parts * scratchPerPart }

  /// How many numbers a sum of these strides makes.
  public static func sumCount(extents: [Int], strides: [Int]) -> Int {
    zip(extents, strides).reduce(1) { $1.1 == 0 ? $0 : $0 * $1.0 }
  }

  private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    b == 0 ? a : greatestCommonDivisor(b, a % b)
  }
}
