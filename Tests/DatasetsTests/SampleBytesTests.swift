import Testing

@testable import Datasets

/// What stands for black and white in image files.
@Suite struct SampleBytesTests {
  /// A folder of pictures 8×8 in grey, of 16 or 8 bits.
  private func folder(_ pictures: [[Int]], bits: [UInt8]) throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    for (place, samples) in pictures.enumerated() {
      var rows: [[UInt8]] = []
      for row in 0..<8 {
        let line = samples[row * 8..<row * 8 + 8]
        rows.append(line.flatMap { bits[place] == 16 ? [UInt8($0 >> 8), UInt8($0 & 255)] : [UInt8($0)] })
      }
      let file = PNGFile(width: 8, height: 8, color: .grey, bitDepth: bits[place], rows: rows).bytes
      _ = try directory.write(file, as: "\(place).png")
    }
    return directory
  }

  private func load(_ directory: TemporaryDirectory, _ range: ClosedRange<Double>? = nil) throws -> Dataset {
    var options = LoadingOptions()
    options.range = range
    return try ImageFolder.load(directory: directory.path, options: options)
  }

  /// 64 samples from 0 to `most`, another start for each picture.
  private func ramp(_ most: Int, _ start: Int) -> [Int] { (0..<64).map { ($0 + start) % 64 * most / 63 } }

  @Test(
    "a range of which less than a quarter is filled is refused with the one to use",
    arguments: [
      (4_095, 16, "[0,4095]"), (1_000, 16, "[0,1023]"), (16_000, 16, "[0,16383]"), (255, 16, "[0,255]"),
      (20, 8, "[0,20]"), (63, 8, "[0,63]"),
    ])
  func dim(most: Int, bits: Int, range: String) throws {
    let directory = try folder((0..<4).map { ramp(most, $0) }, bits: [UInt8](repeating: UInt8(bits), count: 4))
    let full = bits == 16 ? 65_535 : 255
    let start = "\(directory.path): its images have samples from 0 to \(most), less than a quarter of 0 to \(full)"
    #expect {
      try load(directory)
    } throws: { error in
      let text = "\(error)"
      return text.hasPrefix(start) && text.contains("--set data.range=\(range) ")
        && text.contains("--set data.range=[0,\(full)] ")
    }
    // Each of the two that it names works, and gives the right bytes.
    for high in [Double(range.dropFirst(3).dropLast())!, Double(full)] {
      let data = try load(directory, 0...high)
      let expected = ramp(most, 0).map { UInt8((255 * Double($0) / high).rounded()) }
      #expect(Array(data.training.bytes(at: 0)) == expected)
    }
  }

  @Test("masks of 0 and 1 are black and white, in 8 and in 16 bits", arguments: [8, 16] as [UInt8])
  func masks(bits: UInt8) throws {
    let pictures = (0..<4).map { seed in (0..<64).map { ($0 + seed) % 3 == 0 ? 1 : 0 } }
    let directory = try folder(pictures, bits: [bits, bits, bits, bits])
    let data = try load(directory)
    #expect(Array(data.training.bytes(at: 0)) == pictures[0].map { 255 * UInt8($0) })
    #expect(data.notes.contains("0 is black, 1 white, since there are no other samples"))
    #expect(data.layout.pixels.number(of: -1) == 0 && data.layout.pixels.number(of: 1) == 1)
    #expect(try load(directory, 0...1).training.bytes(at: 0) == data.training.bytes(at: 0))
  }

  @Test("what fills a quarter is taken as it is, by libpng's rule for 16 bits")
  func full() throws {
    let deep = try load(folder((0..<4).map { ramp(65_535, $0) }, bits: [16, 16, 16, 16]))
    #expect(Array(deep.training.bytes(at: 0)) == ramp(65_535, 0).map { UInt8((Double($0) / 257).rounded()) })
    #expect(deep.notes[1] == "4 of 4 images have 16 bits a sample: 0 is black, 65,535 white")
    #expect(try load(folder((0..<4).map { ramp(64, $0) }, bits: [8, 8, 8, 8])).training.count == 3)
  }

  @Test("samples beyond data.range are clipped and counted")
  func clipped() throws {
    let directory = try folder((0..<4).map { ramp(63_000, $0) }, bits: [16, 16, 16, 16])
    let data = try load(directory, 1_000...61_000)
    let expected = ramp(63_000, 0).map { (sample: Int) -> UInt8 in
      let share = (Double(min(61_000, max(1_000, sample))) - 1_000) / 60_000
      return UInt8((255 * share).rounded())
    }
    #expect(Array(data.training.bytes(at: 0)) == expected)
    // 0 below, 62,000 and 63,000 above.
    #expect(
      data.notes[1]
        == "1,000 is black, 61,000 white, as data.range says; 12 samples of pixels lie beyond and are clipped")
  }

  @Test("alpha keeps its range, whatever data.range says")
  func alpha() throws {
    let directory = try TemporaryDirectory()
    let row: [UInt8] = [0x0F, 0xFF, 0xFF, 0xFF, 0x0F, 0xFF, 0x80, 0x00, 0x08, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF]
    let file = PNGFile(width: 4, height: 4, color: .greyAlpha, bitDepth: 16, rows: [row, row, row, row]).bytes
    for name in ["1.png", "2.png"] { _ = try directory.write(file, as: name) }
    // 4,095 is white; half of it is seen; 2,048 / 4,095 · 255 = 127.53.
    #expect(try load(directory, 0...4_095).training.bytes(at: 0).prefix(4) == [255, 128, 128, 0])
  }

  @Test("files of 8 and of 16 bits are each taken by their full range, and data.range is refused for both at once")
  func mixed() throws {
    let directory = try folder(
      [ramp(255, 0), ramp(255, 0).map { 257 * $0 }, ramp(255, 3), ramp(65_535, 5)], bits: [8, 16, 8, 16])
    let data = try load(directory)
    #expect(Array(data.training.bytes(at: 0)) == Array(data.training.bytes(at: 1)))
    #expect(data.notes[1] == "2 of 4 images have 16 bits a sample: 0 is black, 65,535 white")
    let path = directory.path
    #expect {
      try load(directory, 0...255)
    } throws: {
      "\($0)"
        == "\(path): data.range counts in the units of the files, but \(path)/1.png has 16 bits a sample, \(path)/0.png 8; "
        + "save all with one depth, or set data.range=[] and each is taken by its full range"
    }
    let dim = try folder([ramp(255, 0), ramp(4_095, 0), ramp(255, 3), ramp(4_095, 5)], bits: [8, 16, 8, 16])
    #expect { try load(dim) } throws: { "\($0)".contains("those of 16 bits have samples from 0 to 4095") }
  }
}
