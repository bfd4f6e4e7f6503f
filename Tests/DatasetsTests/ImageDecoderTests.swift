import Testing

@testable import Datasets

@Suite struct ImageDecoderTests {
  static let remedy = "replace or remove it, or leave such files out with --skip-unreadable"

  struct Decoded: Equatable {
    var height: Int
    var width: Int
    var channels: Int
    var pixels: [UInt8]
  }

  func decode(_ bytes: [UInt8]) throws(DatasetError) -> Decoded {
    var decoder = ImageDecoder()
    try decoder.decode(bytes, path: "x")
    let count = decoder.size.height * decoder.size.width * decoder.channels
    return Decoded(
      height: decoder.size.height, width: decoder.size.width, channels: decoder.channels,
      pixels: Array(decoder.pixels.prefix(count)))
  }

  func message(_ bytes: [UInt8]) -> String? {
    do throws(DatasetError) {
      _ = try decode(bytes)
      return nil
    } catch { return error.description }
  }

  struct Kind: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    let expected: Decoded

    /// Every kind is 2 pixels high and 3 wide.
    init(_ name: String, _ file: PNGFile, channels: Int, _ pixels: [UInt8]) {
      testDescription = name
      bytes = file.bytes
      expected = Decoded(height: 2, width: 3, channels: channels, pixels: pixels)
    }
  }

  static let kinds = [
    Kind(
      "grey", PNGFile(width: 3, height: 2, color: .grey, rows: [[1, 2, 3], [4, 5, 255]]), channels: 1,
      [1, 2, 3, 4, 5, 255]),
    Kind(
      "grey, 1 bit", PNGFile(width: 3, height: 2, color: .grey, bitDepth: 1, rows: [[0b1010_0000], [0b0110_0000]]),
      channels: 1, [255, 0, 255, 0, 255, 255]),
    Kind(
      "grey, 2 bits", PNGFile(width: 3, height: 2, color: .grey, bitDepth: 2, rows: [[0b0001_1000], [0b1100_0100]]),
      channels: 1, [0, 85, 170, 255, 0, 85]),
    Kind(
      "grey, 4 bits", PNGFile(width: 3, height: 2, color: .grey, bitDepth: 4, rows: [[0x01, 0x20], [0xF0, 0x80]]),
      channels: 1, [0, 17, 34, 255, 0, 136]),
    Kind(
      // Scaled by 255/65,535 and rounded: 0x0180 is 384 / 257 = 1.49, 0x0182 is 1.502.
      "grey, 16 bits, rounded rather than cut",
      PNGFile(
        width: 3, height: 2, color: .grey, bitDepth: 16,
        rows: [[0x01, 0x80, 0x01, 0x82, 0xFF, 0xFF], [0, 0, 0x80, 0x80, 0xFE, 0xFF]]), channels: 1,
      [1, 2, 255, 0, 128, 254]),
    Kind(
      "colour", PNGFile(width: 3, height: 2, color: .rgb, rows: [Array(1...9), Array(11...19)]), channels: 3,
      Array(1...9) + Array(11...19)),
    Kind(
      "palette",
      PNGFile(
        width: 3, height: 2, color: .palette, bitDepth: 4, rows: [[0x01, 0x20], [0x21, 0x00]],
        palette: [10, 20, 30, 40, 50, 60, 70, 80, 90]), channels: 3,
      [10, 20, 30, 40, 50, 60, 70, 80, 90, 70, 80, 90, 40, 50, 60, 10, 20, 30]),
    Kind(
      "palette with transparency, over black",
      PNGFile(
        width: 3, height: 2, color: .palette, rows: [[0, 1, 2], [2, 1, 0]],
        palette: [10, 20, 30, 40, 50, 60, 70, 80, 90], transparency: [255, 0, 128]), channels: 3,
      [10, 20, 30, 0, 0, 0, 35, 40, 45, 35, 40, 45, 0, 0, 0, 10, 20, 30]),
    Kind(
      "grey with alpha, over black",
      PNGFile(width: 3, height: 2, color: .greyAlpha, rows: [[200, 255, 200, 0, 200, 51], [1, 127, 1, 128, 7, 255]]),
      channels: 1, [200, 0, 40, 0, 1, 7]),
    Kind(
      "colour with alpha, over black",
      PNGFile(
        width: 3, height: 2, color: .rgba,
        rows: [[1, 2, 3, 255, 100, 200, 50, 51, 9, 9, 9, 0], [1, 2, 3, 255, 255, 255, 255, 254, 0, 0, 0, 255]]),
      channels: 3, [1, 2, 3, 20, 40, 10, 0, 0, 0, 1, 2, 3, 254, 254, 254, 0, 0, 0]),
    Kind(
      // Adam7 of 2×3: pass 1 has pixel (0, 0), pass 6 (0, 1) and no more of row 0 but (0, 2) of pass 4, pass 7 row 1.
      "interlaced",
      PNGFile(
        width: 3, height: 2, color: .grey, rows: [[1], [3], [2], [4, 5, 6]], isInterlaced: true), channels: 1,
      [1, 2, 3, 4, 5, 6]),
  ]

  @Test("every kind of PNG gives the bytes that are in it", arguments: kinds)
  func png(kind: Kind) throws { #expect(try decode(kind.bytes) == kind.expected) }

  @Test("a JPEG gives its picture, progressive or not", arguments: [1, 3], [(16, 24), (13, 7), (1, 1)])
  func jpegs(channels: Int, size: (height: Int, width: Int)) throws {
    let picture = gradient(height: size.height, width: size.width, channels: channels)
    let plain = try decode(jpeg(picture, height: size.height, width: size.width, quality: 100))
    #expect(plain.height == size.height && plain.width == size.width && plain.channels == channels)
    // Mean error; colours are stored at half the resolution.
    let error = zip(plain.pixels, picture).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    #expect(error < 4 * picture.count, "\(error) over \(picture.count)")
    let progressive = try decode(
      jpeg(picture, height: size.height, width: size.width, quality: 100, isProgressive: true))
    #expect(progressive == plain)
  }

  @Test("one decoder reads images of all sizes, one after the other")
  func reused() throws {
    var decoder = ImageDecoder()
    for (height, width, channels) in [(2, 3, 3), (9, 9, 1), (1, 2, 4), (20, 5, 3)] {
      let picture = gradient(height: height, width: width, channels: channels)
      try decoder.decode(PNGFile.plain(picture, height: height, width: width), path: "x")
      #expect(decoder.size == Resolution(height: height, width: width))
      if channels != 4 { #expect(Array(decoder.pixels.prefix(picture.count)) == picture) }
    }
  }

  @Test("what cannot be read is named with what is wrong")
  func messages() throws {
    let png = PNGFile.plain(gradient(height: 9, width: 9, channels: 3), height: 9, width: 9)
    // The last of the pixels' checksum, and of the chunk's; IEND has 12 bytes.
    var (flipped, flippedChunk) = (png, png)
    flipped[flipped.count - 20] ^= 1
    flippedChunk[flipped.count - 13] ^= 1
    // Width and height lie behind signature, length and name.
    var lying = png
    lying.replaceSubrange(16..<24, with: bigEndian(8_000) + bigEndian(8_000))
    lying.replaceSubrange(29..<33, with: crc(of: lying[12..<29]))
    let picture = jpeg(gradient(height: 32, width: 32, channels: 3), height: 32, width: 32)
    var wide = picture
    let frame = try #require((0..<wide.count).first { wide[$0] == 0xFF && wide[$0 + 1] == 0xC0 })
    wide.replaceSubrange(frame + 5..<frame + 9, with: [0x20, 0, 0x20, 0])
    var huge = picture
    huge.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0, 0xFF, 0])
    let cases: [([UInt8], String)] = [
      ([], "an empty file"),
      ([1, 2, 3], "no PNG, JPEG or WebP by its first bytes"),
      (Array(png.prefix(4)), "unreadable PNG (the file ends early)"),
      (Array(png.dropLast(30)), "unreadable PNG (the file ends early)"),
      (Array(png.dropLast(3)), "unreadable PNG (the file ends early)"),
      (flipped, "unreadable PNG (IDAT: incorrect data check)"),
      (flippedChunk, "unreadable PNG (IDAT: CRC error)"),
      (lying, "unreadable PNG (its header says 8000×8000 pixels, too many for \(png.count) bytes)"),
      ([0xFF, 0xD8], "unreadable JPEG (Premature end of JPEG file)"),
      (Array(picture.prefix(picture.count / 2)), "unreadable JPEG (Premature end of JPEG file)"),
      (Array(picture.dropLast(2)), "unreadable JPEG (Premature end of JPEG file)"),
      (wide, "unreadable JPEG (its header says 8192×8192 pixels, too many for \(picture.count) bytes)"),
      (huge, "unreadable JPEG (its header says 65280×65280 pixels, more than can be read)"),
    ]
    for (bytes, reason) in cases { #expect(message(bytes) == "x: \(reason); \(Self.remedy)") }
  }

  @Test("chunks beside the pixels are passed over, whatever they say they are")
  func chunks() throws {
    let picture = gradient(height: 9, width: 9, channels: 3)
    let png = PNGFile.plain(picture, height: 9, width: 9)
    let expected = try decode(png)
    // A text that would unpack to 8 MB, three hundred times: signature and header take 33 bytes.
    let body = Array("zTXtkey\0\0".utf8) + deflated([UInt8](repeating: 0, count: 8_000_000))
    let chunk = bigEndian(body.count - 4) + body + crc(of: body[...])
    let many = Array(png[..<33]) + (0..<300).flatMap { _ in chunk } + png[33...]
    #expect(try decode(many) == expected)
    // One that says it is 2 GB long takes no memory for it.
    let endless = Array(png[..<33]) + bigEndian(0x7FFF_FFF0) + Array("tEXt".utf8) + png[33...]
    #expect(message(endless) == "x: unreadable PNG (the file ends early); \(Self.remedy)")
  }

  @Test("sides beyond those of any picture and endless scans are refused")
  func limits() throws {
    var long = PNGFile.plain(gradient(height: 9, width: 9, channels: 1), height: 9, width: 9)
    long.replaceSubrange(16..<24, with: bigEndian(130) + bigEndian(40_000))
    long.replaceSubrange(29..<33, with: crc(of: long[12..<29]))
    #expect(
      message(long) == "x: unreadable PNG (its header says 40000×130 pixels, more than can be read); \(Self.remedy)")
    let picture = jpeg(gradient(height: 16, width: 16, channels: 1), height: 16, width: 16, isProgressive: true)
    // The first scan, of the mean of every block, again and again.
    let scan = try #require((0..<picture.count).first { picture[$0] == 0xFF && picture[$0 + 1] == 0xDA })
    let end = try #require((scan + 2..<picture.count).first { picture[$0] == 0xFF && picture[$0 + 1] != 0 })
    let scans = { (count: Int) in
      picture[..<scan] + (0..<count).flatMap { _ in picture[scan..<end] } + picture[end...]
    }
    #expect(try decode(Array(scans(20))) == decode(picture))
    #expect(message(Array(scans(200))) == "x: unreadable JPEG (more than 100 scans); \(Self.remedy)")
  }

  @Test("2,000 damaged pictures are refused or read, never crash")
  func damaged() {
    var damage = Damage(state: 77)
    let pictures = [
      PNGFile.plain(gradient(height: 20, width: 20, channels: 3), height: 20, width: 20),
      PNGFile.plain(gradient(height: 9, width: 9, channels: 4), height: 9, width: 9),
      jpeg(gradient(height: 20, width: 20, channels: 3), height: 20, width: 20),
      jpeg(gradient(height: 20, width: 20, channels: 1), height: 20, width: 20, isProgressive: true),
    ]
    var refused = 0
    for round in 0..<2_000 {
      var bytes = damage.apply(to: pictures[round % pictures.count])
      // Checksums would stop most damage at the door: mend the header's.
      if round % 3 == 0, round % pictures.count < 2, bytes.count > 33 {
        bytes.replaceSubrange(29..<33, with: crc(of: bytes[12..<29]))
      }
      if let message = message(bytes) {
        refused += 1
        #expect(message.hasSuffix(Self.remedy), "\(message)")
      }
    }
    #expect(refused > 1_000, "\(refused)")
  }

  @Test("500 random files that begin like pictures are refused")
  func random() {
    var damage = Damage(state: 99)
    for round in 0..<500 {
      let noise = (0..<Int.random(in: 0..<300, using: &damage)).map { _ in UInt8.random(in: 0...255, using: &damage) }
      let starts: [[UInt8]] = [
        [], [0x89, 0x50, 0x4E, 0x47], [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], [0xFF, 0xD8],
        [0xFF, 0xD8, 0xFF, 0xDB],
      ]
      #expect(message(starts[round % starts.count] + noise) != nil)
    }
  }

  private func crc(of bytes: ArraySlice<UInt8>) -> [UInt8] { bigEndian(checksum(Array(bytes))) }
}
