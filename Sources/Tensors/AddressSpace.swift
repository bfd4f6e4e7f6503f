import CSignals

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How much the system lets this process map: `ulimit -v` and `ulimit -d`, which Grid Engine sets from h_vmem and h_data.
public enum AddressSpace {
  /// A limit that the process has been started with.
  public struct Limit: Sendable {
    public var bytes: Int
    /// What counts towards it.
    public var bytesInUse: Int
    /// The option of `ulimit` that sets it.
    public var option: StaticString
    /// Grid Engine's resource that sets it.
    public var resource: StaticString
  }

  /// The limit that is nearest; nil where there is none. Allocates nothing.
  public static var limit: Limit? {
    let (all, data) = bytesInUse
    let whole = Limit(bytes: soft(RLIMIT_AS), bytesInUse: all, option: "-v", resource: "h_vmem")
    let part = Limit(bytes: soft(RLIMIT_DATA), bytesInUse: data, option: "-d", resource: "h_data")
    let nearest = part.bytes - part.bytesInUse < whole.bytes - whole.bytesInUse ? part : whole
    return nearest.bytes < .max ? nearest : nil
  }

  /// From now on a crash ends the process with its signal's code, whoever sent it; and where the address space is limited
  /// and next to nothing of it left, with words and exit code 71: neither Swift nor C libraries survive an allocation that
  /// fails. To be called at the start of a program, and again behind libraries that install handlers.
  public static func explainCrashes() {
    csig_watch_crashes {
      guard let limit = AddressSpace.limit, limit.bytes - limit.bytesInUse < 256 << 20 else { return 0 }
      let text: StaticString =
        """
        lockstep: ended for lack of memory: this process may map hardly more than it has; raise the limit (ulimit -v, or \
        h_vmem) by 256 MB or more, or use smaller batches, networks or data

        """
      // A pipe that nobody reads must not keep the process.
      var request = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
      if poll(&request, 1, 1000) > 0 { _ = write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount) }
      return 71
    }
  }

  /// How far the stack of a thread may grow; `Int.max` for as far as there is room.
  public static var stackLimit: Int { soft(RLIMIT_STACK) }

  /// Whether so many bytes more could be had now. Nothing is touched, and they are given back at once.
  public static func canMap(_ byteCount: Int) -> Bool {
    guard byteCount > 0 else { return true }
    let base = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
    guard let base, base != MAP_FAILED else { return false }
    munmap(base, byteCount)
    return true
  }

  /// What to do where so many bytes more were not to be had: "its address space is limited to …: raise it to …".
  ///
  /// - Parameter later: what will be wanted behind them.
  public static func remedy(lacking byteCount: Int, later: Int = 256 << 20) -> String {
    guard let limit else { return "the machine has no more (free -m; sysctl vm.overcommit_memory): end other programs" }
    // In steps, for people: such a number is a round one.
    let step = 50 << 20
    let wanted = (limit.bytesInUse + byteCount + later + step - 1) / step * step
    return "this process may map \(limit.bytes >> 20) MB (ulimit \(limit.option), or \(limit.resource)) and has mapped "
      + "\(limit.bytesInUse >> 20) MB: raise the limit to \(wanted >> 20) MB (ulimit \(limit.option) \(wanted >> 10))"
  }

  /// `Int.max` for none.
  private static func soft(_ resource: Resource) -> Int {
    var limits = rlimit()
    #if canImport(Glibc)
      let code = getrlimit(__rlimit_resource_t(resource.rawValue), &limits)
    #else
      let code = getrlimit(resource, &limits)
    #endif
    guard code == 0 else { return .max }
    // No limit is the largest number there is.
    return Int(clamping: limits.rlim_cur)
  }

  #if canImport(Glibc)
    private typealias Resource = __rlimit_resource
  #else
    private typealias Resource = Int32
  #endif

  /// The whole, and what counts as data, from /proc/self/statm; 0 where the system has no such file.
  private static var bytesInUse: (all: Int, data: Int) {
    let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return (0, 0) }
    defer { close(file) }
    return withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
      let count = read(file, buffer.baseAddress, buffer.count)
      guard count > 0 else { return (0, 0) }
      // size resident shared text lib data dirty, in pages
      var (number, field, all, data) = (0, 0, 0, 0)
      for byte in buffer[..<count] {
        if byte >= 0x30, byte <= 0x39 {
          number = 10 * number + Int(byte - 0x30)
          continue
        }
        if field == 0 { all = number }
        if field == 5 { data = number }
        (number, field) = (0, field + 1)
      }
      let page = Int(sysconf(Int32(_SC_PAGESIZE)))
      return (all * page, data * page)
    }
  }
}
