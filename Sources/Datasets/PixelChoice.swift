import Files

/// What stands for black and white in a data set, and what has to be said about it.
struct PixelChoice {
  let range: PixelRange
  private(set) var notes: [String] = []
  private(set) var complaints: [String] = []
  /// Numbers that are clipped.
  private(set) var clippedCount = 0

  /// Bytes of fewer images, and fewer held-out images, may be dull by chance.
  private static let fewImages = 10

  /// As asked for, else what training and held-out images both show.
  ///
  /// - Parameter parts: the training images, and the held-out ones where they come from elsewhere.
  /// - Throws: where the numbers leave it open, or the parts do not agree.
  init(asked: ClosedRange<Double>?, parts: [PixelEvidence], file: String) throws(DatasetError) {
    // Nothing but NaN is told elsewhere.
    let parts = parts.filter { $0.least <= $0.most }
    guard let first = parts.first else {
      range = .bytes
      return
    }
    if let asked { range = PixelRange(asked) } else { range = try Self.guess(first, file: file) }
    if asked == nil { for other in parts.dropFirst() { try check(other, against: first, file: file) } }
    let clipped = clipping(parts, isAsked: asked != nil)
    if range != .bytes || first.type != .uint8 || clipped != nil {
      notes.append(
        "\(first.inWords): \(PixelRange.text(range.black)) is taken for black, \(PixelRange.text(range.white)) for white"
          + clipped.map { "; \($0)" }.orNothing)
    }
    for part in parts where part.name == first.name || part.imageCount >= Self.fewImages {
      complainOfDullness(part, below: asked == nil ? 0.6 : PixelRange.leastFilled)
    }
  }

  /// Counts numbers beyond the range; many, or some far beyond, are worth a complaint.
  ///
  /// - Returns: how many, for a note; nil where there are none.
  private mutating func clipping(_ parts: [PixelEvidence], isAsked: Bool) -> String? {
    let (least, most) = (parts.map(\.least).min() ?? 0, parts.map(\.most).max() ?? 0)
    guard least < range.black || most > range.white else { return nil }
    clippedCount = parts.reduce(0) { $0 + $1.beyond(range).count }
    let total = parts.reduce(0) { $0 + $1.count }
    let clipped = "\(grouped(clippedCount)) of \(grouped(total)) values are beyond and clipped"
    let (below, above) = (range.black - least, most - range.white)
    if Double(clippedCount) > 0.01 * Double(total) || max(below, above) > 0.05 * range.width {
      let own = PixelRange.own(least: least, most: most)
      complaints.append(
        "\(parts.map(\.name).joined(separator: " and ")): \(clipped) to \(range), the farthest is "
          + PixelRange.text(below > above ? least : most)
          + own.map { "; \(isAsked ? "" : "if resizing did not make them, ")\($0.setting) clips none" }.orNothing)
    }
    return clipped
  }

  private mutating func complainOfDullness(_ seen: PixelEvidence, below least: Double) {
    guard range.filled(least: seen.least, most: seen.most) < least else { return }
    let share = { [range] (number: Double) in
      Self.percent((min(range.white, max(range.black, number)) - range.black) / range.width)
    }
    let own = PixelRange.own(least: seen.least, most: seen.most).flatMap { $0 == range ? nil : $0 }
    complaints.append(
      "\(seen.name): from black to white, pixels go from \(share(seen.least)) to \(share(seen.most))"
        + own.map { "; \($0.setting) stretches them to all of it" }.orNothing)
  }

  private static func guess(_ seen: PixelEvidence, file: String) throws(DatasetError) -> PixelRange {
    do throws(PixelDoubt) { return try PixelRange.guess(seen) } catch {
      let own = PixelRange.own(least: seen.least, most: seen.most)
      switch error {
      case .dim(let range):
        if seen.type == .uint8, seen.imageCount < fewImages { return range }
        throw DatasetError(
          file: file,
          reason: "\(seen.inWords), \(percent(range.filled(least: seen.least, most: seen.most))) of the way from "
            + "\(range.inWords) that such numbers usually go",
          remedy: own.map { "say what is black and white: \($0.setting), or \(range.setting) to leave them so" }
            ?? "give other images, or leave them so with \(range.setting)")
      case .unusual:
        throw DatasetError(
          file: file, reason: "\(seen.inWords), no usual range of pixels",
          remedy: "say what is black and white"
            + (own.map { ", as in \($0.setting)" } ?? ": set data.range to two numbers around that"))
      }
    }
  }

  /// Held-out images are of the same range as those to train on.
  private func check(_ other: PixelEvidence, against first: PixelEvidence, file: String) throws(DatasetError) {
    var found: PixelRange?
    do throws(PixelDoubt) { found = try PixelRange.guess(other) } catch .dim(let candidate) {
      let isLikely = candidate == range || other.least == other.most
      if isLikely, other.imageCount < Self.fewImages { return }
    } catch {}
    guard found != range else { return }
    throw DatasetError(
      file: file,
      reason: "\(first.inWords), taken for \(range.inWords), but \(other.inWords)"
        + found.map { ", taken for \($0.inWords)" }.orNothing,
      remedy: "save both in one range, or name one for both, as in "
        + [range, found ?? range].max { $0.width < $1.width }.map(\.setting).orNothing)
  }

  /// `6 %`, `0.4 %`
  static func percent(_ share: Double) -> String {
    let hundredths = (100 * share).rounded()
    let tenths = (1_000 * share).rounded() / 10
    return "\(abs(tenths) < 10 && tenths != hundredths ? PixelRange.text(tenths) : "\(Int(hundredths))") %"
  }
}

extension String? {
  fileprivate var orNothing: String { self ?? "" }
}
