import Files

/// The first bytes of an `.npy` file: type, order and shape of the elements behind it.
///
/// - Source: NumPy's NEP 1 (npy formats 1.0, 2.0 and 3.0).
struct ArrayHeader {
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// Longer ones belong to structured arrays.
  static let mostBytes = 1 << 16

  let type: ElementType
  let isBigEndian: Bool
  let shape: [Int]
  /// Where the elements begin.
  let byteCount: Int

  /// Elements of the shape.
  var count: Int { shape.reduce(1, *) }

  /// - Parameters:
  ///   - bytes: from the start of the array's file, as many as there are or `mostBytes`.
  ///   - name: of the array, for messages.
  init(_ bytes: UnsafeRawBufferPointer, path: String, name: String) throws(FileError) {
    func wrong(_ reason: String, _ remedy: String) -> FileError {
      FileError(path: path, reason: "array \(name): \(reason)", remedy: remedy)
    }
    guard bytes.count >= 10, bytes.prefix(6).elementsEqual(Self.magic) else {
      throw wrong("does not begin as an .npy file", "write it with numpy.save, numpy.savez or numpy.savez_compressed")
    }
    let version = bytes[6]
    let start = version == 1 ? 10 : 12
    guard (1...3).contains(version), bytes.count >= start else {
      throw wrong("npy format \(version).\(bytes[7]), known are 1.0 to 3.0", "save it with a NumPy of today")
    }
    let length = (8..<start).reversed().reduce(0) { $0 << 8 | Int(bytes[$1]) }
    guard length <= Self.mostBytes else { throw wrong("a header of \(grouped(length)) bytes", "save plain numbers") }
    guard start + length <= bytes.count else { throw wrong("ends within its header", "copy the file again") }
    let text = String(decoding: bytes[start..<start + length], as: UTF8.self)
    guard let fields = DictionaryText.fields(of: text), let descriptor = fields["descr"],
      let order = fields["fortran_order"], let shapeText = fields["shape"], let shape = DictionaryText.tuple(shapeText)
    else { throw wrong("its header is \(clipped(text.debugDescription))", "save plain numbers, one type for all") }
    guard let quoted = DictionaryText.quoted(descriptor) else {
      throw wrong("has fields of several types (\(clipped(descriptor)))", "save every field as an array of its own")
    }
    guard "<>|=".contains(quoted.first ?? "?"), let type = ElementType(code: quoted.dropFirst()) else {
      throw wrong(
        "elements of type \(clipped(quoted.debugDescription)) are not numbers that can be trained on",
        "SO".contains(quoted.dropFirst().first ?? "?")
          ? "convert it: x.astype(str) for words, numpy.asarray(x, dtype='float32') for numbers"
          : "convert it: numpy.asarray(x, dtype='float32'), or 'uint8' for images, 'int64' for labels")
    }
    guard order == "False" || shape.count < 2 else {
      throw wrong("lies in Fortran order", "save numpy.ascontiguousarray(x)")
    }
    var total = type.byteCount
    for extent in shape {
      let (product, isTooLarge) = total.multipliedReportingOverflow(by: extent)
      guard !isTooLarge, product < 1 << 56 else {
        throw wrong("its header says \(shape.map(grouped).joined(separator: " × "))", "copy the file again")
      }
      total = product
    }
    self.type = type
    isBigEndian = quoted.first == ">"
    self.shape = shape
    byteCount = start + length
  }

  /// Magic, version 1.0, length, a Python dictionary, padded so that the elements begin at a multiple of 64.
  static func bytes(type: ElementType, shape: [Int]) -> [UInt8] {
    let extents = shape.map { "\($0)," }.joined(separator: " ")
    let tuple = shape.count > 1 ? "(\(extents.dropLast()))" : "(\(extents))"
    var text = Array("{'descr': '\(type.descriptor)', 'fortran_order': False, 'shape': \(tuple), }".utf8)
    while (10 + text.count + 1) % 64 != 0 { text.append(UInt8(ascii: " ")) }
    text.append(UInt8(ascii: "\n"))
    return magic + [1, 0] + little(text.count, 2) + text
  }
}

/// The lowest bytes of a number, least significant first.
func little(_ value: Int, _ byteCount: Int) -> [UInt8] {
  (0..<byteCount).map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> (8 * $0)) : 0 }
}

/// The dictionary of a header: keys in quotes; values as text, up to the comma outside of brackets and quotes.
private enum DictionaryText {
  static func fields(of text: String) -> [String: String]? {
    let trimmed = text.trimmed
    guard trimmed.first == "{", trimmed.last == "}" else { return nil }
    var fields: [String: String] = [:]
    for part in split(trimmed.dropFirst().dropLast()) where !part.trimmed.isEmpty {
      guard let colon = part.firstIndex(of: ":"), let key = quoted(part[..<colon].trimmed) else { return nil }
      fields[key] = part[part.index(after: colon)...].trimmed
    }
    return fields
  }

  /// `(3, 4)`, `(3,)`, `()`, with Python 2's `3L`; nil where an extent is no number from 0 on.
  static func tuple(_ text: String) -> [Int]? {
    guard text.first == "(", text.last == ")" else { return nil }
    var shape: [Int] = []
    for part in split(text.dropFirst().dropLast()) where !part.trimmed.isEmpty {
      let digits = part.trimmed.last == "L" ? String(part.trimmed.dropLast()) : part.trimmed
      guard let extent = Int(digits), extent >= 0, shape.count < 32 else { return nil }
      shape.append(extent)
    }
    return shape
  }

  static func quoted(_ text: String) -> String? {
    guard text.count >= 2, let first = text.first, first == "'" || first == "\"", text.last == first else { return nil }
    return String(text.dropFirst().dropLast())
  }

  private static func split(_ text: Substring) -> [Substring] {
    var parts: [Substring] = []
    var (start, depth) = (text.startIndex, 0)
    var quote: Character?
    for index in text.indices {
      switch (text[index], quote) {
      case (let c, let open?): quote = c == open ? nil : open
      case ("'", nil), ("\"", nil): quote = text[index]
      case ("(", nil), ("[", nil): depth += 1
      case (")", nil), ("]", nil): depth -= 1
      case (",", nil) where depth == 0:
        parts.append(text[start..<index])
        start = text.index(after: index)
      default: break
      }
    }
    return parts + [text[start...]]
  }
}
