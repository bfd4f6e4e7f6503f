import Testing

/// The arrays of an npz file, read as NumPy does: a zip file of npy files, not compressed.
struct NPZFile {
  struct Array {
    /// `<f4`, `<i8`
    let type: String
    let shape: [Int]
    let bytes: [UInt8]

    func elements<Element: BitwiseCopyable>(as type: Element.Type) -> [Element] {
      bytes.withUnsafeBytes { all in
        stride(from: 0, to: all.count, by: MemoryLayout<Element>.size).map {
          all.loadUnaligned(fromByteOffset: $0, as: Element.self)
        }
      }
    }
  }

  private(set) var arrays: [String: Array] = [:]

  init(_ path: String) throws {
    let file = try bytes(of: path)
    func number(at offset: Int, _ count: Int) -> Int {
      (0..<count).reduce(0) { $0 | Int(file[offset + $1]) << (8 * $1) }
    }
    var offset = 0
    while number(at: offset, 4) == 0x0403_4B50 {
      try #require(number(at: offset + 8, 2) == 0, "not compressed")
      let (size, nameLength) = (number(at: offset + 22, 4), number(at: offset + 26, 2))
      let start = offset + 30 + nameLength + number(at: offset + 28, 2)
      let name = String(decoding: file[offset + 30..<offset + 30 + nameLength], as: UTF8.self)
      try #require(name.hasSuffix(".npy"))
      arrays[String(name.dropLast(4))] = try Self.array(file[start..<start + size])
      offset = start + size
    }
  }

  private static func array(_ npy: ArraySlice<UInt8>) throws -> Array {
    try #require(npy.starts(with: [0x93] + Swift.Array("NUMPY".utf8) + [1, 0]))
    let first = npy.startIndex
    let length = Int(npy[first + 8]) | Int(npy[first + 9]) << 8
    let header = String(decoding: npy[first + 10..<first + 10 + length], as: UTF8.self)
    let type = try #require(header.split(separator: "'").first { $0.hasPrefix("<") })
    let shape = try #require(header.split(separator: "(").last?.split(separator: ")").first)
    return Array(
      type: String(type), shape: shape.split(separator: ",").compactMap { Int($0.filter(\.isNumber)) },
      bytes: Swift.Array(npy[(first + 10 + length)...]))
  }
}
