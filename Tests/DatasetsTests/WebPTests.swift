import Testing

@testable import Datasets

/// WebP where this machine has libwebp; the files were written by Pillow 13.0.
@Suite struct WebPTests {
  /// Lossless, 2×3: red, green, blue; (10, 20, 30), (200, 100, 50), white.
  static let plain: [UInt8] = [
    82, 73, 70, 70, 66, 0, 0, 0, 87, 69, 66, 80, 86, 80, 56, 76, 54, 0, 0, 0, 47, 2, 64, 0, 0, 47, 64, 144, 109, 179,
    65,
    220, 235, 254, 50, 211, 32, 147, 182, 201, 95, 255, 118, 102, 109, 100, 210, 54, 173, 135, 253, 243, 175, 178, 243,
    31,
    104, 228, 145, 172, 251, 6, 4, 2, 148, 177, 226, 129, 109, 34, 250, 31, 227, 5,
  ]
  /// The same with an alpha of 255, 128, 0; 51, 255, 255.
  static let seeThrough: [UInt8] = [
    82, 73, 70, 70, 72, 0, 0, 0, 87, 69, 66, 80, 86, 80, 56, 76, 60, 0, 0, 0, 47, 2, 64, 0, 16, 47, 64, 144, 109, 83,
    137,
    121, 221, 95, 230, 26, 100, 210, 54, 237, 91, 255, 122, 102, 109, 98, 26, 98, 58, 184, 245, 111, 137, 32, 219, 102,
    234,
    99, 154, 198, 157, 30, 24, 231, 103, 136, 85, 155, 131, 128, 132, 76, 201, 35, 95, 68, 244, 63, 98, 1,
  ]
  /// `plain` with EXIF of orientation 6, most significant byte first.
  static let turned: [UInt8] =
    [
      82, 73, 70, 70, 118, 0, 0, 0, 87, 69, 66, 80, 86, 80, 56, 88, 10, 0, 0, 0, 8, 0, 0, 0, 2, 0, 0, 1, 0, 0,
    ] + plain[12...] + [
      69, 88, 73, 70, 26, 0, 0, 0, 77, 77, 0, 42, 0, 0, 0, 8, 0, 1, 1, 18, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0,
    ]
  /// Lossy, quality 60, 16×16: red 16 · column, green 16 · row, blue 8 · (row + column).
  static let lossy: [UInt8] = [
    82, 73, 70, 70, 70, 0, 0, 0, 87, 69, 66, 80, 86, 80, 56, 32, 58, 0, 0, 0, 240, 1, 0, 157, 1, 42, 16, 0, 16, 0, 2,
    128,
    66, 37, 176, 2, 176, 1, 15, 11, 251, 204, 8, 128, 0, 254, 251, 25, 6, 140, 175, 19, 110, 85, 119, 21, 102, 35, 177,
    135,
    143, 86, 68, 31, 198, 42, 255, 147, 94, 234, 127, 170, 227, 244, 191, 23, 32, 0,
  ]
  static let pixels: [UInt8] = [255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30, 200, 100, 50, 255, 255, 255]

  static let isHere: Bool = {
    var decoder = ImageDecoder()
    do throws(DatasetError) { try decoder.decode(plain, path: "") } catch {
      return !error.reason.contains("is not on this machine")
    }
    return true
  }()

  private func decode(_ bytes: [UInt8]) throws(DatasetError) -> (decoder: ImageDecoder, pixels: [UInt8]) {
    var decoder = ImageDecoder()
    try decoder.decode(bytes, path: "x")
    return (decoder, Array(decoder.pixels.prefix(decoder.size.height * decoder.size.width * decoder.channels)))
  }

  private func reason(_ bytes: [UInt8]) -> String? {
    do throws(DatasetError) { _ = try decode(bytes) } catch { return error.reason }
    return nil
  }

  @Test("pixels are those that Pillow reads; alpha is laid over black; EXIF turns", .enabled(if: isHere, "no libwebp"))
  func values() throws {
    #expect(try decode(Self.plain).pixels == Self.pixels)
    let alphas = [255, 128, 0, 51, 255, 255]
    let (decoder, found) = try decode(Self.seeThrough)
    let overBlack = Self.pixels.enumerated().map { place, value in UInt8((Int(value) * alphas[place / 3] + 127) / 255) }
    #expect(found == overBlack)
    #expect(decoder.traits.isTransparent && decoder.size == Resolution(height: 2, width: 3))
    let turned = try decode(Self.turned)
    #expect(turned.decoder.size == Resolution(height: 3, width: 2))
    let order = [3, 0, 4, 1, 5, 2]
    let expected: [UInt8] = order.flatMap { place in Array(Self.pixels[3 * place..<3 * place + 3]) }
    #expect(turned.pixels == expected)
    let lossy = try decode(Self.lossy).pixels
    #expect(lossy.reduce(0) { $0 + Int($1) } == 91_989)
    #expect(
      [0, 7 * 16 + 9, 255].map { Array(lossy[3 * $0..<3 * $0 + 3]) } == [
        [3, 6, 3], [135, 110, 123], [232, 235, 232],
      ])
  }

  @Test("damage, animations and sides beyond what a file can hold are named", .enabled(if: isHere, "no libwebp"))
  func refusals() {
    #expect(reason(Array(Self.plain.dropLast(20)))?.hasPrefix("unreadable WebP (") == true)
    #expect(reason(Array(Self.lossy.prefix(40)))?.hasPrefix("unreadable WebP (") == true)
    #expect(reason(Array(Self.plain.prefix(14))) == "unreadable WebP (its header is damaged or cut short)")
    var animation = Array(Self.turned.prefix(30))
    animation[20] = 2
    animation += Array("ANIM".utf8) + [6, 0, 0, 0] + [UInt8](repeating: 0, count: 6)
    #expect(reason(animation) == "unreadable WebP (an animation; save one picture of it)")
    // Width and height less one, 14 bits each, behind the signature byte: 16,384 pixels a side.
    var huge = Self.plain
    (huge[21], huge[22], huge[23]) = (255, 255, 255)
    huge[24] = huge[24] & 0xF0 | 0x0F
    #expect(
      reason(huge) == "unreadable WebP (its header says 16384×16384 pixels, more than can be read)"
        || reason(huge) == "unreadable WebP (its header says 16384×16384 pixels, too many for 74 bytes)")
  }

  @Test("2,000 damaged files are refused or read, never crash", .enabled(if: isHere, "no libwebp"))
  func damaged() {
    var damage = Damage(state: 12)
    var refused = 0
    for round in 0..<2_000 {
      let bytes = damage.apply(to: [Self.plain, Self.seeThrough, Self.turned, Self.lossy][round % 4])
      if reason(bytes) != nil { refused += 1 }
    }
    #expect(refused > 500, "\(refused)")
  }
}
