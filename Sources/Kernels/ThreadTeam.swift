import CKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The threads of one rank that share the work of a kernel: the thread that made the team, and `count` − 1 workers that
/// wait for it. BLAS stays single-threaded inside, so there is never a second pool.
///
/// A run takes 0.1 µs where workers still poll, 20 µs where they have fallen asleep, 200 µs after the run before.
public final class ThreadTeam {
  public let count: Int
  /// Nil for a team of one.
  private let handle: OpaquePointer?

  /// From so many elements on, a pass over memory is worth sharing: it takes ten times what a run costs.
  static let worthwhileElements = 32 << 10
  /// From so many floating-point operations on, a product is.
  static let worthwhileOperations = 1 << 20

  /// The caller alone.
  public init() {
    count = 1
    handle = nil
  }

  /// - Parameters:
  ///   - cpus: where the threads stay, the caller first; empty: where the system puts them.
  ///   - sharesCores: true where other threads want the same cores: idle workers then sleep at once. By default, where
  ///     there are more threads than CPUs for this process.
  /// - Precondition: `count` ≥ 1; `cpus` is empty or has as many.
  /// - Throws: `ThreadTeamError` when the system gives no more threads, or no memory for products on them.
  public init(count: Int, cpus: [Int] = [], sharesCores: Bool? = nil) throws(ThreadTeamError) {
    precondition(count >= 1 && (cpus.isEmpty || cpus.count == count), "\(count) threads on \(cpus.count) CPUs")
    self.count = count
    guard count > 1 else {
      handle = nil
      return
    }
    let allowed = ThreadPlacement.allowedCPUs.count
    let isCrowded = sharesCores ?? (allowed > 0 && count > allowed)
    var team: OpaquePointer?
    let code = cpus.map(Int32.init).withUnsafeBufferPointer { list in
      ck_team_create(&team, Int32(count), list.isEmpty ? nil : list.baseAddress, isCrowded ? 0 : Self.spinNanoseconds)
    }
    guard code == 0 else { throw ThreadTeamError(count: count, cpus: cpus, code: code) }
    do { try WorkMemory.reserve(callers: count) } catch {
      if let team { ck_team_destroy(team) }
      throw ThreadTeamError(count: count, cpus: cpus, code: ENOMEM, shortage: error)
    }
    handle = team
  }

  /// Longer than the serial stretches between kernels (fused runs take up to 65 µs at 1,024 images, then comes the next
  /// batch), far shorter than the system's time slice.
  private static let spinNanoseconds: Int64 = 200_000

  deinit { if let handle { ck_team_destroy(handle) } }

  /// Makes a call that runs `body(part, count)` for every part, at the same time where it can, and returns when all have
  /// ended. Calling it allocates nothing.
  ///
  /// - Precondition: parts write different memory and never wait for each other; the call does not come from inside a run
  ///   of this team.
  public func bind(_ body: @escaping (_ part: Int, _ parts: Int) -> Void) -> () -> Void {
    guard let handle else { return { body(0, 1) } }
    let box = Body(body)
    // The call holds the team and the box; C sees them only while it runs.
    return { [self, box] in
      let code = ck_team_run(
        handle,
        { context, part, parts in
          Unmanaged<Body>.fromOpaque(context!)._withUnsafeGuaranteedRef { $0.run(Int(part), Int(parts)) }
        }, Unmanaged.passUnretained(box).toOpaque())
      precondition(code == 0, "a team of \(count) was asked to run inside its own run")
    }
  }

  private final class Body {
    let run: (Int, Int) -> Void
    init(_ run: @escaping (Int, Int) -> Void) { self.run = run }
  }
}

extension ThreadTeam {
  /// The stretch of `count` items that one part works on: whole multiples of `grain`, as even as they can be.
  public static func range(of count: Int, grain: Int = 1, part: Int, parts: Int) -> Range<Int> {
    let grains = (count + grain - 1) / grain
    let bound = { (part: Int) in min(count, grains * part / parts * grain) }
    return bound(part)..<bound(part + 1)
  }

  /// Makes a call that runs `body` over `count` items, in stretches that different threads take where the work is
  /// worth it.
  ///
  /// - Parameters:
  ///   - grain: items that stay together.
  ///   - elements: floats read and written for all items together.
  public func bind(
    over count: Int, grain: Int = 1, elements: Int, _ body: @escaping (Range<Int>) -> Void
  ) -> () -> Void {
    guard count > grain, Self.isWorthwhile(elements, over: count, threads: self.count) else {
      return { body(0..<count) }
    }
    return bind { part, parts in
      let range = Self.range(of: count, grain: grain, part: part, parts: parts)
      if !range.isEmpty { body(range) }
    }
  }

  /// Whether threads should share a pass over so many floats that falls into `count` items.
  public static func isWorthwhile(_ elements: Int, over count: Int, threads: Int) -> Bool {
    threads > 1 && count > 1 && elements >= worthwhileElements
  }

  /// Floats from one part's scratch memory to the next part's: whole cache lines.
  public static func stretch(_ floats: Int) -> Int { (floats + 15) / 16 * 16 }
}
