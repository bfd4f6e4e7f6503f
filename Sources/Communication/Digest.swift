/// A 64-bit digest of a sequence of values, to tell whether ranks hold the same: plans, recipes, parameters. Equal on every
/// machine. It guards against mistakes, not against malice.
///
///     lane ← rotate(lane + word · k₂, 31) · k₁      on four lanes of 8-byte words, little-endian
///
/// Every step is a bijection of the word, so two contents that differ in one word never share a digest. What `update` is
/// given is framed by its length: "ab" then "c" differs from "a" then "bc".
///
/// - Source: the lane step is that of XXH64 (Collet); the final mix is Stafford's variant 13.
public struct Digest: Sendable, Equatable {
  private static let k1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let k2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private var state: UInt64 = 0x4C6F_636B_7374_6570

  public init() {}

  /// The digest of everything so far.
  public var value: UInt64 { Self.mix(state) }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    var lanes = (state, state ^ Self.k1, state ^ Self.k2, state &+ Self.k1)
    var offset = 0
    while offset + 32 <= bytes.count {
      lanes.0 = Self.step(lanes.0, Self.word(bytes, at: offset))
      lanes.1 = Self.step(lanes.1, Self.word(bytes, at: offset + 8))
      lanes.2 = Self.step(lanes.2, Self.word(bytes, at: offset + 16))
      lanes.3 = Self.step(lanes.3, Self.word(bytes, at: offset + 24))
      offset += 32
    }
    while offset + 8 <= bytes.count {
      lanes.0 = Self.step(lanes.0, Self.word(bytes, at: offset))
      offset += 8
    }
    var rest: UInt64 = 0
    for (index, byte) in bytes[offset...].enumerated() { rest |= UInt64(byte) << UInt64(8 * index) }
    lanes.0 = Self.step(lanes.0, rest)
    update(lanes.0)
    update(lanes.1)
    update(lanes.2)
    update(lanes.3)
    update(UInt64(bytes.count))
  }

  public mutating func update(_ value: UInt64) { state = Self.mix(Self.step(state, value)) }

  public mutating func update(_ text: String) {
    var copy = text
    copy.withUTF8 { update(UnsafeRawBufferPointer($0)) }
  }

  private static func word(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt64 {
    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  private static func step(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    let sum = lane &+ word &* k2
    return (sum << 31 | sum >> 33) &* k1
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    var z = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}
