import Tensors

/// The JSON header of a safetensors file: metadata and, per tensor, type, shape and place.
///
/// Checksums are metadata like any other: `crc32c:NAME` for the bytes of a tensor, and first of all `crc32c` for the
/// header itself, taken with its own eight digits as zeros.
struct SafetensorsHeader {
  var metadata: [String: String] = [:]
  var tensors: [String: TensorRecord] = [:]

  static let metadataKey = "__metadata__"
  static let checksumKey = "crc32c"
  static let noChecksum = "00000000"
  /// A file of our own begins with these bytes; the header's checksum follows at once.
  static let checksumPrefix = Array("{\"\(metadataKey)\":{\"\(checksumKey)\":\"".utf8)

  /// What a reader takes and a writer makes at most, so that a hostile file costs no more memory than its own size and
  /// a constant: the largest models have some thousand tensors, and 200 bytes of header for each.
  static let largestByteCount = 16 << 20
  static let mostTensors = 1 << 16
  static let mostMetadata = 2 * mostTensors

  static func checksumKey(of tensor: String) -> String { "\(checksumKey):\(tensor)" }

  /// Encodes the header with `order` of the tensors, padded with spaces to a multiple of 8, its checksum filled in.
  func encoded(order: [String]) -> [UInt8] {
    var text = Self.checksumPrefix + Array("\(Self.noChecksum)\"".utf8)
    for key in metadata.keys.sorted() {
      text += Array(",\(Self.quoted(key)):\(Self.quoted(metadata[key] ?? ""))".utf8)
    }
    text += Array("}".utf8)
    for name in order {
      guard let record = tensors[name] else { preconditionFailure("no record of tensor \(name)") }
      let shape = record.shape.dimensions.map(String.init).joined(separator: ",")
      text += Array(
        (",\(Self.quoted(name)):{\"dtype\":\"\(record.type.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(record.range.lowerBound),\(record.range.upperBound)]}").utf8)
    }
    text += Array("}".utf8)
    while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
    let digits = hexadecimal(text.withUnsafeBytes(CRC32C.checksum))
    text.replaceSubrange(Self.checksumRange, with: Array(digits.utf8))
    return text
  }

  private static var checksumRange: Range<Int> {
    checksumPrefix.count..<checksumPrefix.count + noChecksum.utf8.count
  }

  /// Whether the header's own checksum is right; nil when it has none (a file of another program).
  static func checksumHolds(in text: [UInt8]) -> Bool? {
    guard text.count >= checksumRange.upperBound, text.starts(with: checksumPrefix) else { return nil }
    // In three pieces, the digits taken as zeros: a copy would double the memory that a hostile file can ask for.
    var crc = CRC32C()
    text.withUnsafeBytes { bytes in
      crc.update(UnsafeRawBufferPointer(rebasing: bytes[..<checksumRange.lowerBound]))
      Array(noChecksum.utf8).withUnsafeBytes { crc.update($0) }
      crc.update(UnsafeRawBufferPointer(rebasing: bytes[checksumRange.upperBound...]))
    }
    return text[checksumRange].elementsEqual(hexadecimal(crc.value).utf8)
  }

  /// A JSON string.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{0}"..<" ": result += "\\u00" + hexadecimal(UInt32(scalar.value)).suffix(2)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

/// Eight lower-case digits.
func hexadecimal(_ value: UInt32) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 8 - digits.count) + digits
}
