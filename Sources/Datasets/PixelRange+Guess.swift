import Files
import NumPyFiles

/// What has been seen of the numbers of some images.
struct PixelEvidence {
  /// `x_train`, or `the training images`
  let name: String
  let type: ElementType
  let least: Double
  let most: Double
  let imageCount: Int
  let count: Int
  /// Numbers beyond a range.
  let beyond: (PixelRange) -> Excess

  struct Excess {
    var count = 0
    /// By how much they are beyond, in all.
    var sum = 0.0

    mutating func add(_ number: Double, times: Int = 1, beyond range: PixelRange) {
      let distance = max(range.black - number, number - range.white)
      guard distance > 0, distance.isFinite else { return }
      count += times
      sum += distance * Double(times)
    }
  }

  /// `x holds float32 from 0 to 0.7`
  var inWords: String { "\(name) \(name.hasSuffix("images") ? "hold" : "holds") \(type.name) \(extent)" }
  var extent: String {
    least < most
      ? "from \(PixelRange.text(least)) to \(PixelRange.text(most))" : "that are all \(PixelRange.text(least))"
  }
}

/// Why no range can be taken for granted.
enum PixelDoubt: Error {
  /// The numbers fill too little of the range that they would usually mean.
  case dim(PixelRange)
  /// They fit no usual range.
  case unusual
}

extension PixelRange {
  /// A guess that the numbers fill less than this is none.
  static let leastFilled = 0.25

  /// The range that numbers like these usually mean.
  ///
  /// Overshoot does not count: resizing by cubic or Lanczos filters makes numbers a little below black and above white
  /// where edges are sharp. It is rare or shallow, so that its mean over all numbers stays below 2.5 % of their span
  /// (measured: up to 2.3 % for random black-and-white pixels under Lanczos, below 1.5 % for anything like a picture), while
  /// a range that is wrong leaves much more outside.
  static func guess(_ seen: PixelEvidence) throws(PixelDoubt) -> PixelRange {
    let candidates = usual(seen)
    guard let range = candidates.first(where: { $0.fits(seen) }) else { throw .unusual }
    if range.filled(least: seen.least, most: seen.most) >= leastFilled { return range }
    // What is beyond a range that it hardly fills is no overshoot.
    let beyond = max(range.black - seen.least, seen.most - range.white)
    throw beyond <= 0.05 * (seen.most - seen.least) ? .dim(range) : .unusual
  }

  private static func usual(_ seen: PixelEvidence) -> [PixelRange] {
    let (unit, signed) = (PixelRange(black: 0, white: 1), PixelRange(black: -1, white: 1))
    let (deep, signedBytes) = (PixelRange(black: 0, white: 65_535), PixelRange(black: -128, white: 127))
    // −1 to 1 has values well below 0.
    if seen.type.isFloating { return [unit] + (seen.least <= -0.5 ? [signed] : []) + [bytes, deep] }
    // Of whole numbers 0 and 1 are black and white; images of one value may be of any range.
    let few = seen.least == 0 && seen.most == 1 ? [unit] : seen.least == -1 && seen.most <= 1 ? [signed] : []
    return switch seen.type {
    case .bool: [unit]
    case .int8: few + [PixelRange(black: 0, white: 127), signedBytes]
    case .int16: few + [bytes, signedBytes]
    case .int32, .int64: few + [bytes, signedBytes, deep]
    default: few + [bytes, deep]
    }
  }

  private func fits(_ seen: PixelEvidence) -> Bool {
    let (below, above) = ((black - seen.least) / width, (seen.most - white) / width)
    if below <= 0 && above <= 0 { return true }
    // Whole numbers that were resized have negative ones, counts have not.
    guard seen.type.isFloating || seen.least < 0 && black == 0 else { return false }
    // Resizing overshoots on both sides; what does so above only may be a tail of something else than brightness.
    guard below <= 0.5, above <= (below > 1e-5 ? 0.5 : 0.25) else { return false }
    return seen.beyond(self).sum / Double(max(1, seen.count)) <= 0.025 * (seen.most - seen.least)
  }
}
