import Testing

@testable import Datasets

@Suite struct ImageFormatTests {
  @Test("formats that are not read are named by their first bytes, whatever the file is called")
  func others() {
    let box = { (kind: String) in [0, 0, 0, 0x1C] + Array(kind.utf8) + [0, 0, 0, 0] }
    let cases: [([UInt8], String)] = [
      (Array("II*\0".utf8), "a TIFF"), (Array("MM\0*".utf8), "a TIFF"), (Array("GIF89a".utf8), "a GIF"),
      (Array("BM6".utf8), "a BMP"), (box("ftypheic"), "a HEIC"), (box("ftypavif"), "an AVIF"),
      (box("JXL "), "a JPEG XL"),
      ([0xFF, 0x0A, 1], "a JPEG XL"), (box("jP  "), "a JPEG 2000"), (Array("<svg xmlns".utf8), "an SVG"),
      (Array("\u{FEFF}<?xml version='1.0'?>\n<!-- x --><svg".utf8), "an SVG"),
      (Array("\n<!DOCTYPE html><p>404".utf8), "a web page"), (Array("PK\u{3}\u{4}".utf8), "a zip archive"),
      (Array("P6\n4 4\n".utf8), "a PNM"), (Array("%PDF-1.4".utf8), "a PDF"),
    ]
    for (bytes, name) in cases {
      var decoder = ImageDecoder()
      #expect {
        try decoder.decode(bytes, path: "a/1.jpg")
      } throws: {
        "\($0)"
          == "a/1.jpg: \(name), which is not read; save it as PNG or JPEG, or leave such files out with --skip-unreadable"
      }
    }
  }

  @Test("inks become light: with Photoshop's marker 255 is no ink, without it all of it", arguments: [true, false])
  func inks(isYCCK: Bool) throws {
    // Flat, so that blocks hold the value itself: what Pillow 13.0 makes RGB of is (63, 126, 0), 200 · 160 / 255 = 125.5.
    let inks: [UInt8] = [100, 200, 0, 160]
    let file = jpeg((0..<64).flatMap { _ in inks }, height: 8, width: 8, quality: 100, isYCCK: isYCCK)
    var decoder = ImageDecoder()
    try decoder.decode(file, path: "x")
    #expect(decoder.channels == 3 && decoder.traits.isCMYK)
    let light = [63, 125, 0]
    for c in 0..<3 { #expect(abs(Int(decoder.pixels[c]) - light[c]) <= 1, "\(decoder.pixels.prefix(3))") }
    guard !isYCCK else { return }
    // The same without the marker, APP14.
    let marker = try #require((2..<file.count).first { file[$0] == 0xFF && file[$0 + 1] == 0xEE })
    let length = Int(file[marker + 2]) << 8 + Int(file[marker + 3])
    try decoder.decode(Array(file[..<marker] + file[(marker + 2 + length)...]), path: "x")
    // (255 − 100) · (255 − 160) / 255 and so on.
    let left = [58, 20, 95]
    for c in 0..<3 { #expect(abs(Int(decoder.pixels[c]) - left[c]) <= 1, "\(decoder.pixels.prefix(3))") }
  }

  @Test("all inks: (255 − ink) · (255 − black) / 255, rounded")
  func formula() {
    for isInverted in [false, true] {
      var pixels: [UInt8] = []
      for ink in 0..<256 { pixels += [UInt8(ink), UInt8(255 - ink), 7, UInt8((ink * 37) % 256)] }
      let source = pixels
      Channels.mixInks(&pixels, count: 256, isInverted: isInverted)
      for i in 0..<256 {
        for c in 0..<3 {
          let (ink, black) = (Double(source[4 * i + c]), Double(source[4 * i + 3]))
          let light = isInverted ? ink * black / 255 : (255 - ink) * (255 - black) / 255
          #expect(pixels[3 * i + c] == UInt8(light.rounded()))
        }
      }
    }
  }
}
