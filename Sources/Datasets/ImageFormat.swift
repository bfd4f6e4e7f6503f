/// What a file is by its first bytes, whatever it is called.
enum ImageFormat: Equatable {
  case png, jpeg, webP
  /// Of a kind that is not read, in words: `a TIFF`.
  case other(String)

  init?(_ bytes: [UInt8]) {
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
      self = .png
    } else if bytes.starts(with: [0xFF, 0xD8]) {
      self = .jpeg
    } else if bytes.starts(with: "RIFF".utf8), bytes.dropFirst(8).starts(with: "WEBP".utf8) {
      self = .webP
    } else if let found = Self.others.first(where: { bytes.dropFirst($0.offset).starts(with: $0.start) }) {
      self = .other(found.name)
    } else if let name = Self.textKind(bytes) {
      self = .other(name)
    } else {
      return nil
    }
  }

  private static let others: [(offset: Int, start: [UInt8], name: String)] = [
    (0, Array("II*\0".utf8), "a TIFF"), (0, Array("MM\0*".utf8), "a TIFF"), (0, Array("II+\0".utf8), "a TIFF"),
    (0, Array("MM\0+".utf8), "a TIFF"), (0, Array("GIF8".utf8), "a GIF"), (0, Array("BM".utf8), "a BMP"),
    (4, Array("ftypavif".utf8), "an AVIF"), (4, Array("ftypavis".utf8), "an AVIF"),
    (4, Array("ftyphei".utf8), "a HEIC"), (4, Array("ftyphev".utf8), "a HEIC"), (4, Array("ftypmif1".utf8), "a HEIC"),
    (4, Array("ftypmsf1".utf8), "a HEIC"), (4, Array("JXL ".utf8), "a JPEG XL"), (0, [0xFF, 0x0A], "a JPEG XL"),
    (4, Array("jP  ".utf8), "a JPEG 2000"), (0, [0xFF, 0x4F, 0xFF, 0x51], "a JPEG 2000"),
    (0, Array("8BPS".utf8), "a Photoshop file"), (0, [0, 0, 1, 0], "an icon"), (0, Array("%PDF".utf8), "a PDF"),
    (0, Array("PK\u{3}\u{4}".utf8), "a zip archive"), (0, [0x1F, 0x8B], "a gzip archive"),
    (0, [0x93] + Array("NUMPY".utf8), "a NumPy array"), (0, [0x89] + Array("HDF".utf8), "an HDF5 file"),
    (0, [0x76, 0x2F, 0x31, 0x01], "an OpenEXR"), (0, Array("#?RADIANCE".utf8), "a Radiance picture"),
    (0, Array("version https://git-lfs".utf8), "a pointer of Git LFS, not the picture (fetch it by git lfs pull)"),
  ]

  /// Pictures and pages that are written as text, and those that begin like text.
  private static func textKind(_ bytes: [UInt8]) -> String? {
    if bytes.count > 2, bytes[0] == UInt8(ascii: "P"), (UInt8(ascii: "1")...UInt8(ascii: "7")).contains(bytes[1]),
      [0x20, 0x0A, 0x0D, 0x09].contains(bytes[2])
    {
      return "a PNM"
    }
    let start = String(decoding: bytes.prefix(512).filter { $0 < 0x80 }, as: UTF8.self).lowercased()
    guard start.drop(while: { $0.isWhitespace }).hasPrefix("<") else { return nil }
    if start.contains("<svg") { return "an SVG" }
    return start.contains("<html") || start.contains("<!doctype html") ? "a web page" : nil
  }

  /// Of formats that are read.
  var name: String {
    switch self {
    case .png: "PNG"
    case .jpeg: "JPEG"
    case .webP: "WebP"
    case .other(let name): name
    }
  }
}
