import Testing

@testable import Datasets

@Suite struct OrientationTests {
  /// 2×3 pixels, numbered along the rows, and what each orientation makes of them; the same as Pillow 13's
  /// `ImageOps.exif_transpose`.
  static let turned: [(orientation: Int, height: Int, pixels: [UInt8])] = [
    (1, 2, [1, 2, 3, 4, 5, 6]),
    (2, 2, [3, 2, 1, 6, 5, 4]),
    (3, 2, [6, 5, 4, 3, 2, 1]),
    (4, 2, [4, 5, 6, 1, 2, 3]),
    (5, 3, [1, 4, 2, 5, 3, 6]),
    (6, 3, [4, 1, 5, 2, 6, 3]),
    (7, 3, [6, 3, 5, 2, 4, 1]),
    (8, 3, [3, 6, 2, 5, 1, 4]),
  ]

  private func png(_ orientation: Int, isLittleEndian: Bool, channels: Int = 1) -> [UInt8] {
    let rows = [[1, 2, 3], [4, 5, 6]].map { row in
      row.flatMap { value in (0..<channels).map { UInt8(value + 50 * $0) } }
    }
    return PNGFile(
      width: 3, height: 2, color: channels == 1 ? .grey : .rgb, rows: rows,
      exif: exif(orientation: orientation, isLittleEndian: isLittleEndian)
    ).bytes
  }

  private func decode(_ bytes: [UInt8], orients: Bool = true) throws -> (decoder: ImageDecoder, pixels: [UInt8]) {
    var decoder = ImageDecoder(orients: orients)
    try decoder.decode(bytes, path: "x")
    return (decoder, Array(decoder.pixels.prefix(decoder.size.height * decoder.size.width * decoder.channels)))
  }

  @Test(
    "a PNG is turned as its EXIF says, in grey and colour, in either byte order", arguments: [1, 3], [true, false])
  func pngs(channels: Int, isLittleEndian: Bool) throws {
    for (orientation, height, pixels) in Self.turned {
      let file = png(orientation, isLittleEndian: isLittleEndian, channels: channels)
      let (decoder, found) = try decode(file)
      #expect(decoder.size == Resolution(height: height, width: 6 / height))
      #expect(found == pixels.flatMap { value in (0..<channels).map { value + UInt8(50 * $0) } })
      #expect(decoder.traits.orientation.rawValue == orientation)
      let (stored, plain) = try decode(file, orients: false)
      #expect(stored.size == Resolution(height: 2, width: 3) && plain.prefix(channels).first == 1)
    }
  }

  @Test("a JPEG is turned as its EXIF says, wherever the segment stands", arguments: [true, false], [3, 4])
  func jpegs(isLittleEndian: Bool, type: Int) throws {
    let picture = gradient(height: 16, width: 24, channels: 3)
    let file = jpeg(picture, height: 16, width: 24)
    let (_, upright) = try decode(file)
    let index = (0..<16 * 24).map { $0 }
    for orientation in 1...8 {
      let data = exif(orientation: orientation, isLittleEndian: isLittleEndian, type: type, marker: "Exif\0\0")
      let (decoder, found) = try decode(jpeg(file, with: data, isLate: orientation % 2 == 0))
      // Where each pixel of the result comes from, by the definition of the tag: which side row 0 and column 0 are.
      let (height, width) = orientation > 4 ? (24, 16) : (16, 24)
      #expect(decoder.size == Resolution(height: height, width: width))
      for place in index {
        let (row, column) = (place / width, place % width)
        let (sourceRow, sourceColumn) =
          switch orientation {
          case 1: (row, column)
          case 2: (row, 23 - column)
          case 3: (15 - row, 23 - column)
          case 4: (15 - row, column)
          case 5: (column, row)
          case 6: (15 - column, row)
          case 7: (15 - column, 23 - row)
          default: (column, 23 - row)
          }
        let from = 3 * (sourceRow * 24 + sourceColumn)
        guard Array(found[3 * place..<3 * place + 3]) != Array(upright[from..<from + 3]) else { continue }
        Issue.record("orientation \(orientation): pixel \(row), \(column)")
        return
      }
    }
  }

  @Test("EXIF that is damaged, of another number or without the tag turns nothing")
  func others() throws {
    for bytes in [
      exif(orientation: 0), exif(orientation: 9), exif(orientation: 65_535), Array(exif(orientation: 6).prefix(20)),
      exif(orientation: 6, type: 7), [], Array("II*\0".utf8), Array("II*\0".utf8) + [255, 255, 255, 255],
    ] {
      let file = PNGFile(width: 3, height: 2, color: .grey, rows: [[1, 2, 3], [4, 5, 6]], exif: bytes).bytes
      #expect(try decode(file).pixels == [1, 2, 3, 4, 5, 6])
    }
    // A chunk whose checksum is wrong says nothing.
    var file = png(6, isLittleEndian: true)
    let chunk = try #require((0..<file.count - 4).first { file[$0..<$0 + 4].elementsEqual("eXIf".utf8) })
    file[chunk + 4 + exif(orientation: 6).count] ^= 1
    #expect(try decode(file).pixels == [1, 2, 3, 4, 5, 6])
  }

  @Test("20,000 damaged headers are read without a crash")
  func damaged() {
    var damage = Damage(state: 5)
    let picture = jpeg(gradient(height: 8, width: 8, channels: 1), height: 8, width: 8)
    let jpegs = jpeg(picture, with: exif(orientation: 6, marker: "Exif\0\0"))
    let pngs = png(6, isLittleEndian: false)
    var found: Set<Int> = []
    for round in 0..<20_000 {
      let isJPEG = round % 2 == 0
      let bytes = damage.apply(to: isJPEG ? jpegs : pngs)
      found.insert(Orientation(of: bytes, format: isJPEG ? .jpeg : .png).rawValue)
    }
    #expect(found.isSuperset(of: [1, 6]))
  }

  @Test("turned images are counted, and their size is the one after turning")
  func folder() throws {
    let directory = try TemporaryDirectory()
    let pixels = gradient(height: 4, width: 6, channels: 1).map { UInt8(min(255, Int($0) * 4)) }
    let turned = PNGFile(
      width: 6, height: 4, color: .grey, rows: (0..<4).map { Array(pixels[$0 * 6..<$0 * 6 + 6]) },
      exif: exif(orientation: 8)
    ).bytes
    let upright = PNGFile.plain((0..<24).map { UInt8($0 * 11) }, height: 6, width: 4)
    for (name, bytes) in [("1", turned), ("2", upright), ("3", turned), ("4", upright)] {
      _ = try directory.write(bytes, as: "\(name).png")
    }
    let data = try ImageFolder.load(directory: directory.path)
    #expect(data.imageShape == [6, 4, 1])
    #expect(data.notes.contains("2 of 4 images are turned as their EXIF says"))
    var options = LoadingOptions()
    (options.orients, options.resolution) = (false, Resolution(height: 4, width: 4))
    #expect(
      try ImageFolder.load(directory: directory.path, options: options).notes
        .contains("2 of 4 images lie as stored, not as their EXIF says"))
  }
}
