import CKernels
import Clocks
import Communication
import Graphs
import Kernels
import Tensors
import Tracing

/// The memory that all programs of a run share: only one of them runs at a time, and nothing in it outlives a run of
/// a program.
public final class Arena {
  private let block: MemoryBlock
  public init(plans: [Plan]) {
    block = MemoryBlock(byteCount: (plans.map(\.arenaCount).max() ?? 0) * MemoryLayout<Float>.stride)
  }
  public var byteCount: Int { block.byteCount }
  var base: UnsafeMutablePointer<Float> { block.floats.baseAddress! }
}

/// A number that an operation should not have made.
public struct NonFiniteResult: Sendable, Equatable {
  public let program: String
  public let operation: String
  public let layer: String
  public let shape: Shape
  /// Position in the result, row by row.
  public let index: Int
  public let value: Float
}

/// A plan bound to memory: a flat list of kernel calls. Running it allocates nothing and looks nothing up.
public final class Program {
  public let plan: Plan
  private let arena: Arena
  private let constants: ConstantTable
  private let kernels: [Kernel]
  private let segments: [Range<Int>]
  public var segmentCount: Int { segments.count }
  private let communicator: any Communicator
  private let hook: ProgressHook
  private let pulse: Pulse
  private var trace: ProgramTrace?

  /// - Precondition: every block that the graph reads or writes has its memory; the plan was made for `team.count`
  ///   threads.
  public init(_ plan: Plan, arena: Arena, communicator: any Communicator, team: ThreadTeam = ThreadTeam()) {
    precondition(plan.threads == team.count, "\(plan.name): planned for \(plan.threads) threads, run by \(team.count)")
    self.plan = plan
    self.arena = arena
    let constants = ConstantTable(plan)
    let hook = ProgressHook(communicator)
    let poll = communicator.spansNodes ? hook.poll : nil
    var kernels: [Kernel] = []
    let address = { (node: Int) in Self.address(of: node, plan, arena, constants) }
    for unit in plan.units {
      if let run = unit.run {
        let bound = ElementwiseRun(
          extents: run.extents,
          operands: run.operands.map { operand in
            switch operand {
            case .node(let node): .memory(address(node))
            case .repeated(let node, let strides, let offset): .repeated(address(node) + offset, strides: strides)
            case .sum(let node, let strides): .sum(address(node), strides: strides)
            case .constant(let bits): .constant(Float(bitPattern: bits))
            case .register: .register
            }
          },
          instructions: run.instructions, scratch: arena.base)
        if ThreadTeam.isWorthwhile(
          run.extents.reduce(run.operands.count, *), over: run.extents.reduce(1, *), threads: team.count)
        {
          let shared = team.bind { bound.run(part: $0, parts: $1) }
          kernels.append {
            shared()
            bound.finish(parts: team.count)
          }
        } else {
          kernels.append { bound.run() }
        }
      } else {
        let node = plan.graph.nodes[unit.nodes[0]]
        let hasValue = node.shape.count > 0
        let context = KernelContext(
          inputs: node.inputs.map(address), inputShapes: node.inputs.map { plan.graph.nodes[$0].shape },
          output: hasValue ? address(unit.nodes.last!) : arena.base, outputShape: node.shape,
          workspace: arena.base + unit.workspace, communicator: communicator, team: team, poll: poll)
        if let epilogue = unit.epilogue, let product = node.operation as? MatrixProduct {
          let bound = ProductEpilogue(bias: address(epilogue.bias), slope: epilogue.slope)
          kernels.append(product.kernel(context, epilogue: bound))
        } else {
          kernels.append(node.operation.kernel(context))
        }
      }
    }
    self.constants = constants
    self.kernels = kernels
    segments = plan.segments
    self.communicator = communicator
    self.hook = hook
    pulse = communicator.pulse
  }

  private static func address(
    of node: Int, _ plan: Plan, _ arena: Arena, _ constants: ConstantTable
  ) -> UnsafeMutablePointer<Float> {
    switch plan.storage[node] {
    case .arena(let offset): return arena.base + offset
    case .block(let block, let offset): return block.pointer + offset
    case .constant(let number): return constants.address(of: number)
    case nil:
      let made = plan.graph.nodes[node]
      preconditionFailure("\(plan.name): \(made.operation.name) of \(made.layer) has no memory")
    }
  }

