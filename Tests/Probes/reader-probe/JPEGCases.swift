import CReaderWatch

/// JPEG: every way of coding, damaged in bytes, markers and scans.
struct JPEGCases: CaseMaker {
  /// Huffman codes spend a bit on 64 pixels at least; arithmetic ones are believed to spend an eighth of that.
  private static let mostPixelsPerByte = 8 * 64 * 8

  static func picture(
    _ dice: inout Dice, coding: rw_coding, channels: Int, side: Int = 20, isFlat: Bool = false
  ) -> [UInt8] {
    let pixels = isFlat ? [UInt8](repeating: 128, count: side * side * channels) : dice.bytes(side * side * channels)
    var target = [UInt8](repeating: 0, count: 2 * pixels.count + 4_096)
    let count = rw_jpeg(
      pixels, UInt32(side), UInt32(side), Int32(channels), coding, dice.one(in: 2) ? 1 : 0, &target, target.count)
    return Array(target.prefix(count))
  }

  func makeCase(_ dice: inout Dice) -> Case {
    let coding = dice.pick([rw_coding.baseline, .baseline, .progressive, .arithmetic, .arithmetic_progressive])
    let whole = Self.picture(&dice, coding: coding, channels: dice.pick([1, 3, 3, 4]))
    let other = Self.picture(&dice, coding: dice.pick([.baseline, .progressive]), channels: 1, side: 16)
    let (kind, bytes): (String, [UInt8]) =
      switch dice.below(10) {
      case 0, 1, 2: ("damaged", dice.damaged(whole, beside: other))
      case 3: ("lying size", lyingSize(whole, &dice))
      case 4: ("lying marker length", lyingLength(whole, &dice))
      case 5: ("damaged marker", damagedMarker(whole, &dice))
      case 6: ("scans over and over", repeatedScans(whole, &dice))
      case 7 where dice.one(in: 10): ("many empty scans", manyScans(&dice))
      case 8: ("many markers", manyMarkers(whole, &dice))
      case 9 where dice.one(in: 3): ("as it should be", whole)
      case 9 where dice.one(in: 2): ("EXIF", withEXIF(whole, &dice))
      default: ("restart markers", withRestarts(whole, &dice))
      }
    return folder(kind, bytes, ending: dice.pick(["jpg", "jpeg", "PNG"]), pixels: bytes.count * Self.mostPixelsPerByte)
  }

  func read(_ directory: String, _ dice: inout Dice) throws { try readFolder(directory, &dice) }

  /// Where segments begin: at their 0xFF.
  private func segments(of bytes: [UInt8]) -> [Int] {
    var (places, at): ([Int], Int) = ([], 2)
    while at + 3 < bytes.count, bytes[at] == 0xFF {
      places.append(at)
      if bytes[at + 1] == 0xDA { break }
      at += 2 + Int(bytes[at + 2]) << 8 + Int(bytes[at + 3])
    }
    return places
  }

  private func frame(of bytes: [UInt8]) -> Int? {
    segments(of: bytes).first { (0xC0...0xCF).contains(bytes[$0 + 1]) && ![0xC4, 0xC8, 0xCC].contains(bytes[$0 + 1]) }
  }

  private func lyingSize(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8] {
    guard let frame = frame(of: bytes) else { return bytes }
    var result = bytes
    // Height, width, then the number of components and their sampling factors.
    for _ in 0...dice.below(2) {
      switch dice.below(4) {
      case 0: result = dice.lying(result, at: frame + 5, size: 2)
      case 1: result = dice.lying(result, at: frame + 7, size: 2)
      case 2: result[frame + 9] = dice.byte()
      default: if frame + 11 < result.count { result[frame + 11] = dice.byte() }
      }
    }
    return result
  }

  private func lyingLength(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8] {
    let places = segments(of: bytes)
    return places.isEmpty ? bytes : dice.lying(bytes, at: dice.pick(places) + 2, size: 2)
  }

  private func damagedMarker(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8] {
    let places = segments(of: bytes)
    guard !places.isEmpty else { return bytes }
    var result = bytes
    let at = dice.pick(places)
    if dice.one(in: 3) {
      result[at + 1] = dice.byte()
    } else {
      result[min(result.count - 1, at + 4 + dice.below(20))] = dice.byte()
    }
    return result
  }

  private func repeatedScans(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8] {
    guard let scan = segments(of: bytes).last else { return bytes }
    let scans = Array(bytes[scan..<(bytes.count - 2)])
    return joined(Array(bytes[..<scan]), repeated(scans, dice.pick([2, 20, 200])), [0xFF, 0xD9])
  }

  /// A flat progressive picture of 4 megapixels, then scans that say "no change" for all of it in a few bytes each.
  private func manyScans(_ dice: inout Dice) -> [UInt8] {
    let side = dice.pick([512, 2_048])
    let flat = Self.picture(&dice, coding: .progressive, channels: 1, side: side, isFlat: true)
    // Table 0 of AC codes: one code of one bit for a run of 2^14 blocks (symbol 0xE0), behind which lie 14 bits.
    let table = joined([0xFF, 0xC4, 0, 20, 0x10, 1], [UInt8](repeating: 0, count: 15), [0xE0])
    let blocks = (side / 8) * (side / 8)
    let runs = [UInt8](repeating: 0, count: (blocks / (1 << 14) + 1) * 2)
    let band = UInt8(1 + dice.below(63))
    let scan = joined([0xFF, 0xDA, 0, 8, 1, 1, 0, band, band, 0], runs)
    return joined(Array(flat.prefix(flat.count - 2)), table, repeated(scan, dice.pick([50, 5_000])), [0xFF, 0xD9])
  }

  private func manyMarkers(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8] {
    let one: [UInt8] = dice.pick([
      [0xFF, 0xFE, 0, 2], [0xFF, 0xE0, 0, 3, 7], [0xFF], [0xFF, 0xD0], [0xFF, 0xDD, 0, 4, 0, 1], [0],
      joined([0xFF, 0xDB, 0, 67, 0], [UInt8](repeating: 1, count: 64)),
    ])
    return joined(Array(bytes.prefix(2)), repeated(one, dice.pick([10, 10_000, 100_000])), Array(bytes.dropFirst(2)))
  }

  /// An orientation in one byte order or the other, often damaged.
  private func withEXIF(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8] {
    let little = joined(Array("II*\0".utf8), [8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, dice.byte() % 10, 0, 0, 0])
    let big = joined(Array("MM\0*".utf8), [0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, dice.byte() % 10, 0, 0])
    let whole = dice.one(in: 2) ? little : big
    let content = joined(Array("Exif\0\0".utf8), dice.one(in: 2) ? whole : dice.damaged(whole, beside: little))
    let length = content.count + (dice.one(in: 4) ? dice.below(60_000) : 2)
    return joined(
      Array(bytes.prefix(2)), [0xFF, 0xE1], bigEndian(UInt64(length), bytes: 2), content, Array(bytes.dropFirst(2)))
  }

  private func withRestarts(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8] {
    let interval = bigEndian(dice.pick([1, 2, 7, 65_535]), bytes: 2)
    var result = joined(Array(bytes.prefix(2)), [0xFF, 0xDD, 0, 4], interval, Array(bytes.dropFirst(2)))
    for _ in 0..<dice.below(5) {
      let at = result.count / 2 + dice.below(result.count / 2)
      result.insert(contentsOf: [0xFF, 0xD0 + UInt8(dice.below(8))], at: at)
    }
    return result
  }
}
