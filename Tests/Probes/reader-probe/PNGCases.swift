import CZlib
import Datasets

/// A folder of one class with a good picture and the one in question.
func folder(_ kind: String, _ bytes: [UInt8], ending: String, pixels: Int) -> Case {
  let good = PNGCases.picture(
    width: 20, height: 20, color: 2, depth: 8, rows: repeated([0] + [UInt8](repeating: 90, count: 60), 20))
  // What is read is at most `mostPixels` large and `mostSide` long, whatever its header says. Four bytes a pixel, for
  // progressive JPEGs six more, and for a resized one floats of its height and the new width.
  let most = min(pixels, PictureLimits.mostPixels)
  let side = min(pixels, PictureLimits.mostSide)
  return Case(
    kind, files: [("train/a/0.\(ending)", bytes), ("train/a/1.png", good), ("test/a/2.png", good)],
    allowance: 12 * most + side * 80 * 3 * 4)
}

/// As in CImages.
enum PictureLimits {
  static let mostPixels = 1 << 26
  static let mostSide = 1 << 15
}

/// Reads the folder with one set of options or another.
func readFolder(_ directory: String, _ dice: inout Dice) throws {
  var options = LoadingOptions()
  options.resolution = dice.pick([
    nil, nil, Resolution(height: 20, width: 20), Resolution(height: 8, width: 8), Resolution(height: 64, width: 80),
  ])
  options.channels = dice.pick([nil, 1, 3])
  options.crops = dice.one(in: 2)
  options.orients = dice.one(in: 2)
  options.range = dice.one(in: 4) ? 0...Double(1 + dice.below(70_000)) : nil
  options.skipsUnreadable = dice.one(in: 10)
  try walk(DatasetSource.folder(directory: directory).load(options))
}

/// PNG: every colour type and depth, damaged in bytes, chunks and pixels.
struct PNGCases: CaseMaker {
  /// A line of 1-bit pixels under deflate.
  private static let mostPixelsPerByte = 8 * 1_032

  static func chunk(_ name: String, _ content: [UInt8], length: UInt64? = nil) -> [UInt8] {
    let body = Array(name.utf8) + content
    return bigEndian(length ?? UInt64(content.count)) + body + bigEndian(UInt64(crc32(0, body, UInt32(body.count))))
  }

  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  static func header(width: UInt64, height: UInt64, color: Int, depth: Int, interlaced: Bool = false) -> [UInt8] {
    chunk("IHDR", bigEndian(width) + bigEndian(height) + [UInt8(depth), UInt8(color), 0, 0, interlaced ? 1 : 0])
  }

  static func picture(width: Int, height: Int, color: Int, depth: Int, rows: [UInt8]) -> [UInt8] {
    let header = header(width: UInt64(width), height: UInt64(height), color: color, depth: depth)
    return joined(signature, header, chunk("IDAT", deflated(rows)), chunk("IEND", []))
  }

