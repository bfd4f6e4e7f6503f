import Files
import Tensors

/// Reads the header's JSON and nothing else: an object of tensors and of metadata strings.
///
/// The grammar is written out level by level, without recursion, so depth cannot hurt; a name may occur only once.
struct HeaderParser {
  private let text: [UInt8]
  private let file: String
  private var position = 0

  /// No array that trains has more axes; more than this is damage.
  private static let highestRank = 16

  init(_ text: [UInt8], file: String) {
    self.text = text
    self.file = file
  }

  mutating func header() throws(CheckpointError) -> SafetensorsHeader {
    var header = SafetensorsHeader()
    var hasMetadata = false
    try members { parser, name throws(CheckpointError) in
      if name == SafetensorsHeader.metadataKey {
        guard !hasMetadata else { throw parser.error("\(name) occurs twice") }
        hasMetadata = true
        try parser.members { parser, key throws(CheckpointError) in
          let value = try parser.string()
          guard header.metadata.updateValue(value, forKey: key) == nil else {
            throw parser.error("metadata \(brief(key)) occur twice")
          }
          guard header.metadata.count <= SafetensorsHeader.mostMetadata else {
            throw parser.error("more than \(grouped(SafetensorsHeader.mostMetadata)) metadata")
          }
        }
      } else {
        let record = try parser.record(of: name)
        guard header.tensors.updateValue(record, forKey: name) == nil else {
          throw parser.error("tensor \(brief(name)) occurs twice")
        }
        guard header.tensors.count <= SafetensorsHeader.mostTensors else {
          throw parser.error("more than \(grouped(SafetensorsHeader.mostTensors)) tensors")
        }
      }
    }
    skipBlanks()
    guard position == text.count else { throw error("text behind the end of the header") }
    return header
  }

  private mutating func record(of name: String) throws(CheckpointError) -> TensorRecord {
    var type: ElementType?
    var shape: [Int]?
    var offsets: [Int]?
    try members { parser, key throws(CheckpointError) in
      switch key {
      case "dtype" where type == nil:
        let word = try parser.string()
        type = ElementType(rawValue: word)
        guard type != nil else {
          let known = ElementType.allCases.map(\.rawValue).joined(separator: ", ")
          throw parser.error("tensor \(brief(name)) has dtype \(brief(word)), known are \(known)")
        }
      case "shape" where shape == nil: shape = try parser.numbers(atMost: Self.highestRank)
      case "data_offsets" where offsets == nil: offsets = try parser.numbers(atMost: 2)
      default: throw parser.error("\(brief(key)) in tensor \(brief(name))")
      }
    }
    guard let type, let shape, let offsets, offsets.count == 2, offsets[0] <= offsets[1] else {
      throw error("tensor \(brief(name)) lacks dtype, shape or two rising data_offsets")
    }
    var byteCount = type.byteCount
    for extent in shape {
      let (product, isTooLarge) = byteCount.multipliedReportingOverflow(by: extent)
      guard !isTooLarge else { throw error("tensor \(brief(name)) has the shape \(shape)") }
      byteCount = product
    }
    guard byteCount == offsets[1] - offsets[0] else {
      throw error(
        "tensor \(brief(name)), \(type.rawValue) \(shape), has \(grouped(offsets[1] - offsets[0])) bytes "
          + "instead of \(grouped(byteCount))")
    }
    return TensorRecord(shape: Shape(shape), type: type, range: offsets[0]..<offsets[1])
  }

  /// `{ "name": …, … }`, with `member` reading each value.
  private mutating func members(
    _ member: (inout HeaderParser, String) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    try expect("{")
    if take("}") { return }
    repeat {
      let name = try string()
      try expect(":")
      try member(&self, name)
    } while take(",")
    try expect("}")
  }

  /// `[ 1, 2, … ]`: whole numbers from 0 on.
  private mutating func numbers(atMost limit: Int) throws(CheckpointError) -> [Int] {
    var numbers: [Int] = []
    try expect("[")
    if take("]") { return numbers }
    repeat {
      guard numbers.count < limit else { throw error("more than \(limit) numbers") }
      numbers.append(try number())
    } while take(",")
    try expect("]")
    return numbers
  }

  private mutating func number() throws(CheckpointError) -> Int {
    skipBlanks()
    let start = position
    var value = 0
    while position < text.count, case let digit = Int(text[position]) - 48, (0...9).contains(digit) {
      let (product, overflowsProduct) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflowsSum) = product.addingReportingOverflow(digit)
      guard !overflowsProduct, !overflowsSum else { throw error("a number beyond 2^63") }
      value = sum
      position += 1
    }
    guard position > start else { throw error("a whole number is missing") }
    return value
  }

  private mutating func string() throws(CheckpointError) -> String {
    try expect("\"")
    var bytes: [UInt8] = []
    while position < text.count {
      let byte = text[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: bytes, as: UTF8.self) else { throw error("a string is no UTF-8") }
        return string
      case UInt8(ascii: "\\"): bytes += try escaped()
      case 0..<0x20: throw error("a control character in a string")
      default: bytes.append(byte)
      }
    }
    throw error("a string without end")
  }

  /// The UTF-8 of what follows a backslash.
  private mutating func escaped() throws(CheckpointError) -> [UInt8] {
    guard position < text.count else { throw error("a string without end") }
    let byte = text[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [8]
    case UInt8(ascii: "f"): return [12]
    case UInt8(ascii: "n"): return [10]
    case UInt8(ascii: "r"): return [13]
    case UInt8(ascii: "t"): return [9]
    case UInt8(ascii: "u"):
      var unit = try hexadecimalUnit()
      if (0xD800..<0xDC00).contains(unit), text[position...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) {
        position += 2
        let low = try hexadecimalUnit()
        guard (0xDC00..<0xE000).contains(low) else { throw error("half a surrogate pair") }
        unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(unit) else { throw error("half a surrogate pair") }
      return Array(String(Character(scalar)).utf8)
    default: throw error("an unknown escape in a string")
    }
  }

  private mutating func hexadecimalUnit() throws(CheckpointError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard position < text.count, let digit = Character(Unicode.Scalar(text[position])).hexDigitValue else {
        throw error("an unknown escape in a string")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  private mutating func skipBlanks() {
    while position < text.count {
      switch text[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipBlanks()
    guard position < text.count, text[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(CheckpointError) {
    guard take(character) else { throw error("\(character) is missing") }
  }

  private func error(_ reason: String) -> CheckpointError {
    .damaged(file, "header, byte \(grouped(position)): \(reason)")
  }
}

/// A name for a message: a hostile one may be as long as the file.
func shortened(_ name: String) -> String {
  let most = 100
  return name.unicodeScalars.count <= most ? name : String(name.unicodeScalars.prefix(most)) + "…"
}

/// The same in quotes, with control characters spelt out.
func brief(_ name: String) -> String { shortened(name).debugDescription }
