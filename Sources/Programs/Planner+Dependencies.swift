/// Which units wait for which, through any number of others between them.
struct Dependencies {
  private let words: Int
  /// A row of bits per unit: the units that it waits for.
  private var bits: [UInt64]
  private var count = 0

  /// - Parameter capacity: the most units that will ever be added.
  init(capacity: Int) {
    words = (capacity + 63) / 64
    bits = []
    bits.reserveCapacity(words * capacity)
  }

  /// Adds the next unit.
  mutating func append(waitingFor sources: Set<Int>) {
    bits.append(contentsOf: repeatElement(0, count: words))
    count += 1
    extend(count - 1, by: sources)
  }

  /// Makes a unit that nobody waits for yet wait for more.
  mutating func extend(_ unit: Int, by sources: Set<Int>) {
    for source in sources {
      add(source, to: unit)
      bits[unit * words + source / 64] |= 1 << UInt64(source % 64)
    }
  }

  /// True if `unit` waits for `other`.
  func contains(_ other: Int, of unit: Int) -> Bool { bits[unit * words + other / 64] >> UInt64(other % 64) & 1 == 1 }

  /// Makes one unit of two, which has the number of the first.
  ///
  /// - Complexity: O(units), and O(units / 64) for each that waits for one of them.
  mutating func merge(_ unit: Int, with absorbed: Int) {
    add(absorbed, to: unit)
    remove(unit, from: unit)
    remove(absorbed, from: unit)
    for waiting in 0..<count where waiting != unit && waiting != absorbed {
      guard contains(unit, of: waiting) || contains(absorbed, of: waiting) else { continue }
      add(unit, to: waiting)
      bits[waiting * words + unit / 64] |= 1 << UInt64(unit % 64)
      remove(absorbed, from: waiting)
    }
  }

  /// Makes `unit` wait for all that `other` waits for.
  private mutating func add(_ other: Int, to unit: Int) {
    let (from, to) = (other * words, unit * words)
    bits.withUnsafeMutableBufferPointer { bits in
      for word in 0..<words { bits[to + word] |= bits[from + word] }
    }
  }

  private mutating func remove(_ other: Int, from unit: Int) {
    bits[unit * words + other / 64] &= ~(1 << UInt64(other % 64))
  }
}
