import Checkpoints
import Testing

@Suite struct CRC32CTests {
  @Test("published values: the nine digits and RFC 3720's vectors")
  func published() {
    #expect(Array("123456789".utf8).withUnsafeBytes(CRC32C.checksum) == 0xE306_9283)
    #expect([UInt8](repeating: 0, count: 32).withUnsafeBytes(CRC32C.checksum) == 0x8A91_36AA)
    #expect([UInt8](repeating: 0xFF, count: 32).withUnsafeBytes(CRC32C.checksum) == 0x62A8_AB43)
    #expect((0..<32).map { UInt8($0) }.withUnsafeBytes(CRC32C.checksum) == 0x46DD_794E)
    #expect([UInt8]().withUnsafeBytes(CRC32C.checksum) == 0)
  }

  @Test("any length, whole or in pieces, equals the bit-by-bit way")
  func slowWay() {
    let bytes = (0..<100).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
    for length in 0..<100 {
      var crc = UInt32.max
      for byte in bytes.prefix(length) {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0x82F6_3B78 : crc >> 1 }
      }
      var pieces = CRC32C()
      bytes.prefix(length / 3).withUnsafeBytes { pieces.update($0) }
      bytes.prefix(length).dropFirst(length / 3).withUnsafeBytes { pieces.update($0) }
      #expect(pieces.value == ~crc)
      #expect(bytes.prefix(length).withUnsafeBytes(CRC32C.checksum) == ~crc)
    }
  }
}