  /// Executes the program once, segment by segment.
  /// - Throws: what a collective reports; nothing else can fail.
  public func run() throws {
    for segment in segments.indices { try run(segment: segment) }
  }

  /// Executes one segment of the program; they are to be run in order. Sums that are under way go on.
  public func run(segment: Int) throws {
    pulse.startKernels()
    defer { pulse.endKernels() }
    for index in segments[segment] { try step(index) }
  }

  /// From now on every unit is told to `recorder` while that records; nil ends it.
  ///
  /// - Parameter isUpdate: the program takes gradients and updates.
  public func trace(with recorder: TraceRecorder?, isUpdate: Bool) {
    trace = recorder.map { ProgramTrace(plan, isUpdate: isUpdate, recorder: $0) }
  }

  @inline(__always)
  private func step(_ index: Int) throws {
    if let trace, trace.recorder.isRecording {
      let start = SystemClock.monotonic.nanoseconds
      try kernels[index]()
      trace.record(index, start: start, end: SystemClock.monotonic.nanoseconds)
    } else {
      try kernels[index]()
    }
    pulse.beat()
    try communicator.progress()
    try hook.check()
  }

  /// The same, asking after every unit whether what it made is finite.
  ///
  /// - Parameter report: called with the first result that is not, before the next unit runs.
  public func run(segment: Int, reportingNonFinite report: (NonFiniteResult) throws -> Void) throws {
    pulse.startKernels()
    defer { pulse.endKernels() }
    for index in segments[segment] {
      try step(index)
      if let found = firstNonFinite(in: plan.units[index]) { return try report(found) }
    }
  }

  /// The first result of a unit that lies in memory and holds an infinity or a NaN.
  private func firstNonFinite(in unit: Unit) -> NonFiniteResult? {
    for index in unit.nodes {
      let node = plan.graph.nodes[index]
      let count = node.shape.count
      guard count > 0, plan.storage[index] != nil, case let address = Self.address(of: index, plan, arena, constants),
        ck_all_finite(address, Int64(count)) == 0
      else { continue }
      let place = (0..<count).first { !address[$0].isFinite } ?? 0
      return NonFiniteResult(
        program: plan.name, operation: node.operation.name, layer: node.layer, shape: node.shape, index: place,
        value: address[place])
    }
    return nil
  }

  /// Executes one segment and adds each unit's nanoseconds to `nanoseconds`.
  public func run(segment: Int, measuring nanoseconds: inout [UInt64]) throws {
    pulse.startKernels()
    defer { pulse.endKernels() }
    var before = SystemClock.monotonic.nanoseconds
    for index in segments[segment] {
      try step(index)
      let after = SystemClock.monotonic.nanoseconds
      nanoseconds[index] += after - before
      before = after
    }
  }

  /// The memory of an output of the plan, valid until another program of the arena runs.
  public func values(of output: Value) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(
      start: Self.address(of: output.index, plan, arena, constants), count: output.shape.count)
  }
}

/// Tensors of one number that kernels want in memory, shared between equal numbers.
private final class ConstantTable {
  private let block: MemoryBlock
  private var offsets: [UInt32: Int] = [:]

  init(_ plan: Plan) {
    var counts: [UInt32: Int] = [:]
    for (index, storage) in plan.storage.enumerated() {
      guard case .constant(let number)? = storage else { continue }
      counts[number.bitPattern] = max(counts[number.bitPattern] ?? 0, plan.graph.nodes[index].shape.count)
    }
    let ordered = counts.sorted { $0.key < $1.key }
    var total = 0
    for (bits, count) in ordered {
      offsets[bits] = total
      total += (count + 15) / 16 * 16
    }
    block = MemoryBlock(byteCount: total * MemoryLayout<Float>.stride)
    for (bits, count) in ordered {
      for index in 0..<count { block.floats[offsets[bits]! + index] = Float(bitPattern: bits) }
    }
  }

  func address(of number: Float) -> UnsafeMutablePointer<Float> {
    block.floats.baseAddress! + offsets[number.bitPattern]!
  }
}
