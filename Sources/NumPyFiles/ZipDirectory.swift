import Files

/// The entries of a zip file, as its directory at the end lists them.
///
/// - Source: PKWARE's APPNOTE 6.3, with its extension to 64 bits.
struct ZipDirectory {
  struct Entry {
    let name: String
    let isPacked: Bool
    let checksum: UInt32
    let packedCount: Int
    let byteCount: Int
    /// Where its bytes begin in the file.
    let offset: Int
  }

  let entries: [Entry]

  private static let mostEntries = 10_000
  /// A number that stands for "see the extension".
  private static let extended32 = 0xFFFF_FFFF

  /// - Parameter bytes: the whole file.
  init(_ bytes: UnsafeRawBufferPointer, path: String) throws(FileError) {
    let reader = ZipReader(bytes: bytes, path: path)
    let end = try reader.endRecord()
    guard end.count <= Self.mostEntries else {
      throw reader.damaged("\(grouped(end.count)) arrays, at most \(grouped(Self.mostEntries)) are read")
    }
    var entries: [Entry] = []
    var position = end.offset
    for _ in 0..<end.count {
      guard try reader.number(position, 4) == 0x0201_4B50 else { throw reader.damaged("its directory is damaged") }
      let (flags, method) = (try reader.number(position + 8, 2), try reader.number(position + 10, 2))
      let checksum = try reader.number(position + 16, 4)
      var (packed, unpacked) = (try reader.number(position + 20, 4), try reader.number(position + 24, 4))
      let lengths = (
        name: try reader.number(position + 28, 2), extra: try reader.number(position + 30, 2),
        comment: try reader.number(position + 32, 2)
      )
      var local = try reader.number(position + 42, 4)
      let name = String(decoding: try reader.slice(position + 46, lengths.name), as: UTF8.self)
      var extra = position + 46 + lengths.name
      let extraEnd = extra + lengths.extra
      while extra + 4 <= extraEnd {
        let (id, size) = (try reader.number(extra, 2), try reader.number(extra + 2, 2))
        if id == 1 {
          var field = extra + 4
          func next(_ value: Int) throws(FileError) -> Int {
            guard value == Self.extended32 else { return value }
            field += 8
            return try reader.number(field - 8, 8)
          }
          unpacked = try next(unpacked)
          packed = try next(packed)
          local = try next(local)
        }
        extra += 4 + size
      }
      guard flags & 1 == 0 else { throw reader.damaged("\(clipped(name)) is encrypted") }
      guard method == 0 || method == 8 else {
        throw reader.damaged("\(clipped(name)) is packed by method \(method); NumPy stores (0) or deflates (8)")
      }
      guard try reader.number(local, 4) == 0x0403_4B50 else {
        throw reader.damaged("the entry \(clipped(name)) does not begin where the directory says")
      }
      let (nameLength, extraLength) = (try reader.number(local + 26, 2), try reader.number(local + 28, 2))
      let offset = local + 30 + nameLength + extraLength
      _ = try reader.slice(offset, packed)
      guard method == 8 || packed == unpacked else { throw reader.damaged("\(clipped(name)) has two sizes") }
      entries.append(
        Entry(
          name: name, isPacked: method == 8, checksum: UInt32(checksum), packedCount: packed, byteCount: unpacked,
          offset: offset))
      position += 46 + lengths.name + lengths.extra + lengths.comment
    }
    self.entries = entries
  }
}

/// Numbers of a zip file; every access is checked against its end.
private struct ZipReader {
  let bytes: UnsafeRawBufferPointer
  let path: String

  func damaged(_ reason: String) -> FileError {
    FileError(path: path, reason: reason, remedy: "copy the file again, or write it with numpy.savez")
  }

  func slice(_ start: Int, _ count: Int) throws(FileError) -> UnsafeRawBufferPointer {
    guard start >= 0, count >= 0, start <= bytes.count, count <= bytes.count - start else {
      throw damaged("\(grouped(bytes.count)) bytes, its entries go on; the copy was cut short")
    }
    return UnsafeRawBufferPointer(rebasing: bytes[start..<start + count])
  }

  /// Little-endian; 8 bytes with the top bit set are beyond any file.
  func number(_ offset: Int, _ count: Int) throws(FileError) -> Int {
    let slice = try slice(offset, count)
    let value = slice.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Int(min(value, UInt64(Int.max)))
  }

  /// Where the directory begins, and how many entries it has.
  func endRecord() throws(FileError) -> (offset: Int, count: Int) {
    let size = 22
    guard bytes.count >= size else { throw damaged("\(bytes.count) bytes are no zip file") }
    // A comment of up to 65,535 bytes may follow.
    var end = bytes.count - size
    let last = max(0, end - 65_535)
    while try number(end, 4) != 0x0605_4B50 {
      guard end > last else { throw damaged("no directory at its end; the copy was cut short, or it is no zip file") }
      end -= 1
    }
    let (count, offset) = (try number(end + 10, 2), try number(end + 16, 4))
    guard count == 0xFFFF || offset == 0xFFFF_FFFF, end >= 20, try number(end - 20, 4) == 0x0706_4B50 else {
      return (offset, count)
    }
    let extended = try number(end - 12, 8)
    guard try number(extended, 4) == 0x0606_4B50 else { throw damaged("its 64-bit directory is damaged") }
    return (try number(extended + 48, 8), try number(extended + 32, 8))
  }
}
