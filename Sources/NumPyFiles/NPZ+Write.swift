import Files
import Tensors

/// NumPy's archive of arrays: a zip file, not packed, of `.npy` files, with 64-bit sizes where they are needed.
///
/// Elements begin at a multiple of 64 bytes of the file, so that they can be used where they lie.
/// - Source: NumPy's NEP 1 (npy format 1.0); PKWARE's APPNOTE 6.3 (zip).
public enum NPZ {
  /// An array to be written: its name and its elements, which are asked for once, in the order of the arrays.
  public struct Entry {
    public let name: String
    public let shape: [Int]
    public let type: ElementType
    let visit: (_ body: (UnsafeRawBufferPointer) throws(FileError) -> Void) throws(FileError) -> Void

    /// - Parameter visit: hands all elements, in row-major order, to its argument, in any number of pieces.
    /// - Precondition: the name is ASCII letters, digits and `_`.
    public init(
      _ name: String, _ shape: [Int], _ type: ElementType,
      visit: @escaping (_ body: (UnsafeRawBufferPointer) throws(FileError) -> Void) throws(FileError) -> Void
    ) {
      precondition(
        !name.isEmpty && name.utf8.allSatisfy { $0 < 128 }
          && name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" },
        "\(name.debugDescription) is no name for an array")
      self.name = name
      self.shape = shape
      self.type = type
      self.visit = visit
    }

    /// - Precondition: `bytes` holds exactly the elements of `shape` and outlives the entry.
    public init(_ name: String, _ shape: Shape, _ type: ElementType, _ bytes: UnsafeRawBufferPointer) {
      precondition(bytes.count == shape.count * type.byteCount, "\(name): \(bytes.count) bytes for \(shape)")
      self.init(name, shape.dimensions, type) { body throws(FileError) in try body(bytes) }
    }

    /// Texts, one row each.
    public init(_ name: String, texts: [String]) {
      let width = max(1, texts.map(\.unicodeScalars.count).max() ?? 1)
      let bytes = texts.flatMap { text -> [UInt8] in
        let scalars = text.unicodeScalars.flatMap { little(Int($0.value), 4) }
        return scalars + [UInt8](repeating: 0, count: 4 * width - scalars.count)
      }
      self.init(name, [texts.count], .text(width: width), copied: bytes)
    }

    /// Numbers `[N]`, float64.
    public init(_ name: String, numbers: [Double]) {
      let bytes = numbers.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }
      self.init(name, [numbers.count], .float64, copied: bytes)
    }

