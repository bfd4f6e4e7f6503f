#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A regular file open for reading, closed when the last reference goes away.
public final class InputFile {
  public let path: String
  public let descriptor: Int32
  /// Size in bytes when it was opened.
  public let byteCount: Int

  /// - Throws: when the path is missing, unreadable, or no regular file (a directory, a pipe).
  public convenience init(path: String) throws(FileError) { try self.init(FilePlace(path)) }

  /// - Throws: as above.
  public init(_ place: FilePlace) throws(FileError) {
    let path = place.path
    let descriptor = try place.open(O_RDONLY | O_NONBLOCK | O_NOCTTY, action: "open for reading")
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      _ = close(descriptor)
      throw FileError(path: path, action: "read the size", code: code)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      _ = close(descriptor)
      let isDirectory = status.st_mode & S_IFMT == S_IFDIR
      throw FileError(
        path: path, reason: isDirectory ? "is a directory" : "is no regular file", remedy: "name a file",
        code: isDirectory ? EISDIR : EINVAL)
    }
    self.path = path
    self.descriptor = descriptor
    byteCount = Int(status.st_size)
  }

  // Reading changes nothing that a failed close could lose.
  deinit { _ = close(descriptor) }

  /// Fills `buffer` with the bytes from `offset` on.
  ///
  /// - Throws: when the disk fails or the file ends before the buffer is full.
  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError) {
    try Self.read(descriptor, path, into: buffer, at: offset)
  }

  /// The same of a file that somebody else has open.
  public static func read(
    _ descriptor: Int32, _ path: String, into buffer: UnsafeMutableRawBufferPointer, at offset: Int
  ) throws(FileError) {
    var done = 0
    while done < buffer.count {
      let count = pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw FileError(path: path, action: "read", code: errno) }
      guard count > 0 else {
        throw FileError(
          path: path, reason: "ends at byte \(grouped(offset + done)), \(grouped(offset + buffer.count)) are needed",
          remedy: "the copy was cut short, copy it again")
      }
      done += count
    }
  }

  /// The bytes of `range`; takes as much memory as the range is long.
  public func bytes(in range: Range<Int>) throws(FileError) -> [UInt8] {
    // All empty arrays are one, which must not be written to, whatever is written.
    guard !range.isEmpty else { return [] }
    var failure: FileError?
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      do throws(FileError) {
        try read(
          into: UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: range.count), at: range.lowerBound)
        count = range.count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// The whole file.
  public func bytes() throws(FileError) -> [UInt8] { try bytes(in: 0..<byteCount) }
}
