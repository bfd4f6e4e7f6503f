import NumPyFiles

/// The numbers that stand for black and for white in images.
///
///     value = (number − center) / unit, clipped to [−1, 1]        black = −1, white = 1
public struct PixelRange: Sendable, Equatable, CustomStringConvertible {
  let black: Double
  /// Above black.
  let white: Double

  /// Bytes as nearly all images have them.
  static let bytes = PixelRange(black: 0, white: 255)

  init(black: Double, white: Double) {
    precondition(black < white, "black \(black), white \(white)")
    self.black = black
    self.white = white
  }

  init(_ range: ClosedRange<Double>) { self.init(black: range.lowerBound, white: range.upperBound) }

  var width: Double { white - black }

  /// How samples are given back in these numbers.
  var column: Column { Column(name: "pixels", center: (black + white) / 2, unit: width / 2) }

  /// What the networks see.
  func value(of number: Double) -> Float { Float(min(1, max(-1, column.value(of: number)))) }

  /// The nearest byte under the range `bytes`; NaN is black.
  func byte(of number: Double) -> UInt8 {
    let share = (number - black) / width
    return share > 0 ? UInt8((255 * min(1, share)).rounded()) : 0
  }

  /// How bytes whose numbers mean this range are stored.
  var byteFormat: SampleFormat {
    self == .bytes ? .bytes : .tabulated((0...255).map { value(of: Double($0)) })
  }

  /// How much of the range numbers from `least` to `most` fill, 0 to 1.
  func filled(least: Double, most: Double) -> Double {
    max(0, min(white, most) - max(black, least)) / width
  }

  /// `[0,255]`, as `data.range` is given on the command line.
  public var description: String { "[\(Self.text(black)),\(Self.text(white))]" }

  /// `0 (black) to 255 (white)`
  var inWords: String { "\(Self.text(black)) (black) to \(Self.text(white)) (white)" }

  /// `--set data.range=[0,255]`
  var setting: String { "--set data.range=\(self)" }

  /// A number without `.0`, and float32 without digits that it does not have.
  static func text(_ x: Double) -> String {
    let text = Double(Float(x)) == x ? "\(Float(x))" : "\(x)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// What numbers from `least` to `most` themselves would make black and white: 0 where they begin near it, whole numbers
  /// up to 2ⁿ − 1 where they end near that, others rounded outwards; nil where all are the same.
  static func own(least: Double, most: Double) -> PixelRange? {
    guard least < most else { return nil }
    let isWhole = least == least.rounded() && most == most.rounded()
    let room = 0.01 * (most - least)
    let low = (0...max(0, most / 10)).contains(least) ? 0 : isWhole ? least : rounded(least, .down, by: room)
    guard isWhole else { return PixelRange(black: low, white: rounded(most, .up, by: room)) }
    let powers = (8...32).map { Double(1 << $0 - 1) }
    let high = low == 0 ? powers.first { $0 >= most && most > 0.9 * $0 } ?? most : most
    return PixelRange(black: low, white: high)
  }

  /// To so few digits, three at most, that it moves by no more than `room`.
  private static func rounded(_ x: Double, _ rule: FloatingPointRoundingRule, by room: Double) -> Double {
    guard x != 0 else { return 0 }
    var scale = 1.0
    while abs(x) * scale < 1, scale < 1e300 { scale *= 10 }
    var divisor = 1.0
    while abs(x) / divisor >= 10, divisor < 1e300 { divisor *= 10 }
    for digits in [1.0, 10, 100] {
      let place = x * scale * digits / divisor
      // What float32 makes of a decimal number is that number.
      let near = place.rounded()
      let rounded = (abs(place - near) < 1e-4 ? near : place.rounded(rule)) * divisor / digits / scale
      if abs(rounded - x) <= room || digits == 100 { return rounded }
    }
    return x
  }
}
