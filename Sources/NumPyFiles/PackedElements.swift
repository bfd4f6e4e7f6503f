import Files
import Tensors

/// The elements of an array that lies deflated in a file: unpacked anew, a piece at a time, whenever they are gone through.
///
/// `@unchecked Sendable`: the file's bytes are only read, and every pass has a state of its own.
final class PackedElements: @unchecked Sendable {
  private let file: MemoryBlock
  private let entry: ZipDirectory.Entry
  private let place: Inflation.Place
  /// Before the elements.
  private let headerBytes: Int

  /// - Parameter file: the whole zip file.
  init(_ file: MemoryBlock, _ entry: ZipDirectory.Entry, headerBytes: Int, _ place: Inflation.Place) {
    (self.file, self.entry, self.headerBytes, self.place) = (file, entry, headerBytes, place)
  }

  /// All of them in memory.
  func unpacked() throws(FileError) -> MemoryBlock {
    let pass = try begin()
    let block = MemoryBlock(byteCount: entry.byteCount - headerBytes)
    try pass.read(into: UnsafeMutableRawBufferPointer(start: block.address, count: block.byteCount))
    try pass.finish()
    return block
  }

  /// Lets `body` see all bytes of the elements in pieces of `pieceBytes`, the last one shorter.
  func forEachPiece(of pieceBytes: Int, _ body: (UnsafeRawBufferPointer) -> Void) throws(FileError) {
    let pass = try begin()
    let piece = MemoryBlock(byteCount: pieceBytes)
    var left = entry.byteCount - headerBytes
    while left > 0 {
      let target = UnsafeMutableRawBufferPointer(start: piece.address, count: min(pieceBytes, left))
      try pass.read(into: target)
      body(UnsafeRawBufferPointer(target))
      left -= target.count
    }
    try pass.finish()
  }

  /// Behind the header.
  private func begin() throws(FileError) -> Inflation {
    let source = UnsafeRawBufferPointer(start: file.address + entry.offset, count: entry.packedCount)
    let pass = try Inflation(source, entry, place)
    let header = MemoryBlock(byteCount: headerBytes)
    try pass.read(into: UnsafeMutableRawBufferPointer(start: header.address, count: headerBytes))
    return pass
  }
}
