import CKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Which CPUs the threads of a rank should stay on, and what is wrong with how many there are.
///
/// Ranks that may use the same CPUs share them out in the order of their ranks; what a launcher bound stays bound.
public struct ThreadPlacement: Equatable, Sendable {
  /// What a rank must know of the others: the same on all of them.
  public struct Seat: Equatable, Sendable, BitwiseCopyable {
    /// Tells machines apart.
    public var node: UInt64
    /// Tells sets of CPUs apart.
    public var cpus: UInt64
    /// Cores in that set; 0 where the system does not say.
    public var cores: Int64
    /// True where the machine has more CPUs than those.
    public var isBound: Bool

    public init(node: UInt64, cpus: UInt64, cores: Int64, isBound: Bool) {
      self.node = node
      self.cpus = cpus
      self.cores = cores
      self.isBound = isBound
    }
  }

  /// One per thread; empty: not pinned.
  public let cpus: [Int]
  /// True where threads must take turns on the cores.
  public let sharesCores: Bool
  /// One line, the same on every rank, where there are more threads than cores anywhere.
  public let warning: String?

  /// - Parameters:
  ///   - seats: of all ranks, in rank order.
  ///   - allowed: the CPUs that this rank may use, those of different cores first.
  public init(seats: [Seat], rank: Int, allowed: [Int], threads: Int) {
    let own = seats[rank]
    let sharing = seats.indices.filter { seats[$0].node == own.node && seats[$0].cpus == own.cpus }
    sharesCores = own.cores > 0 && sharing.count * threads > Int(own.cores)
    let first = (sharing.firstIndex(of: rank) ?? 0) * threads
    // A lone thread is left to the system, as it is without a team.
    cpus = threads > 1 && sharing.count * threads <= allowed.count ? Array(allowed[first..<first + threads]) : []
    warning = Self.warning(seats, threads: threads)
  }

  private static func warning(_ seats: [Seat], threads: Int) -> String? {
    for seat in seats where seat.cores > 0 {
      let sharing = seats.count { $0 == seat }
      guard sharing * threads > Int(seat.cores) else { continue }
      let cores = counted(Int(seat.cores), "core")
      if sharing == 1, seat.isBound {
        return "a rank may use \(cores) of its machine, but has \(threads) threads, which take turns: start it with "
          + "cluster/run.sh, or with mpirun --map-by slot:PE=\(threads)"
      }
      let load = "\(counted(sharing, "rank")) × \(counted(threads, "thread")) take turns on \(cores)"
      return threads == 1
        ? "\(load): use at most \(counted(Int(seat.cores), "rank")) there"
        : "\(load): let ranks × threads be at most \(seat.cores) there"
    }
    return nil
  }

  private static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}

extension ThreadPlacement {
  /// The CPUs that this thread may use, one of every core first; empty where the system does not tell.
  public static var allowedCPUs: [Int] {
    var list = [Int32](repeating: 0, count: 8192)
    let count = Int(ck_allowed_cpus(&list, Int32(list.count)))
    let cpus = list.prefix(count).map(Int.init)
    // A core's CPUs share its units: of two, the second comes after all first ones.
    var seen: [Int: Int] = [:]
    let turns = cpus.map { cpu -> Int in
      let core = firstCPU(ofCoreWith: cpu)
      defer { seen[core, default: 0] += 1 }
      return seen[core, default: 0]
    }
    return zip(turns, cpus).sorted { $0 < $1 }.map(\.1)
  }

  /// Cores among `cpus`.
  static func coreCount(_ cpus: [Int]) -> Int { Set(cpus.map(firstCPU)).count }

  /// The lowest CPU of the core; the CPU itself where the system does not tell.
  private static func firstCPU(ofCoreWith cpu: Int) -> Int {
    guard let list = line(of: "/sys/devices/system/cpu/cpu\(cpu)/topology/thread_siblings_list") else { return cpu }
    return Int(list.prefix { $0.isNumber }) ?? cpu
  }

  /// What this process would tell the others.
  public static func seat(allowed: [Int]) -> Seat {
    Seat(
      node: hash(line(of: "/proc/sys/kernel/random/boot_id") ?? hostName),
      cpus: hash(allowed.sorted().map(String.init).joined(separator: ",")), cores: Int64(coreCount(allowed)),
      isBound: allowed.count < sysconf(Int32(_SC_NPROCESSORS_ONLN)))
  }

  private static var hostName: String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      guard let start = buffer.baseAddress, gethostname(start, 255) == 0 else { return "" }
      buffer[255] = 0
      return String(cString: start)
    }
  }

  /// FNV-1a: the same on every rank, as Swift's own hashes are not.
  private static func hash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  /// The first line of a small file of the kernel's.
  private static func line(of path: String) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    return withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
      let count = read(file, buffer.baseAddress, buffer.count)
      guard count > 0 else { return nil }
      return String(decoding: buffer.prefix(count), as: UTF8.self).split(separator: "\n").first.map(String.init)
    }
  }
}
