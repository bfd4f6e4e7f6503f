/// Numbers as a person reads them.
enum Quantity {
  /// `2 ranks`, `1 rank`.
  static func count(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

  /// Three significant digits at most, whole from 100 on.
  static func number(_ value: Double) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return "\(value)" }
    let decimals = value.magnitude >= 99.95 ? 0 : value.magnitude >= 9.995 ? 1 : 2
    let scale = [1, 10, 100][decimals]
    let scaled = Int((value.magnitude * Double(scale)).rounded())
    let fraction = String(String(scale + scaled % scale).dropFirst())
    return (value < 0 && scaled > 0 ? "-" : "") + "\(scaled / scale)" + (decimals > 0 ? "." + fraction : "")
  }

  static func range(_ range: ClosedRange<Double>, _ text: (Double) -> String = number) -> String {
    let (low, high) = (text(range.lowerBound), text(range.upperBound))
    return low == high ? low : "\(low) to \(high)"
  }

  static func percent(_ share: Double) -> String { "\(Int((100 * share).rounded())) %" }

  static func duration(_ seconds: Double) -> String {
    switch seconds.magnitude {
    case ..<1e-3: "\(number(seconds * 1e6)) µs"
    case ..<1: "\(number(seconds * 1e3)) ms"
    case ..<120: "\(number(seconds)) s"
    case ..<7200: "\(Int(seconds / 60)) min"
    default: "\(number(seconds / 3600)) h"
    }
  }

  static func bytes(_ count: Int) -> String {
    let (unit, name) = count >= 1 << 30 ? (1 << 30, "GB") : (1 << 20, "MB")
    return (count % unit == 0 ? "\(count / unit)" : number(Double(count) / Double(unit))) + " \(name)"
  }
}
