import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The text of a table, however it is stored: plain or packed with gzip; UTF-8, UTF-16 or Windows-1252.
struct TableText {
  let path: String
  /// UTF-8 without a mark, then one NUL, which is not part of the text: what reads numbers has to meet an end.
  let bytes: [UInt8]
  /// What the reader of the data should know of the encoding.
  let notes: [String]
  let limits: ReadingLimits

  var count: Int { bytes.count - 1 }

  /// - Throws: where the file cannot be read, is no text, or is neither in Unicode nor in Windows-1252.
  init(path: String, limits: ReadingLimits = ReadingLimits()) throws(DatasetError) {
    try self.init(try Self.stored(path, limits), path: path, limits: limits)
  }

  /// - Parameter stored: the bytes of a file, unpacked.
  init(_ given: consuming [UInt8], path: String, limits: ReadingLimits = ReadingLimits()) throws(DatasetError) {
    self.path = path
    self.limits = limits
    // Its memory becomes the text's.
    var stored = given
    if stored.starts(with: [0x50, 0x4B, 0x03, 0x04]) {
      throw DatasetError(
        file: path, reason: "is a zip archive or an Excel workbook, no text",
        remedy: "save the sheet as CSV UTF-8, or unpack the archive")
    }
    if stored.starts(with: [0xFF, 0xFE, 0, 0]) || stored.starts(with: [0, 0, 0xFE, 0xFF]) {
      throw DatasetError(file: path, reason: "is text in UTF-32", remedy: "save it as CSV UTF-8")
    }
    if let order = UTF16Order(stored) {
      bytes = try Self.utf8(of: stored, order, path: path) + [0]
      notes = ["\(path) is read as UTF-16"]
    } else {
      let hasMark = stored.starts(with: [0xEF, 0xBB, 0xBF])
      let found = UTF8Scan(stored, from: hasMark ? 3 : 0)
      if let bad = found.firstInvalid {
        guard found.validCount == 0, !hasMark else {
          throw DatasetError(
            file: path, reason: "line \(grouped(Self.line(of: bad, in: stored))) is no UTF-8, other lines are",
            remedy: "save all of it as CSV UTF-8")
        }
        bytes = try Self.utf8(ofWindows1252: stored, path: path) + [0]
        let shown = Self.word(at: bad, in: stored)
        notes = [
          "\(path) is no UTF-8 and is read as Windows-1252, where line \(grouped(Self.line(of: bad, in: stored))) has "
            + "\(shown.debugDescription); if that is wrong, save it as CSV UTF-8"
        ]
      } else {
        if hasMark { stored.removeFirst(3) }
        stored.append(0)
        bytes = stored
        notes = []
      }
    }
    let nul = bytes.withUnsafeBytes { UnsafeRawPointer(memchr($0.baseAddress!, 0, $0.count)!) - $0.baseAddress! }
    guard nul == count else {
      throw DatasetError(
        file: path, reason: "line \(grouped(Self.line(of: nul, in: bytes))) has a NUL byte, as no text has",
        remedy: "export the table again as CSV UTF-8")
    }
  }

  /// From 1 on; any of LF, CR LF and CR ends a line.
  static func line(of offset: Int, in bytes: [UInt8]) -> Int {
    1 + (0..<offset).count { bytes[$0] == 10 || bytes[$0] == 13 && bytes[$0 + 1] != 10 }
  }

  /// With room for one byte more.
  private static func stored(_ path: String, _ limits: ReadingLimits) throws(DatasetError) -> [UInt8] {
    let input = try PackedInput(path: path, limits: limits)
    var bytes: [UInt8] = []
    if !input.isPacked { bytes.reserveCapacity(input.file.byteCount + 1) }
    var chunk = [UInt8](repeating: 0, count: 1 << 22)
    while true {
      var read = 0
      var failure: DatasetError?
      chunk.withUnsafeMutableBytes { buffer in
        do throws(DatasetError) { read = try input.read(into: buffer) } catch { failure = error }
      }
      if let failure { throw failure }
      bytes += chunk[..<read]
      if read < chunk.count { return bytes }
      guard !input.isPacked || bytes.count <= mostUnpackedBytes else {
        throw DatasetError(
          file: path,
          reason: "more than \(grouped(mostUnpackedBytes)) bytes when unpacked, a quarter of the memory here",
          remedy: "unpack it, and convert it to an .npz")
      }
    }
  }

  /// Text and numbers of it are held at a time.
  private static var mostUnpackedBytes: Int { sysconf(Int32(_SC_PHYS_PAGES)) * Int(getpagesize()) / 4 }
}
