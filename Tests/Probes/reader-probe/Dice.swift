/// Reproducible choices (SplitMix64): one seed per file, so that each can be made again alone.
///
/// - Source: Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014.
struct Dice: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  /// 0 to `count` − 1; 0 where there is nothing to choose from.
  mutating func below(_ count: Int) -> Int { count > 1 ? Int.random(in: 0..<count, using: &self) : 0 }

  mutating func one(in count: Int) -> Bool { below(count) == 0 }

  mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }

  mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next()) }

  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in byte() } }
}

/// Numbers at which lengths go wrong.
let extremes: [UInt64] = [
  0, 1, 2, 255, 65_535, 65_536, 1 << 24, 1 << 31 - 1, 1 << 31, 1 << 32 - 1, 1 << 32, 1 << 62, 1 << 63 - 1, 1 << 63,
  .max - 7, .max,
]

func bigEndian(_ value: UInt64, bytes: Int = 4) -> [UInt8] {
  (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64(bytes - 1 - $0))) }
}

func littleEndian(_ value: UInt64, bytes: Int = 8) -> [UInt8] { bigEndian(value, bytes: bytes).reversed() }

/// `text`, `count` times.
func repeated(_ text: String, _ count: Int) -> [UInt8] {
  let bytes = Array(text.utf8)
  var result: [UInt8] = []
  result.reserveCapacity(count * bytes.count)
  for _ in 0..<count { result += bytes }
  return result
}

/// `parts`, one behind the other.
func joined(_ parts: [UInt8]...) -> [UInt8] { parts.flatMap { $0 } }

/// `bytes`, `count` times.
func repeated(_ bytes: [UInt8], _ count: Int) -> [UInt8] { (0..<count).flatMap { _ in bytes } }

extension Dice {
  /// The bytes after one to three accidents of the kind that disks, networks and editors have.
  mutating func damaged(_ bytes: [UInt8], beside other: [UInt8]) -> [UInt8] {
    var result = bytes
    for _ in 0...below(3) { damage(&result, beside: other) }
    return result
  }

  private mutating func damage(_ bytes: inout [UInt8], beside other: [UInt8]) {
    // Half of the accidents at the front, where the headers are.
    let at = below(one(in: 2) ? min(bytes.count, 64) : bytes.count)
    let end = min(bytes.count, at + 1 + below(16))
    switch below(10) {
    case _ where bytes.isEmpty: bytes = self.bytes(below(100))
    case 0, 1, 2: bytes[at] ^= 1 << UInt8(below(8))
    case 3: bytes.replaceSubrange(at..<end, with: repeatElement(pick([0, 0xFF, 0x7F, 0x80]), count: end - at))
    case 4: bytes.replaceSubrange(at..<end, with: self.bytes(end - at))
    case 5: bytes.removeSubrange(at...)
    case 6: bytes.removeSubrange(at..<end)
    case 7: bytes.insert(contentsOf: bytes[at..<end], at: at)
    case 8: bytes += one(in: 2) ? self.bytes(1 + below(5_000)) : [UInt8](repeating: 0, count: 1 + below(100_000))
    default: bytes.replaceSubrange(at..., with: other[below(other.count)...])
    }
  }

  /// The bytes with a field of `size` bytes at `offset` that lies.
  mutating func lying(_ bytes: [UInt8], at offset: Int, size: Int, isBigEndian: Bool = true) -> [UInt8] {
    guard offset + size <= bytes.count else { return bytes }
    let value = one(in: 3) ? next() >> UInt64(below(64)) : pick(extremes)
    var result = bytes
    let field = bigEndian(value, bytes: size)
    result.replaceSubrange(offset..<offset + size, with: isBigEndian ? field : field.reversed())
    return result
  }
}
