#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writes bytes to an open file.
public struct FileWriter {
  let path: String
  public let descriptor: Int32

  /// - Parameter path: for messages.
  public init(path: String, descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  /// Appends.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    var done = 0
    while done < bytes.count {
      #if canImport(Darwin)
        let count = Darwin.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
      #else
        let count = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
      #endif
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw FileError(path: path, action: "write", code: errno) }
      done += count
    }
  }

  public func write(_ bytes: [UInt8]) throws(FileError) {
    var failure: FileError?
    bytes.withUnsafeBytes { buffer in
      do throws(FileError) { try write(buffer) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Writes at a place of the file and leaves the one where appending goes on.
  public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) {
    var done = 0
    while done < bytes.count {
      let count = pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw FileError(path: path, action: "write", code: errno) }
      done += count
    }
  }

  public func write(_ bytes: [UInt8], at offset: Int) throws(FileError) {
    var failure: FileError?
    bytes.withUnsafeBytes { buffer in
      do throws(FileError) { try write(buffer, at: offset) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Appends a part of another file, a piece at a time.
  ///
  /// - Parameter path: of that file, for messages.
  public func copy(_ range: Range<Int>, of source: Int32, _ path: String) throws(FileError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, min(1 << 20, range.count)), alignment: 64)
    defer { buffer.deallocate() }
    var place = range.lowerBound
    while place < range.upperBound {
      let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, range.upperBound - place)])
      try InputFile.read(source, path, into: piece, at: place)
      try write(UnsafeRawBufferPointer(piece))
      place += piece.count
    }
  }

  /// Returns once everything is on the disk.
  public func flush() throws(FileError) {
    while fsync(descriptor) != 0 {
      let code = errno
      guard code == EINTR else { throw FileError(path: path, action: "flush to the disk", code: code) }
    }
  }
}
