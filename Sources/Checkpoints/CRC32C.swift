import CChecksums

/// The 32-bit checksum with Castagnoli's polynomial, as iSCSI and many file formats use it.
///
/// By the processor's instruction where it has one (SSE4.2, arm64), else by eight table look-ups per eight bytes.
/// - Source: RFC 3720, appendix B.4; Kounavis, Berry: Novel table lookup-based algorithms for CRC generation, 2008.
public struct CRC32C: Sendable {
  /// Ways to the same value.
  enum Method: CaseIterable {
    case instruction, tables

    /// Whether this processor can go that way.
    var isAvailable: Bool {
      switch self {
      case .instruction: cchecksums_has_crc32c() != 0
      case .tables: true
      }
    }
  }

  private var state: UInt32 = .max
  private let method: Method

  public init() { self.init(Method.instruction.isAvailable ? .instruction : .tables) }

  /// - Precondition: the method is available.
  init(_ method: Method) {
    precondition(method.isAvailable, "no \(method) of CRC-32C on this processor")
    self.method = method
  }

  /// Takes in more bytes; pieces give the same value as the whole.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    switch method {
    case .instruction: state = cchecksums_crc32c(state, bytes.baseAddress, bytes.count)
    case .tables: updateByTables(bytes)
    }
  }

  public var value: UInt32 { ~state }

  public static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var crc = CRC32C()
    crc.update(bytes)
    return crc.value
  }

  private mutating func updateByTables(_ bytes: UnsafeRawBufferPointer) {
    var crc = state
    Self.tables.withUnsafeBufferPointer { tables in
      var index = 0
      while index + 8 <= bytes.count {
        let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) ^ UInt64(crc)
        // Written out: the compiler does not unroll the loop, and that costs a third of the speed.
        crc =
          tables[0x700 + Int(word & 0xFF)] ^ tables[0x600 + Int(word >> 8 & 0xFF)]
          ^ tables[0x500 + Int(word >> 16 & 0xFF)] ^ tables[0x400 + Int(word >> 24 & 0xFF)]
          ^ tables[0x300 + Int(word >> 32 & 0xFF)] ^ tables[0x200 + Int(word >> 40 & 0xFF)]
          ^ tables[0x100 + Int(word >> 48 & 0xFF)] ^ tables[Int(word >> 56)]
        index += 8
      }
      while index < bytes.count {
        crc = crc >> 8 ^ tables[Int((crc ^ UInt32(bytes[index])) & 0xFF)]
        index += 1
      }
    }
    state = crc
  }

  /// Table k at 256·k: the checksum of a byte followed by k zero bytes.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var crc = UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
      tables[byte] = crc
    }
    for index in 256..<8 * 256 {
      let previous = tables[index - 256]
      tables[index] = previous >> 8 ^ tables[Int(previous & 0xFF)]
    }
    return tables
  }()
}
