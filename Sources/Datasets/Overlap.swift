/// Samples that are there twice.
public struct Duplicates: Sendable, Equatable {
  /// Training samples that equal an earlier one.
  public let withinTraining: Int
  /// Held-out samples that are also trained on.
  public let heldOut: Int

  /// Compares by a 64-bit hash of what is stored: among a million samples chance makes one in 30 million runs a pair.
  public init(_ dataset: Dataset) {
    var seen: Set<Int> = []
    var again = 0
    for index in 0..<dataset.training.count where !seen.insert(Self.hash(dataset.training, index)).inserted {
      again += 1
    }
    withinTraining = again
    heldOut = (0..<dataset.test.count).count { seen.contains(Self.hash(dataset.test, $0)) }
  }

  private static func hash(_ set: ImageSet, _ index: Int) -> Int {
    var hasher = Hasher()
    set.withBytes(at: index) { hasher.combine(bytes: $0) }
    if let conditions = set.conditions { for x in conditions.row(index) { hasher.combine(x) } }
    return hasher.finalize()
  }
}

extension Dataset {
  /// Data beyond this size are not looked through for duplicates.
  static let mostCheckedBytes = 1 << 30

  /// Complains where held-out samples are also trained on.
  func checkedForOverlap() -> Dataset {
    guard training.pixels.count + test.pixels.count <= Self.mostCheckedBytes else { return self }
    let duplicates = Duplicates(self)
    guard duplicates.heldOut > 0 else { return self }
    return replacing(
      training: training, test: test,
      complaints: [
        "\(duplicates.heldOut) of \(test.count) held-out samples are also trained on: "
          + "what is measured on held-out data looks better than it is"
      ])
  }
}
