import CZlib

/// How a picture is to be turned before it is looked at: tag 0x0112 of EXIF, numbered as there.
enum Orientation: Int, Sendable {
  case upright = 1
  case mirrored, upsideDown, flipped, transposed, clockwise, transversed, counterclockwise

  /// Whether height and width change places.
  var swapsSides: Bool { rawValue >= Self.transposed.rawValue }

  /// The size after turning.
  func size(of size: Resolution) -> Resolution {
    swapsSides ? Resolution(height: size.width, width: size.height) : size
  }

  /// Turns `source`, `[size.height, size.width, channels]`, into `result`.
  ///
  ///     result[r, c] = source[first + r · rowStep + c · columnStep]
  func turn(_ source: [UInt8], size: Resolution, channels: Int, into result: inout [UInt8]) {
    let (height, width) = (size.height, size.width)
    let (lastRow, last) = ((height - 1) * width, height * width - 1)
    let (first, rowStep, columnStep) =
      switch self {
      case .upright: (0, width, 1)
      case .mirrored: (width - 1, width, -1)
      case .upsideDown: (last, -width, -1)
      case .flipped: (lastRow, -width, 1)
      case .transposed: (0, 1, width)
      case .clockwise: (lastRow, 1, -width)
      case .transversed: (last, -1, -width)
      case .counterclockwise: (width - 1, -1, width)
      }
    let turned = self.size(of: size)
    let count = height * width * channels
    precondition(source.count >= count, "\(source.count) bytes for \(size) of \(channels) channels")
    if result.count < count { result = [UInt8](repeating: 0, count: count) }
    source.withUnsafeBufferPointer { source in
      result.withUnsafeMutableBufferPointer { result in
        var target = 0
        for row in 0..<turned.height {
          for column in 0..<turned.width {
            let from = (first + row * rowStep + column * columnStep) * channels
            for channel in 0..<channels { result[target + channel] = source[from + channel] }
            target += channels
          }
        }
      }
    }
  }
}

extension Orientation {
  /// What the file says; upright where it says nothing that can be understood.
  init(of bytes: [UInt8], format: ImageFormat) {
    let exif: ArraySlice<UInt8>? =
      switch format {
      case .png: Self.exifOfPNG(bytes)
      case .jpeg: Self.exifOfJPEG(bytes)
      case .webP: Self.exifOfWebP(bytes)
      case .other: nil
      }
    self = exif.flatMap { Self(tiff: $0) } ?? .upright
  }

  /// Reads the first directory of TIFF's structure, in which EXIF has its tags.
  private init?(tiff: ArraySlice<UInt8>) {
    let prefix = Array("Exif\0\0".utf8)
    let fields = Fields(bytes: tiff.starts(with: prefix) ? tiff.dropFirst(prefix.count) : tiff)
    guard let fields, let start = fields.number(at: 4, bytes: 4), let count = fields.number(at: start, bytes: 2) else {
      return nil
    }
    let (tag, byte, short, long) = (0x0112, 1, 3, 4)
    for index in 0..<count {
      let entry = start + 2 + 12 * index
      guard let found = fields.number(at: entry, bytes: 2), let type = fields.number(at: entry + 2, bytes: 2) else {
        return nil
      }
      guard found == tag else { continue }
      guard let size = [byte: 1, short: 2, long: 4][type], let value = fields.number(at: entry + 8, bytes: size)
      else { return nil }
      self.init(rawValue: value)
      return
    }
    return nil
  }

  /// Numbers of TIFF in the byte order that its first two bytes name.
  private struct Fields {
    private let bytes: ArraySlice<UInt8>
    private let isLittleEndian: Bool

    init?(bytes: ArraySlice<UInt8>) {
      switch bytes.prefix(4) {
      case [0x49, 0x49, 0x2A, 0]: isLittleEndian = true
      case [0x4D, 0x4D, 0, 0x2A]: isLittleEndian = false
      default: return nil
      }
      self.bytes = bytes
    }

    /// Nil beyond the end.
    func number(at offset: Int, bytes count: Int) -> Int? {
      guard offset >= 0, offset <= bytes.count - count else { return nil }
      let part = bytes.dropFirst(offset).prefix(count)
      return (isLittleEndian ? Array(part.reversed()) : Array(part)).reduce(0) { $0 << 8 | Int($1) }
    }
  }

  /// Segment APP1 before the first scan.
  private static func exifOfJPEG(_ bytes: [UInt8]) -> ArraySlice<UInt8>? {
    var position = 2
    while position + 4 <= bytes.count {
      guard bytes[position] == 0xFF else {
        position += 1
        continue
      }
      switch bytes[position + 1] {
      case 0xDA, 0xD9: return nil
      // Filling, and markers without a length.
      case 0xFF: position += 1
      case 0, 0x01, 0xD0...0xD8: position += 2
      case let marker:
        let length = Int(bytes[position + 2]) << 8 + Int(bytes[position + 3])
        let end = position + 2 + length
        guard length >= 2, end <= bytes.count else { return nil }
        let content = bytes[position + 4..<end]
        if marker == 0xE1, content.starts(with: "Exif\0".utf8) { return content }
        position = end
      }
    }
    return nil
  }

  /// Chunk eXIf, if its checksum is right: libpng, too, passes over a damaged chunk that is not of the pixels.
  private static func exifOfPNG(_ bytes: [UInt8]) -> ArraySlice<UInt8>? {
    var position = 8
    while position + 12 <= bytes.count {
      let number = { (offset: Int) in bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
      let length = number(position)
      guard length <= bytes.count - position - 12 else { return nil }
      let body = bytes[position + 4..<position + 8 + length]
      if body.starts(with: "eXIf".utf8) {
        let sum = body.withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32($0.count)) }
        return Int(sum) == number(position + 8 + length) ? body.dropFirst(4) : nil
      }
      position += 12 + length
    }
    return nil
  }

  /// Chunk EXIF of the RIFF file.
  private static func exifOfWebP(_ bytes: [UInt8]) -> ArraySlice<UInt8>? {
    var position = 12
    while position + 8 <= bytes.count {
      let length = bytes[position + 4..<position + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - position - 8 else { return nil }
      if bytes[position..<position + 4].elementsEqual("EXIF".utf8) {
        return bytes[position + 8..<position + 8 + length]
      }
      // Chunks are padded to an even length.
      position += 8 + length + length % 2
    }
    return nil
  }
}
