import Clocks
import Foundation
import Testing

@testable import Checkpoints

@Suite struct CRC32CTests {
  /// The ways that this processor can go.
  static let methods = CRC32C.Method.allCases.filter(\.isAvailable)

  func checksum(_ bytes: some Sequence<UInt8>, _ method: CRC32C.Method) -> UInt32 {
    var crc = CRC32C(method)
    Array(bytes).withUnsafeBytes { crc.update($0) }
    return crc.value
  }

  /// Bit by bit.
  func slow(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var crc = UInt32.max
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0x82F6_3B78 : crc >> 1 }
    }
    return ~crc
  }

  func random(_ count: Int) -> [UInt8] {
    var state: UInt64 = 42
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
  }

  @Test("published values: the nine digits and RFC 3720's vectors", arguments: methods)
  func published(method: CRC32C.Method) {
    #expect(checksum("123456789".utf8, method) == 0xE306_9283)
    #expect(checksum([UInt8](repeating: 0, count: 32), method) == 0x8A91_36AA)
    #expect(checksum([UInt8](repeating: 0xFF, count: 32), method) == 0x62A8_AB43)
    #expect(checksum((0..<32).map { UInt8($0) }, method) == 0x46DD_794E)
    #expect(checksum([], method) == 0)
  }

  @Test("the fastest available way is taken and says the same")
  func chosen() {
    let bytes = random(100_000)
    for method in Self.methods { #expect(bytes.withUnsafeBytes(CRC32C.checksum) == checksum(bytes, method)) }
  }

  // The streams of the instruction's way are 1,024 and 8,192 bytes long, three to a block.
  @Test("any length from any address, whole or in pieces, equals the bit-by-bit way", arguments: methods)
  func slowWay(method: CRC32C.Method) {
    let bytes = random(60_000)
    let lengths = [0..<130, 1_020..<1_030, 3_060..<3_090, 6_140..<6_150, 24_570..<24_590, 55_300..<55_305].joined()
    for length in lengths {
      let start = length % 9
      let part = bytes[start..<start + length]
      let expected = slow(part)
      bytes.withUnsafeBytes { bytes in
        var whole = CRC32C(method)
        whole.update(UnsafeRawBufferPointer(rebasing: bytes[start..<start + length]))
        #expect(whole.value == expected, "\(method), \(length) bytes from \(start)")
        var pieces = CRC32C(method)
        let cut = start + length / 3
        pieces.update(UnsafeRawBufferPointer(rebasing: bytes[start..<cut]))
        pieces.update(UnsafeRawBufferPointer(rebasing: bytes[cut..<start + length]))
        #expect(pieces.value == expected, "\(method), \(length) bytes from \(start) in two pieces")
      }
    }
  }

  @Test("speed", .enabled(if: Measurement.isOn, Measurement.howTo), arguments: methods)
  func speed(method: CRC32C.Method) {
    let bytes = random(1 << 20)
    let repetitions = 500
    var crc = CRC32C(method)
    let start = SystemClock.thread.seconds
    for _ in 0..<repetitions { bytes.withUnsafeBytes { crc.update($0) } }
    let seconds = SystemClock.thread.seconds - start
    print("CRC-32C by \(method): \(Double(repetitions * bytes.count) / seconds * 1e-9) GB/s (\(crc.value))")
  }
}
