import NumPyFiles
import Tensors

/// Bytes of images, in an array or in memory that others of this machine may read as well; nobody writes them any more.
struct PixelBytes: Sendable {
  private enum Storage: Sendable {
    case array(ArraySlice<UInt8>)
    case memory(ReadMemory, Range<Int>)
  }

  private let storage: Storage

  init(_ bytes: ArraySlice<UInt8>) { storage = .array(bytes) }

  /// - Parameters:
  ///   - range: in bytes of the block.
  ///   - file: whose mapping the block is, so that other processes can map it, too.
  init(_ memory: MemoryBlock, _ range: Range<Int>, file: String? = nil) {
    precondition(range.lowerBound >= 0 && range.upperBound <= memory.byteCount, "\(range) of \(memory.byteCount) bytes")
    storage = .memory(ReadMemory(block: memory, file: file), range)
  }

  /// The mapped file that the bytes lie in, and where; nil where they are in memory.
  var mapping: (file: String, range: Range<Int>)? {
    guard case .memory(let memory, let range) = storage, let file = memory.file else { return nil }
    return (file, range)
  }

  /// Asks the system to read the bytes of `range` ahead, where they lie in a file.
  func prefetch(_ range: Range<Int>) {
    guard case .memory(let memory, let whole) = storage, memory.file != nil else { return }
    MappedFile.prefetch(memory.block, whole.lowerBound + range.lowerBound..<whole.lowerBound + range.upperBound)
  }

  private init(_ storage: Storage) { self.storage = storage }

  var count: Int {
    switch storage {
    case .array(let bytes): bytes.count
    case .memory(_, let range): range.count
    }
  }

  /// The bytes of `range`, counted from 0, sharing memory.
  subscript(range: Range<Int>) -> PixelBytes {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count) bytes")
    switch storage {
    case .array(let bytes):
      return PixelBytes(bytes[bytes.startIndex + range.lowerBound..<bytes.startIndex + range.upperBound])
    case .memory(let memory, let whole):
      return PixelBytes(.memory(memory, whole.lowerBound + range.lowerBound..<whole.lowerBound + range.upperBound))
    }
  }

  /// Copied where they are in no array.
  var array: ArraySlice<UInt8> {
    switch storage {
    case .array(let bytes): bytes
    case .memory: withUnsafeBytes { Array($0)[...] }
    }
  }

  @inline(__always)
  func withUnsafeBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result {
    switch storage {
    case .array(let bytes): return try bytes.withUnsafeBufferPointer(body)
    case .memory(let memory, let range):
      let start = memory.block.address.assumingMemoryBound(to: UInt8.self) + range.lowerBound
      return try withExtendedLifetime(memory) { try body(UnsafeBufferPointer(start: start, count: range.count)) }
    }
  }
}

/// Keeps a block alive. `@unchecked Sendable`: its bytes are only read.
private final class ReadMemory: @unchecked Sendable {
  let block: MemoryBlock
  let file: String?

  init(block: MemoryBlock, file: String?) {
    self.block = block
    self.file = file
  }
}
