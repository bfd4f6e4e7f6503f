import Tensors

/// Which training image a global sample position shows: every image once per epoch, in an order of the epoch's own.
///
///     epoch = position / count        index = permutation(epoch)[position mod count]
///
/// The permutation is Fisher–Yates driven by the counter-based stream of (seed, shuffling) at (epoch, step), so it is
/// the same on every rank, whatever the number of ranks, and after a resume. The current epoch's is kept; going on to
/// the next one reuses its memory.
/// - Source: Durstenfeld: Algorithm 235: Random permutation, 1964.
public struct Shuffling: Sendable {
  public let count: Int
  private let stream: RandomStream
  private var permutation: [UInt32]
  private var epoch = -1

  /// - Precondition: 1 ≤ `count` < 2³².
  public init(count: Int, seed: UInt64) {
    precondition(count > 0 && count <= Int(UInt32.max), "cannot shuffle \(count) images")
    self.count = count
    stream = RandomStream(seed: seed, purpose: .shuffling)
    permutation = [UInt32](repeating: 0, count: count)
  }

  /// The image at a global position (iteration · batch + place in the batch).
  ///
  /// - Complexity: O(1), O(count) at the first position of another epoch.
  public mutating func index(at position: Int) -> Int {
    let (epoch, place) = position.quotientAndRemainder(dividingBy: count)
    if epoch != self.epoch { permute(for: epoch) }
    return Int(permutation[place])
  }

  /// The same where the position is in the epoch of the last one asked for; nil elsewhere.
  public func known(at position: Int) -> Int? {
    let (epoch, place) = position.quotientAndRemainder(dividingBy: count)
    return epoch == self.epoch ? Int(permutation[place]) : nil
  }

  private mutating func permute(for epoch: Int) {
    for i in 0..<count { permutation[i] = UInt32(i) }
    let low = UInt32(truncatingIfNeeded: epoch)
    let high = UInt32(truncatingIfNeeded: epoch >> 32)
    // Step i takes the stream's word at position i; one Philox call gives the words of four steps.
    var block = UInt32.max
    var words: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
    for i in stride(from: count - 1, to: 0, by: -1) {
      if UInt32(i / 4) != block {
        block = UInt32(i / 4)
        words = Philox.words(counter: (block, 0, low, high), key: stream.key)
      }
      let word =
        switch i % 4 {
        case 0: words.0
        case 1: words.1
        case 2: words.2
        default: words.3
        }
      permutation.swapAt(i, Int((UInt64(word) * UInt64(i + 1)) >> 32))
    }
    self.epoch = epoch
  }
}
