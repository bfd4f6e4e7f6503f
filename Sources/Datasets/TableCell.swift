import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A field of a table as numbers go.
enum TableCell: Equatable {
  /// How a number is spelled.
  enum Mark: Equatable {
    /// Digits only.
    case none
    /// With a point or an exponent.
    case point
    /// With a decimal comma.
    case comma
  }

  case number(Double, Mark)
  /// Empty, or one of the usual words for what was not measured.
  case missing
  case word

  /// In lower case.
  private static let missingWords: Set<String> = [
    "na", "n/a", "nan", "+nan", "-nan", "null", "none", "?", "-", "--", ".", "#n/a", "#na", "<na>",
  ]

  /// Whether a text says that nothing is known: empty, or NA, nan, None and the like.
  static func isMissing(_ text: String) -> Bool {
    let word = text.trimmed.lowercased()
    return word.isEmpty || missingWords.contains(word)
  }

  private static let infinities: [String: Double] = [
    "inf": .infinity, "+inf": .infinity, "-inf": -.infinity, "infinity": .infinity, "+infinity": .infinity,
    "-infinity": -.infinity,
  ]

  /// Whole powers that are exact in Float64: a product or quotient of two exact numbers is rounded once.
  private static let powers: [Double] = (0..<22).reduce(into: [1]) { powers, _ in powers.append(powers.last! * 10) }

  /// Reads a decimal number: a sign, digits with one mark, an exponent of ten. Not: hexadecimal numbers, digits in groups.
  ///
  /// - Parameters:
  ///   - range: where the field lies; what follows it is no part of a number.
  ///   - allowsComma: whether a comma may be the decimal mark.
  init(_ bytes: [UInt8], _ range: Range<Int>, isQuoted: Bool, allowsComma: Bool) {
    var (start, end) = (range.lowerBound, range.upperBound)
    if isQuoted {
      (start, end) = (start + 1, end - 1)
      while start < end, bytes[start] == 32 || bytes[start] == 9 { start += 1 }
      while start < end, bytes[end - 1] == 32 || bytes[end - 1] == 9 { end -= 1 }
    }
    guard start < end else {
      self = .missing
      return
    }
    var place = start
    let isNegative = bytes[place] == UInt8(ascii: "-")
    if isNegative || bytes[place] == UInt8(ascii: "+") { place += 1 }
    var digits: UInt64 = 0
    var (digitCount, significant, scale) = (0, 0, 0)
    var mark = Mark.none
    while place < end {
      let byte = bytes[place]
      if byte >= 48, byte <= 57 {
        digitCount += 1
        if significant > 0 || byte != 48 { significant += 1 }
        if significant <= 18 { digits = digits * 10 + UInt64(byte - 48) }
        if mark != .none { scale -= 1 }
      } else if mark == .none, byte == UInt8(ascii: ".") || byte == UInt8(ascii: ",") && allowsComma {
        mark = byte == UInt8(ascii: ".") ? .point : .comma
      } else {
        break
      }
      place += 1
    }
    var exponent = 0
    if place < end, digitCount > 0, bytes[place] | 0x20 == UInt8(ascii: "e") {
      place += 1
      let isDown = place < end && bytes[place] == UInt8(ascii: "-")
      if place < end, isDown || bytes[place] == UInt8(ascii: "+") { place += 1 }
      let first = place
      while place < end, bytes[place] >= 48, bytes[place] <= 57 {
        exponent = min(exponent * 10 + Int(bytes[place] - 48), 100_000)
        place += 1
      }
      if place == first { digitCount = 0 }
      if isDown { exponent = -exponent }
      if mark == .none { mark = .point }
    }
    guard place == end, digitCount > 0 else {
      self = Self.word(bytes[start..<end])
      return
    }
    let power = exponent + scale
    let value: Double
    if significant <= 18, digits <= 1 << 53, abs(power) <= 22 {
      let size = Double(digits)
      let unsigned = power < 0 ? size / Self.powers[-power] : size * Self.powers[power]
      value = isNegative ? -unsigned : unsigned
    } else {
      value = Self.parsed(bytes, start..<end, hasComma: mark == .comma)
    }
    self = .number(value, mark)
  }

  /// Rounded right, whatever the digits.
  private static func parsed(_ bytes: [UInt8], _ range: Range<Int>, hasComma: Bool) -> Double {
    guard hasComma else {
      return bytes.withUnsafeBytes {
        strtod(($0.baseAddress! + range.lowerBound).assumingMemoryBound(to: CChar.self), nil)
      }
    }
    return (bytes[range].map { $0 == UInt8(ascii: ",") ? UInt8(ascii: ".") : $0 } + [0]).withUnsafeBytes {
      strtod($0.baseAddress!.assumingMemoryBound(to: CChar.self), nil)
    }
  }

  private static func word(_ bytes: ArraySlice<UInt8>) -> TableCell {
    guard bytes.count <= 9 else { return .word }
    let word = String(decoding: bytes, as: UTF8.self).lowercased()
    if missingWords.contains(word) { return .missing }
    return infinities[word].map { .number($0, .none) } ?? .word
  }
}