  func makeCase(_ dice: inout Dice) -> Case {
    let kinds = [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 2), (3, 8), (4, 8), (6, 16)]
    let (color, depth) = dice.pick(kinds)
    let (width, height) = (20, 20)
    let bits = depth * [1, 0, 3, 1, 2, 0, 4][color]
    let isInterlaced = dice.one(in: 4)
    // Interlaced ones have rows of other lengths: right by chance only, which is what a reader should be asked.
    var rows: [UInt8] = []
    for _ in 0..<height { rows += [UInt8(dice.below(5))] + dice.bytes((width * bits + 7) / 8) }
    if isInterlaced { rows += [UInt8](repeating: 0, count: 60) }
    let palette = color == 3 ? Self.chunk("PLTE", dice.bytes(3 * min(256, 1 << depth))) : []
    let head = Self.header(width: 20, height: 20, color: color, depth: depth, interlaced: isInterlaced)
    let data = Self.chunk("IDAT", deflated(rows))
    let end = Self.chunk("IEND", [])
    let png = { (parts: [[UInt8]]) in Self.signature + parts.flatMap { $0 } }
    let whole = png([head, palette, data, end])
    let (kind, bytes): (String, [UInt8]) =
      switch dice.below(12) {
      case 0, 1, 2: ("damaged", dice.damaged(whole, beside: png([data])))
      case 3:
        ("damaged pixels", png([head, palette, Self.chunk("IDAT", dice.damaged(deflated(rows), beside: rows)), end]))
      case 4:
        ("wrong rows", png([head, palette, Self.chunk("IDAT", deflated(dice.damaged(rows, beside: rows))), end]))
      case 5: ("lying size", png([lyingHeader(&dice, color, depth), palette, data, end]))
      case 6:
        ("lying chunk length", png([head, Self.chunk("tEXt", [1], length: dice.pick(extremes)), palette, data, end]))
      case 7: ("hostile chunk", png([head, hostileChunks(&dice), palette, data, end]))
      case 8:
        ("chunks in another order", png(reordered([head, palette, data, end, Self.chunk("tRNS", [1, 2])], &dice)))
      case 9: ("many chunks", png([head, palette, manyChunks(&dice), data, end]))
      case 10 where dice.one(in: 30): ("unpacks to much", large(&dice))
      case 11: ("as it should be", isInterlaced ? png([head, palette, end]) : whole)
      default: ("any header", png([anyHeader(&dice), data, end]))
      }
    return folder(kind, bytes, ending: dice.pick(["png", "jpg"]), pixels: bytes.count * Self.mostPixelsPerByte)
  }

  func read(_ directory: String, _ dice: inout Dice) throws { try readFolder(directory, &dice) }

  private func lyingHeader(_ dice: inout Dice, _ color: Int, _ depth: Int) -> [UInt8] {
    let side = { (dice: inout Dice) in dice.one(in: 3) ? 20 : dice.pick(extremes + [1_000_000, 32_768, 9_000]) }
    return Self.header(
      width: side(&dice), height: side(&dice), color: color, depth: depth, interlaced: dice.one(in: 3))
  }

  private func anyHeader(_ dice: inout Dice) -> [UInt8] {
    Self.chunk("IHDR", joined(bigEndian(20), bigEndian(20), dice.bytes(2), [0, 0, UInt8(dice.below(3))]))
  }

  /// Side information, packed a thousand times or out of its range.
  private func hostileChunks(_ dice: inout Dice) -> [UInt8] {
    let nothing = [UInt8](repeating: 0, count: dice.pick([100, 100_000, 7_900_000, 8_100_000]))
    let text = Array("key\0\0".utf8) + deflated(nothing)
    return dice.pick([
      repeated(Self.chunk("zTXt", text), dice.one(in: 10) ? 300 : 3),
      Self.chunk("iCCP", text), Self.chunk("iTXt", Array("key\0\u{1}\0\0\0".utf8) + deflated(nothing)),
      Self.chunk("sPLT", Array("p\0\u{8}".utf8) + dice.bytes(60_000)), Self.chunk("PLTE", dice.bytes(3 * 300)),
      Self.chunk("tRNS", dice.bytes(dice.below(300))), Self.chunk("hIST", dice.bytes(512)),
      Self.chunk("pCAL", dice.bytes(100)), Self.chunk("sCAL", dice.bytes(40)), Self.chunk("eXIf", dice.bytes(90_000)),
      Self.chunk("gAMA", dice.bytes(4)), Self.chunk("cHRM", dice.bytes(32)), Self.chunk("bKGD", dice.bytes(6)),
      Self.chunk("ABCD", dice.bytes(10)), Self.chunk("abcd", dice.bytes(100_000)), Self.chunk("\u{1}\u{2}\u{1B}[", []),
    ])
  }

  private func manyChunks(_ dice: inout Dice) -> [UInt8] {
    let one = Self.chunk(dice.pick(["IDAT", "tEXt", "abcd", "tIME", "zTXt"]), dice.bytes(dice.below(8)))
    return repeated(one, dice.pick([10, 2_000, 20_000]))
  }

  private func reordered(_ chunks: [[UInt8]], _ dice: inout Dice) -> [[UInt8]] {
    (0..<1 + dice.below(7)).map { _ in dice.pick(chunks) }
  }

  /// Whole and right, black, and as large as a file of its size can be.
  private func large(_ dice: inout Dice) -> [UInt8] {
    let (width, height, color, depth) = dice.pick([
      (8_192, 8_192, 0, 1), (8_192, 8_192, 0, 8), (6_000, 6_000, 6, 8), (140, 32_768, 0, 1), (32_768, 140, 2, 8),
      (130, 1_000_000, 0, 1), (11_000, 11_000, 0, 1), (4_000, 4_000, 6, 16),
    ])
    let bits = depth * [1, 0, 3, 1, 2, 0, 4][color]
    let isInterlaced = dice.one(in: 4)
    let rows = [UInt8](repeating: 0, count: height * (1 + (width * bits + 7) / 8) + (isInterlaced ? 8 * height : 0))
    let header = Self.header(
      width: UInt64(width), height: UInt64(height), color: color, depth: depth, interlaced: isInterlaced)
    return joined(Self.signature, header, Self.chunk("IDAT", deflated(rows)), Self.chunk("IEND", []))
  }
}