    private init(_ name: String, _ shape: [Int], _ type: ElementType, copied bytes: [UInt8]) {
      self.init(name, shape, type) { body throws(FileError) in
        var failure: FileError?
        bytes.withUnsafeBytes { bytes in
          do throws(FileError) { try body(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
      }
    }

    var byteCount: Int { shape.reduce(type.byteCount, *) }
  }

  /// Writes the arrays; `numpy.load(path)` gives them by name.
  ///
  /// - Precondition: names differ; every entry's `visit` hands over as many bytes as its shape has.
  /// - Throws: when the file cannot be written; nothing is left behind then.
  public static func write(to path: String, arrays: [Entry]) throws(FileError) {
    precondition(Set(arrays.map(\.name)).count == arrays.count, "two arrays of one name")
    try AtomicFile.write(to: path) { writer throws(FileError) in
      var directory: [UInt8] = []
      var offset = 0
      for array in arrays {
        let header = ArrayHeader.bytes(type: array.type, shape: array.shape)
        var entry = ZipEntry(array, header: header.count, offset: offset)
        try writer.write(entry.localHeader)
        try writer.write(header)
        var checksum = header.withUnsafeBytes { crc32(of: $0) }
        var count = 0
        try array.visit { bytes throws(FileError) in
          checksum = crc32(of: bytes, from: checksum)
          count += bytes.count
          try writer.write(bytes)
        }
        precondition(count == array.byteCount, "\(array.name): \(count) bytes for \(array.shape)")
        // Known only now; it lies before the elements.
        entry.checksum = checksum
        try writer.write(entry.localHeader, at: offset)
        directory += entry.directoryRecord
        offset += entry.localHeader.count + header.count + array.byteCount
      }
      try writer.write(directory + end(count: arrays.count, directory: directory.count, offset: offset))
    }
  }

  /// The end of the directory; before it the one with 64 bits, where numbers do not fit.
  private static func end(count: Int, directory: Int, offset: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    let isLarge = offset + directory >= largest || count >= 0xFFFF
    if isLarge {
      bytes += little(0x0606_4B50, 4) + little(44, 8) + little(45, 2) + little(45, 2) + little(0, 8)
      bytes += little(count, 8) + little(count, 8) + little(directory, 8) + little(offset, 8)
      bytes += little(0x0706_4B50, 4) + little(0, 4) + little(offset + directory, 8) + little(1, 4)
    }
    let (shownCount, shownOffset) = isLarge ? (0xFFFF, largest) : (count, offset)
    bytes += little(0x0605_4B50, 4) + little(0, 4) + little(shownCount, 2) + little(shownCount, 2)
    return bytes + little(min(directory, largest), 4) + little(shownOffset, 4) + little(0, 2)
  }

  /// 32 bits hold what is below.
  fileprivate static let largest = 0xFFFF_FFFF
}

/// The headers of one array in the zip file.
private struct ZipEntry {
  private let name: [UInt8]
  /// Of the array's header and its elements.
  private let size: Int
  private let offset: Int
  /// CRC-32 of these.
  var checksum: UInt32 = 0

  init(_ array: NPZ.Entry, header: Int, offset: Int) {
    name = Array("\(array.name).npy".utf8)
    size = header + array.byteCount
    self.offset = offset
  }

  private var isLarge: Bool { size >= NPZ.largest }
  private var version: [UInt8] { little(isLarge || offset >= NPZ.largest ? 45 : 20, 2) }

  /// Flags, method (stored), time, date (zip's first, so that equal arrays make equal files), checksum, both sizes, the
  /// length of the name.
  private var fields: [UInt8] {
    let shown = isLarge ? NPZ.largest : size
    return little(0, 2) + little(0, 2) + little(0, 2) + little(0x21, 2) + little(Int(checksum), 4) + little(shown, 4)
      + little(shown, 4) + little(name.count, 2)
  }

  var localHeader: [UInt8] {
    let sizes = isLarge ? little(1, 2) + little(16, 2) + little(size, 8) + little(size, 8) : []
    // An extension of no meaning fills up, so that the elements (the header is a multiple of 64) begin at one of 64.
    let unpadded = offset + 30 + name.count + sizes.count + 4
    let padding = little(0xD935, 2) + little((64 - unpadded % 64) % 64, 2)
    let extra = sizes + padding + [UInt8](repeating: 0, count: (64 - unpadded % 64) % 64)
    return little(0x0403_4B50, 4) + version + fields + little(extra.count, 2) + name + extra
  }

  var directoryRecord: [UInt8] {
    let far = offset >= NPZ.largest
    let places = (isLarge ? little(size, 8) + little(size, 8) : []) + (far ? little(offset, 8) : [])
    let record = places.isEmpty ? [] : little(1, 2) + little(places.count, 2) + places
    // Made by, needed version, the shared fields; comment, disk and attributes; place of the entry.
    return little(0x0201_4B50, 4) + version + version + fields + little(record.count, 2) + little(0, 10)
      + little(far ? NPZ.largest : offset, 4) + name + record
  }
}

/// NumPy's file of one array.
public enum NPY {
  /// Writes an array; `numpy.load(path)` gives it, `mmap_mode="r"` without reading it.
  ///
  /// - Parameter visit: hands all elements, in row-major order, to its argument, in any number of pieces.
  /// - Precondition: `visit` hands over as many bytes as the shape has.
  /// - Throws: when the file cannot be written; nothing is left behind then.
  public static func write(
    to path: String, shape: [Int], type: ElementType,
    visit: (_ body: (UnsafeRawBufferPointer) throws(FileError) -> Void) throws(FileError) -> Void
  ) throws(FileError) {
    try AtomicFile.write(to: path) { writer throws(FileError) in
      try writer.write(ArrayHeader.bytes(type: type, shape: shape))
      var count = 0
      try visit { bytes throws(FileError) in
        count += bytes.count
        try writer.write(bytes)
      }
      precondition(count == shape.reduce(type.byteCount, *), "\(count) bytes for \(shape)")
    }
  }
}
