import COpenBLAS
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The memory that OpenBLAS works in: one buffer for every thread that calls it at the same time, mapped at the first need
/// and kept. Where the system refuses one, OpenBLAS 0.3 asks again without end, deaf to signals that are held back.
public enum WorkMemory {
  /// A buffer of the builds for x86-64 and arm64; other processors' are smaller.
  public static let bytesPerCaller = 128 << 20

  /// Makes OpenBLAS map its buffers for so many callers at once, after a trial whether each is to be had: from then on no
  /// shortage can stop it.
  ///
  /// - Throws: `WorkMemoryError` when the system refuses one; OpenBLAS has not been asked for it then.
  public static func reserve(callers: Int) throws(WorkMemoryError) {
    typealias Take = @convention(c) (Int32) -> UnsafeMutableRawPointer?
    typealias Free = @convention(c) (UnsafeMutableRawPointer?) -> Void
    let program = dlopen(nil, RTLD_NOW)
    guard let take = dlsym(program, "blas_memory_alloc"), let free = dlsym(program, "blas_memory_free") else {
      // Builds that do not show the two functions: a product too large for the path without a buffer takes one.
      guard AddressSpace.canMap(bytesPerCaller * callers) else { throw WorkMemoryError(callers: callers) }
      return multiply()
    }
    var buffers: [UnsafeMutableRawPointer?] = []
    defer { for buffer in buffers { unsafeBitCast(free, to: Free.self)(buffer) } }
    for taken in 0..<callers {
      guard AddressSpace.canMap(bytesPerCaller) else { throw WorkMemoryError(callers: callers - taken) }
      buffers.append(unsafeBitCast(take, to: Take.self)(0))
    }
  }

  private static func multiply() {
    let n = 128
    let memory = MemoryBlock(byteCount: 3 * n * n * MemoryLayout<Float>.stride)
    guard let start = memory.floats.baseAddress else { return }
    let extent = blasint(n)
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasNoTrans, extent, extent, extent, 1, start, extent, start + n * n, extent, 0,
      start + 2 * n * n, extent)
  }
}

/// The system has no memory for the buffers of OpenBLAS.
public struct WorkMemoryError: Error, CustomStringConvertible {
  /// Threads that would be without one.
  public let callers: Int
  private let remedy: String

  init(callers: Int) {
    self.callers = callers
    remedy = AddressSpace.remedy(lacking: callers * WorkMemory.bytesPerCaller)
  }

  public var description: String {
    let threads = callers == 1 ? "" : " on each of \(callers) threads"
    return "cannot get \(WorkMemory.bytesPerCaller >> 20) MB of memory for OpenBLAS\(threads); \(remedy)"
  }
}
