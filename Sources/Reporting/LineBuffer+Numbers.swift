#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension LineBuffer {
  /// Appends `value` with a fixed number of decimals: 0.69 for 0.6931 and 2. From 10¹⁵ on with significant digits.
  public func append(_ value: Double, decimals: Int) {
    precondition((0...9).contains(decimals), "\(decimals) decimals")
    let scale = pow(10, Double(decimals))
    guard value.isFinite, value.magnitude * scale < 1e15 else { return append(value, significantDigits: 7) }
    let scaled = UInt64((value.magnitude * scale).rounded())
    if value < 0 && scaled > 0 { append(UInt8(ascii: "-")) }
    append(digits: scaled / UInt64(scale), atLeast: 1)
    guard decimals > 0 else { return }
    append(UInt8(ascii: "."))
    append(digits: scaled % UInt64(scale), atLeast: decimals)
  }

  /// Appends `value` rounded to so many significant digits, without trailing zeros, as JSON writes numbers: 0.6931472,
  /// 1250, 2.5e-07. Infinity and NaN become `inf`, `-inf`, `nan`.
  ///
  /// The last digit may be off by one from 13 digits on (the scaling is done in double precision).
  public func append(_ value: Double, significantDigits digits: Int = 7) {
    precondition((1...15).contains(digits), "\(digits) significant digits")
    if value.isNaN { return append("nan" as StaticString) }
    if value < 0 { append(UInt8(ascii: "-")) }
    if value.isInfinite { return append("inf" as StaticString) }
    if value == 0 { return append(UInt8(ascii: "0")) }
    var (digitValue, exponent) = Self.decimal(value.magnitude, digits: digits)
    var length = digits
    while length > 1 && digitValue % 10 == 0 {
      digitValue /= 10
      length -= 1
    }
    switch exponent {
    case -5 ... -1:
      append("0." as StaticString)
      for _ in 0..<(-exponent - 1) { append(UInt8(ascii: "0")) }
      append(digits: digitValue, atLeast: 1)
    case 0..<15:
      append(mantissa: digitValue, length: length, wholeDigits: exponent + 1)
    default:
      append(mantissa: digitValue, length: length, wholeDigits: 1)
      append(UInt8(ascii: "e"))
      append(exponent)
    }
  }

  /// The first `digits` digits of a positive number as a whole number, and the exponent of the first of them.
  private static func decimal(_ magnitude: Double, digits: Int) -> (digits: UInt64, exponent: Int) {
    var exponent = Int(log10(magnitude).rounded(.down))
    let limit = UInt64(pow(10, Double(digits)))
    var value = scaled(magnitude, byPowerOf10: digits - 1 - exponent)
    // The logarithm of a number close to a power of ten, and rounding up to one, may miss by one.
    if value < limit / 10 {
      exponent -= 1
      value = scaled(magnitude, byPowerOf10: digits - 1 - exponent)
    }
    if value >= limit {
      exponent += 1
      value = scaled(magnitude, byPowerOf10: digits - 1 - exponent)
    }
    return (value, exponent)
  }

  /// Dividing by a positive power keeps small powers exact; two steps keep large ones finite.
  private static func scaled(_ magnitude: Double, byPowerOf10 power: Int) -> UInt64 {
    let result =
      if power > 300 {
        magnitude * 1e300 * pow(10, Double(power - 300))
      } else if power >= 0 {
        magnitude * pow(10, Double(power))
      } else {
        magnitude / pow(10, Double(-power))
      }
    return UInt64(result.rounded())
  }

  /// Appends `length` digits with the point behind the first `wholeDigits`, zeros filled in where they end before it.
  private func append(mantissa: UInt64, length: Int, wholeDigits: Int) {
    if length <= wholeDigits {
      append(digits: mantissa, atLeast: 1)
      for _ in length..<wholeDigits { append(UInt8(ascii: "0")) }
      return
    }
    let scale = UInt64(pow(10, Double(length - wholeDigits)))
    append(digits: mantissa / scale, atLeast: 1)
    append(UInt8(ascii: "."))
    append(digits: mantissa % scale, atLeast: length - wholeDigits)
  }
}
