import CZlib
import Files
import Tensors

/// NumPy's archive of arrays: a zip file, not compressed, of `.npy` files.
///
/// - Source: NumPy's NEP 1 (npy format 1.0); PKWARE's APPNOTE 6.3 (zip).
public enum NPZ {
  public enum ElementType: Sendable {
    case float32
    case int64

    var descriptor: String {
      switch self {
      case .float32: "<f4"
      case .int64: "<i8"
      }
    }

    var byteCount: Int {
      switch self {
      case .float32: 4
      case .int64: 8
      }
    }
  }

  /// An array to be written: its name and where its elements lie. Does not outlive that memory.
  public struct Entry {
    public let name: String
    public let shape: Shape
    public let type: ElementType
    public let bytes: UnsafeRawBufferPointer

    /// - Precondition: `bytes` holds exactly the elements of `shape`; the name is ASCII letters, digits and `_`.
    public init(_ name: String, _ shape: Shape, _ type: ElementType, _ bytes: UnsafeRawBufferPointer) {
      precondition(bytes.count == shape.count * type.byteCount, "\(name): \(bytes.count) bytes for \(shape)")
      precondition(
        !name.isEmpty && name.utf8.allSatisfy { $0 < 128 }
          && name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" },
        "\(name.debugDescription) is no name for an array")
      self.name = name
      self.shape = shape
      self.type = type
      self.bytes = bytes
    }
  }

  /// Writes the arrays; `numpy.load(path)` gives them by name.
  ///
  /// - Precondition: names differ.
  /// - Throws: beyond 4 GB (zip's limit without extensions), and when the file cannot be written; nothing is left behind
  ///   then.
  public static func write(to path: String, arrays: [Entry]) throws(ReportError) {
    precondition(Set(arrays.map(\.name)).count == arrays.count, "two arrays of one name")
    // Headers of a few hundred bytes an array count too.
    let total = arrays.reduce(0) { $0 + $1.bytes.count + 1_024 }
    guard total < Int(UInt32.max), arrays.count < Int(UInt16.max) else {
      throw ReportError(
        file: path, reason: "\(grouped(total)) bytes, an npz file holds 4 GB", remedy: "write several files")
    }
    do throws(FileError) {
      try AtomicFile.write(to: path) { writer throws(FileError) in
        var directory: [UInt8] = []
        var offset = 0
        for array in arrays {
          let header = arrayHeader(array)
          let fields = zipFields(array, header: header)
          let name = Array("\(array.name).npy".utf8)
          let local = little(0x0403_4B50, 4) + fields + little(0, 2) + name
          // Made by version 20, then the shared fields; no extra, comment, disk or attributes; place of the entry.
          directory += little(0x0201_4B50, 4) + little(20, 2) + fields + little(0, 12) + little(offset, 4) + name
          try writer.write(local)
          try writer.write(header)
          try writer.write(array.bytes)
          offset += local.count + header.count + array.bytes.count
        }
        try writer.write(directory)
        try writer.write(
          little(0x0605_4B50, 4) + little(0, 4) + little(arrays.count, 2) + little(arrays.count, 2)
            + little(directory.count, 4) + little(offset, 4) + little(0, 2))
      }
    } catch {
      throw ReportError(error)
    }
  }

  /// What the two headers of an entry share: version, flags, method (stored), time, date, checksum, both sizes, length
  /// of the name. The date is zip's first, so that equal arrays make equal files.
  private static func zipFields(_ array: Entry, header: [UInt8]) -> [UInt8] {
    var checksum = crc32_z(0, header, header.count)
    checksum = crc32_z(checksum, array.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), array.bytes.count)
    // zlib takes a null pointer as the wish for the initial value.
    if array.bytes.isEmpty { checksum = crc32_z(0, header, header.count) }
    let size = header.count + array.bytes.count
    return little(20, 2) + little(0, 2) + little(0, 2) + little(0, 2) + little(0x21, 2) + little(Int(checksum), 4)
      + little(size, 4) + little(size, 4) + little(array.name.utf8.count + 4, 2)
  }

  /// Magic, version 1.0, length, a Python dictionary, padded so that the elements begin at a multiple of 64.
  private static func arrayHeader(_ array: Entry) -> [UInt8] {
    let extents = array.shape.dimensions.map { "\($0)," }.joined(separator: " ")
    let tuple = array.shape.rank > 1 ? "(\(extents.dropLast()))" : "(\(extents))"
    var text = Array("{'descr': '\(array.type.descriptor)', 'fortran_order': False, 'shape': \(tuple), }".utf8)
    while (10 + text.count + 1) % 64 != 0 { text.append(UInt8(ascii: " ")) }
    text.append(UInt8(ascii: "\n"))
    return [0x93] + Array("NUMPY".utf8) + [1, 0] + little(text.count, 2) + text
  }

  /// The lowest bytes of a number, least significant first.
  private static func little(_ value: Int, _ byteCount: Int) -> [UInt8] {
    (0..<byteCount).map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> (8 * $0)) : 0 }
  }
}
