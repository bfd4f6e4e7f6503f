/// How the gradients of a run are summed over its ranks. The order of additions depends on it, so a run keeps what it
/// started with: the settings lie in its checkpoints.
public struct ReductionSettings: Hashable, Sendable {
  public enum Route: String, CaseIterable, Sendable {
    /// Added up in memory that the ranks of a node share, then exchanged between nodes by the ranks with equal places.
    case nodes
    /// By MPI's all-reduce over all ranks: the reference.
    case library
  }

  public var route = Route.nodes
  /// Gradients travel in buckets of at least so many bytes, each as soon as its last gradient is there; nil: in one.
  public var bucketBytes: Int?
  /// Buckets that are under way between nodes at a time.
  public var bucketsInFlight = 2
  /// Whether the discriminator looks at real images and at fakes in two passes, so that the generator's gradients can
  /// travel beneath the first.
  public var splitsDiscriminator = false

  public init() {}

  /// In one bucket by MPI.
  public static var library: ReductionSettings {
    var settings = ReductionSettings()
    settings.route = .library
    return settings
  }

  /// The ranges of a block of `floatCount` values that travel together, for values that are complete in parts: `parts` are
  /// the first value of each and the order in which they are.
  ///
  /// - Parameter parts: the offset of each part, ascending, and when it is ready, larger for later; they cover the block.
  /// - Returns: ranges at multiples of 16 values, in the order in which they are ready.
  public func buckets(ofParts parts: [(offset: Int, ready: Int)], floatCount: Int) -> [Range<Int>] {
    guard let bucketBytes, floatCount > 0 else { return [0..<floatCount] }
    var buckets: [(range: Range<Int>, ready: Int)] = []
    // From the end: what a network computes last is differentiated first.
    var (end, ready) = (floatCount, 0)
    for part in parts.sorted(by: { $0.offset > $1.offset }) {
      ready = max(ready, part.ready)
      guard part.offset % 16 == 0, 4 * (end - part.offset) >= bucketBytes || part.offset == 0 else { continue }
      buckets.append((part.offset..<end, ready))
      (end, ready) = (part.offset, 0)
    }
    if end > 0 { buckets.append((0..<end, ready)) }
    return buckets.sorted { ($0.ready, -$0.range.lowerBound) < ($1.ready, -$1.range.lowerBound) }.map(\.range)
  }
}

extension ReductionSettings: LosslessStringConvertible {
  /// `library`, `nodes`, or with what differs from the standard: `nodes,bucket=1048576,inflight=2,split`.
  public var description: String {
    var words = [route.rawValue]
    if let bucketBytes { words.append("bucket=\(bucketBytes)") }
    if bucketsInFlight != 2 { words.append("inflight=\(bucketsInFlight)") }
    if splitsDiscriminator { words.append("split") }
    return words.joined(separator: ",")
  }

  /// Nil where `text` is none, or asks for buckets below 4 KB or for none or more than 16 in flight.
  public init?(_ text: String) {
    let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard let route = words.first.flatMap(Route.init(rawValue:)) else { return nil }
    self.route = route
    for word in words.dropFirst() {
      let pair = word.split(separator: "=", maxSplits: 1).map(String.init)
      switch (pair.first, pair.count > 1 ? Int(pair[1]) : nil) {
      case ("bucket", let bytes?) where bytes >= 4096: bucketBytes = bytes
      case ("inflight", let count?) where (1...16).contains(count): bucketsInFlight = count
      case ("split", nil) where pair.count == 1: splitsDiscriminator = true
      default: return nil
      }
    }
  }
}
