import Files

/// How far bytes are UTF-8 (RFC 3629).
struct UTF8Scan {
  /// Characters beyond ASCII.
  private(set) var validCount = 0
  private(set) var firstInvalid: Int?

  init(_ bytes: [UInt8], from start: Int) {
    bytes.withUnsafeBytes { raw in
      var place = start
      while place < raw.count {
        // Eight bytes of ASCII at a time.
        if place + 8 <= raw.count,
          raw.loadUnaligned(fromByteOffset: place, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
        {
          place += 8
        } else if raw[place] < 0x80 {
          place += 1
        } else if let length = Self.length(raw, at: place) {
          validCount += 1
          place += length
        } else {
          firstInvalid = firstInvalid ?? place
          place += 1
        }
      }
    }
  }

  /// Bytes of the character beyond ASCII that begins at a place; nil where none does.
  private static func length(_ bytes: UnsafeRawBufferPointer, at place: Int) -> Int? {
    let first = bytes[place]
    let (length, second): (Int, ClosedRange<UInt8>)
    switch first {
    case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: return nil
    }
    guard place + length <= bytes.count, second.contains(bytes[place + 1]) else { return nil }
    return (2..<length).allSatisfy { bytes[place + $0] & 0xC0 == 0x80 } ? length : nil
  }
}

/// Which byte of a UTF-16 unit comes first.
enum UTF16Order {
  case littleEndian, bigEndian

  /// Nil where bytes are no UTF-16: told by the mark, else by the zeros between letters of ASCII.
  init?(_ bytes: [UInt8]) {
    if bytes.starts(with: [0xFF, 0xFE]) {
      self = .littleEndian
    } else if bytes.starts(with: [0xFE, 0xFF]) {
      self = .bigEndian
    } else {
      let units = min(bytes.count, 4_096) / 2
      let (even, odd) = (
        (0..<units).count { bytes[2 * $0] == 0 }, (0..<units).count { bytes[2 * $0 + 1] == 0 }
      )
      guard units > 0, even == 0 || odd == 0, max(even, odd) * 10 >= units * 6 else { return nil }
      self = odd > 0 ? .littleEndian : .bigEndian
    }
  }
}

extension TableText {
  /// UTF-16 as UTF-8, without the mark.
  static func utf8(of stored: [UInt8], _ order: UTF16Order, path: String) throws(DatasetError) -> [UInt8] {
    func unit(_ index: Int) -> UInt16 {
      let (a, b) = (UInt16(stored[2 * index]), UInt16(stored[2 * index + 1]))
      return order == .littleEndian ? a | b << 8 : a << 8 | b
    }
    let count = stored.count / 2
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 16)
    var index = count > 0 && unit(0) == 0xFEFF ? 1 : 0
    while index < count {
      let first = unit(index)
      var value = UInt32(first)
      if first & 0xFC00 == 0xD800, index + 1 < count, unit(index + 1) & 0xFC00 == 0xDC00 {
        value = 0x10000 + (UInt32(first & 0x3FF) << 10 | UInt32(unit(index + 1) & 0x3FF))
        index += 1
      }
      guard let scalar = Unicode.Scalar(value) else {
        throw DatasetError(
          file: path,
          reason: "line \(grouped(line(of: bytes.count, in: bytes + [0]))) is no UTF-16, as the file begins",
          remedy: "save it as CSV UTF-8")
      }
      append(scalar, to: &bytes)
      index += 1
    }
    guard stored.count % 2 == 0 else {
      throw DatasetError(
        file: path, reason: "\(grouped(stored.count)) bytes, UTF-16 has an even number",
        remedy: "the copy was cut short, copy it again")
    }
    return bytes
  }

  /// Windows-1252, what Excel's plain CSV is in Western Europe, as UTF-8.
  static func utf8(ofWindows1252 stored: [UInt8], path: String) throws(DatasetError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(stored.count + stored.count / 8)
    for (place, byte) in stored.enumerated() {
      guard let scalar = windows1252(byte) else {
        throw DatasetError(
          file: path,
          reason: "line \(grouped(line(of: place, in: stored))) is neither UTF-8 nor Windows-1252 (byte "
            + "0x\(String(byte, radix: 16, uppercase: true)))",
          remedy: "save it as CSV UTF-8")
      }
      append(scalar, to: &bytes)
    }
    return bytes
  }

  /// The word around a byte of Windows-1252, for a message.
  static func word(at place: Int, in stored: [UInt8]) -> String {
    let ends = Set("\t\r\n ;,|\"".utf8)
    let first = stored[..<place].lastIndex(where: ends.contains).map { $0 + 1 } ?? 0
    let last = stored[place...].firstIndex(where: ends.contains) ?? stored.count
    var scalars = String.UnicodeScalarView()
    for byte in stored[max(first, place - 20)..<min(last, place + 20)] {
      scalars.append(windows1252(byte) ?? "\u{FFFD}")
    }
    return String(scalars)
  }

  private static func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
    if scalar.isASCII { bytes.append(UInt8(scalar.value)) } else { bytes += UTF8.encode(scalar)! }
  }

  /// Nil for the five bytes that mean nothing.
  private static func windows1252(_ byte: UInt8) -> Unicode.Scalar? {
    guard (0x80...0x9F).contains(byte) else { return Unicode.Scalar(byte) }
    let value = highPart[Int(byte) - 0x80]
    return value == 0 ? nil : Unicode.Scalar(value)
  }

  /// Characters of the bytes 0x80 to 0x9F (`bestfit1252.txt` of unicode.org, without its fillers).
  private static let highPart: [UInt16] = [
    0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0,
    0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E,
    0x0178,
  ]
}
