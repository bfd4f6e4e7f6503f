import Files
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file's bytes where the system keeps them: pages are read as they are touched, shared by all processes of a machine,
/// and given up when memory gets short.
///
/// A file that is cut short while it is mapped ends whoever touches what is gone (SIGBUS).
public enum MappedFile {
  /// - Throws: when the file is empty or cannot be mapped.
  public static func open(_ path: String) throws(FileError) -> MemoryBlock {
    let file = try InputFile(path: path)
    guard file.byteCount > 0 else { throw FileError(path: path, reason: "is empty", remedy: "copy the file again") }
    let address = mmap(nil, file.byteCount, PROT_READ, MAP_SHARED, file.descriptor, 0)
    guard let address, address != MAP_FAILED else { throw FileError(path: path, action: "map", code: errno) }
    let byteCount = file.byteCount
    return MemoryBlock(foreign: address, byteCount: byteCount) { munmap(address, byteCount) }
  }

  /// Asks the system to have the bytes of `range` ready soon; a hint, which may fail.
  public static func prefetch(_ block: MemoryBlock, _ range: Range<Int>) {
    let page = Int(getpagesize())
    let start = range.lowerBound / page * page
    _ = madvise(block.address + start, range.upperBound - start, Int32(MADV_WILLNEED))
  }
}
