/// Choices that are random and always the same.
///
/// Where every second or every tenth row would do, classes that come in turns would lose half of themselves, or all but one.
public enum Scattered {
  /// The numbers below `count`, in a random order.
  public static func order(of count: Int) -> [Int] {
    let keys = (0..<count).map(mixed)
    return (0..<count).sorted { keys[$0] < keys[$1] }
  }

  /// So many of the numbers below `all`, one from each of equal stretches, in order.
  ///
  /// - Precondition: `count` ≤ `all`.
  public static func choose(_ count: Int, of all: Int) -> [Int] {
    precondition(count <= all, "\(count) of \(all)")
    return (0..<count).map { place in
      let (first, end) = (place * all / count, (place + 1) * all / count)
      return first + Int(mixed(place) % UInt64(end - first))
    }
  }

  /// A number scattered over 64 bits, another one for each: SplitMix64 (Steele, Lea, Flood, 2014).
  private static func mixed(_ index: Int) -> UInt64 {
    var z = UInt64(index + 1) &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
