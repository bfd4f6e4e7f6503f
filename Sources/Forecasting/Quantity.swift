import Files
import Reporting

/// Numbers with units, as people write and read them.
public enum Quantity {
  /// Seconds of `50us`, `1.5 ms`, `2s`; nil for anything else, zero and less included.
  public static func seconds(_ text: String) -> Double? {
    value(text, units: [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1)])
  }

  /// Bytes per second of `10gbit`, `100mbit`, or in bytes, `1.2GB`; nil for anything else.
  public static func bytesPerSecond(_ text: String) -> Double? {
    value(
      text,
      units: [("kbit", 125), ("mbit", 125e3), ("gbit", 125e6), ("kb", 1e3), ("mb", 1e6), ("gb", 1e9)])
  }

  private static func value(_ text: String, units: [(suffix: String, factor: Double)]) -> Double? {
    let text = text.lowercased().replacing(" ", with: "")
    // `s` ends all the others: the longest that fits counts.
    guard
      let unit = units.filter({ text.hasSuffix($0.suffix) }).max(by: { $0.suffix.count < $1.suffix.count }),
      let number = Double(text.dropLast(unit.suffix.count)), number.isFinite, number > 0
    else { return nil }
    return number * unit.factor
  }

  /// `12.3 ms`: three digits and a unit that suits.
  public static func time(_ seconds: Double) -> String {
    seconds == 0 ? "0" : scaled(seconds, [(1e-9, "ns"), (1e-6, "µs"), (1e-3, "ms"), (1, "s")])
  }

  /// `12.3 MB`, in powers of ten.
  public static func bytes(_ count: Double) -> String {
    scaled(count, [(1, "B"), (1e3, "KB"), (1e6, "MB"), (1e9, "GB"), (1e12, "TB")])
  }

  /// `1.00 Gbit/s`
  public static func rate(bytesPerSecond: Double) -> String {
    scaled(8 * bytesPerSecond, [(1e3, "kbit/s"), (1e6, "Mbit/s"), (1e9, "Gbit/s")])
  }

  /// `12.3 million`, for operations.
  public static func count(_ value: Double) -> String {
    scaled(value, [(1, ""), (1e6, "million"), (1e9, "billion"), (1e12, "trillion")])
  }

  private static func scaled(_ value: Double, _ units: [(size: Double, name: String)]) -> String {
    // 999.7 would be shown as 1000.
    let unit = units.last { value >= 0.9995 * $0.size } ?? units[0]
    let number = digits(value / unit.size)
    return unit.name.isEmpty ? number : "\(number) \(unit.name)"
  }

  /// Three digits that count, all of them before the point shown: 0.123, 1.23, 12.3, 1,234.
  static func digits(_ value: Double) -> String {
    if value >= 999.5, value < 1e15 { return grouped(Int(value.rounded())) }
    let decimals = value == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : value >= 0.9995 ? 2 : 3
    return fixed(value, decimals: decimals)
  }

  static func fixed(_ value: Double, decimals: Int) -> String {
    let line = LineBuffer(capacity: 64)
    line.append(value, decimals: decimals)
    return String(decoding: line.contents, as: UTF8.self)
  }
}
