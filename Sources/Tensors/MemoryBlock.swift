#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The one owner of a stretch of memory. Only this class allocates and frees; everything else holds pointers into it
/// that do not outlive it.
///
/// A block either owns a private mapping (2 MB aligned and advised for huge pages from 2 MB on, zeroed by the kernel,
/// touched first by whoever uses it first) or wraps foreign memory (a shared window, a mapped file) with a release action.
public final class MemoryBlock {
  public let address: UnsafeMutableRawPointer
  public let byteCount: Int
  private let release: () -> Void

  /// Wraps memory that somebody else made; `release` runs once, when the block goes away.
  public init(foreign address: UnsafeMutableRawPointer, byteCount: Int, release: @escaping () -> Void) {
    self.address = address
    self.byteCount = byteCount
    self.release = release
  }

  /// Maps at least `byteCount` zeroed bytes. 64-byte aligned; 2 MB aligned from 2 MB on.
  public init(byteCount: Int) {
    precondition(byteCount >= 0, "negative size \(byteCount)")
    let hugePage = 2 << 20
    let size = max(64, byteCount)
    let isLarge = size >= hugePage
    let mapped = isLarge ? (size + hugePage - 1) / hugePage * hugePage + hugePage : size
    let base = mmap(nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
    guard let base, base != MAP_FAILED else { Self.endForLack(of: mapped) }
    let aligned =
      isLarge
      ? UnsafeMutableRawPointer(bitPattern: (UInt(bitPattern: base) + UInt(hugePage - 1)) & ~UInt(hugePage - 1))! : base
    #if os(Linux)
      if isLarge { _ = madvise(aligned, size, MADV_HUGEPAGE) }
    #endif
    address = aligned
    self.byteCount = byteCount
    release = { munmap(base, mapped) }
  }

  deinit { release() }

  /// The end of a process that the system gives no memory: nothing that it holds could be given up instead. The other ranks
  /// are ended by the launcher.
  private static func endForLack(of byteCount: Int) -> Never {
    let reason = String(cString: strerror(errno))
    let text = """
      lockstep: cannot get \((byteCount + (1 << 20) - 1) >> 20) MB of memory: \(reason); \
      \(AddressSpace.remedy(lacking: byteCount)), or lower training.batchSize, the networks' widths or the resolution, or \
      use more ranks

      """
    _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    exit(71)
  }

  /// The block as float32 values.
  public var floats: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(
      start: address.assumingMemoryBound(to: Float.self), count: byteCount / MemoryLayout<Float>.stride)
  }
}
