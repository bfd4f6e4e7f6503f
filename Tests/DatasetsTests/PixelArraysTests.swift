import Files
import Foundation
import NumPyFiles
import Tensors
import Testing

@testable import Datasets

/// Arrays of images in every type, as the networks see them.
@Suite struct PixelArraysTests {
  private let directory: TemporaryDirectory
  private var path: String { directory.path + "/d.npz" }

  init() throws { directory = try TemporaryDirectory() }

  private func entry(_ name: String, _ values: [some BitwiseCopyable], _ type: ElementType) -> NPZ.Entry {
    let bytes = values.withUnsafeBytes { Array($0) }
    return NPZ.Entry(name, [values.count / 16, 4, 4], type) { body throws(FileError) in
      try bytes.withUnsafeBytes { bytes -> Result<Void, FileError> in
        do throws(FileError) { return .success(try body(bytes)) } catch { return .failure(error) }
      }.get()
    }
  }

  /// Numbers stored as this type.
  private func entry(_ name: String, _ numbers: [Double], as type: ElementType) -> NPZ.Entry {
    switch type {
    case .bool, .uint8: entry(name, numbers.map { UInt8($0) }, type)
    case .int8: entry(name, numbers.map { Int8($0) }, type)
    case .uint16: entry(name, numbers.map { UInt16($0) }, type)
    case .int16: entry(name, numbers.map { Int16($0) }, type)
    case .int64: entry(name, numbers.map { Int64($0) }, type)
    case .float64: entry(name, numbers, type)
    default: entry(name, numbers.map { Float($0) }, .float32)
    }
  }

  private func load(_ entries: [NPZ.Entry], _ range: ClosedRange<Double>? = nil) throws -> Dataset {
    try NPZ.write(to: path, arrays: entries)
    var options = LoadingOptions()
    options.range = range
    return try DatasetSource.numpy(path: path).load(options)
  }

  private func message(_ entries: [NPZ.Entry], _ range: ClosedRange<Double>? = nil) -> String {
    do {
      _ = try load(entries, range)
      return "(loaded)"
    } catch { return "\(error)".replacingOccurrences(of: path, with: "F") }
  }

  /// What the networks see of a stored sample that is trained on.
  private func values(_ set: ImageSet, _ index: Int, mirrored: Bool = false) -> [Float] {
    var values = [Float](repeating: 9, count: 16)
    values.withUnsafeMutableBufferPointer { set.write(index: index, mirrored: mirrored, to: $0.baseAddress!) }
    return values
  }

  /// Every image counts up in 16 steps, `step` apart, from `first`.
  private func ramp(_ first: Double, step: Double) -> [Double] { (0..<640).map { first + step * Double($0 % 16) } }

  /// What is said of pixels; these images are there several times, which is said, too.
  private func warnings(_ data: Dataset) -> [String] { data.warnings.filter { !$0.contains("also trained on") } }

  private let ramp15 = (0..<16).map { Float($0) / 7.5 - 1 }

  @Test(
    "0 and 1 are black and white in every type, asked for or not",
    arguments: [.bool, .uint8, .int8, .uint16, .int64, .float32, .float64] as [ElementType])
  func binary(type: ElementType) throws {
    let numbers = (0..<640).map { Double($0 / 3 % 2) }
    for range in [nil, 0.0...1.0] {
      let data = try load([entry("x", numbers, as: type)], range)
      let row = data.training.selection.row(of: 7)
      #expect(values(data.training, 7) == (0..<16).map { numbers[row * 16 + $0] == 0 ? -1 : 1 }, "\(type)")
      #expect(data.layout.columns == [Column(name: "pixels", center: 0.5, unit: 0.5)])
      #expect(warnings(data).isEmpty && data.notes.contains { $0.contains("0 is taken for black, 1 for white") })
    }
  }

  @Test(
    "a range that is asked for is obeyed in every type, mirrored images and bytes included",
    arguments: [.uint8, .int8, .uint16, .int16, .int64, .float32, .float64] as [ElementType])
  func asked(type: ElementType) throws {
    let data = try load([entry("x", ramp(0, step: 4), as: type)], 0...60)
    for (value, expected) in zip(values(data.training, 3), ramp15) { #expect(abs(value - expected) < 1e-6) }
    let mirrored = values(data.training, 3, mirrored: true)
    for i in 0..<16 { #expect(abs(mirrored[i] - ramp15[i / 4 * 4 + 3 - i % 4]) < 1e-6) }
    #expect(Array(data.training.bytes(at: 3)) == (0..<16).map { UInt8($0 * 17) })
    #expect(data.layout.columns == [Column(name: "pixels", center: 30, unit: 30)])
    let back = values(data.training, 3).map { data.layout.pixels.number(of: Double($0)) }
    for i in 0..<16 { #expect(abs(back[i] - Double(4 * i)) < 1e-4) }
  }

  @Test(
    "what is beyond a range is clipped and counted, in every type",
    arguments: [.uint8, .int64, .float32] as [ElementType])
  func clipped(type: ElementType) throws {
    let data = try load([entry("x", ramp(0, step: 4), as: type)], 8...40)
    #expect(
      values(data.training, 0).prefix(3) == [-1, -1, -1] && values(data.training, 0).suffix(6) == [1, 1, 1, 1, 1, 1])
    #expect(abs(values(data.training, 0)[6]) < 1e-6)
    #expect(
      data.notes.contains {
        $0.hasSuffix("8 is taken for black, 40 for white; 280 of 640 values are beyond and clipped")
      })
    #expect(
      data.warnings.contains { $0.contains("280 of 640 values are beyond and clipped to [8,40], the farthest is 60") })
  }

  @Test(
    "overshoot of resizing is clipped and leaves the other pixels where they belong", arguments: [1.0, 255, 65_535])
  func overshoot(white: Double) throws {
    var numbers = (0..<640).map { white * Double($0 * 37 % 101) / 100 }
    (numbers[3], numbers[20]) = (1.04 * white, -0.03 * white)
    let data = try load([entry("x", numbers, as: .float32)])
    for index in 0..<data.training.count {
      let row = data.training.selection.row(of: index)
      for (value, number) in zip(values(data.training, index), numbers[(row * 16)...]) {
        #expect(abs(value - Float(2 * min(1, max(0, number / white)) - 1)) < 1e-5)
      }
    }
    #expect(warnings(data).isEmpty, "\(warnings(data))")
    #expect(data.notes.contains { $0.hasSuffix("; 2 of 640 values are beyond and clipped") }, "\(data.notes)")
  }

  @Test("numbers that fill little of a range are refused, and both settings that the message names work")
  func dull() throws {
    let cases: [(ElementType, Double, own: String, usual: String)] = [
      (.float64, 1, "[0,15]", "[0,255]"), (.uint8, 1, "[0,15]", "[0,255]"), (.uint16, 273, "[0,4095]", "[0,65535]"),
      (.float32, 0.005, "[0,0.075]", "[0,1]"), (.int64, 2, "[0,30]", "[0,255]"), (.int8, 1, "[0,15]", "[0,127]"),
    ]
    for (type, step, own, usual) in cases {
      let x = entry("x", ramp(0, step: step), as: type)
      let text = message([x])
      #expect(text.hasPrefix("F: x holds \(type.name) from 0 to "), "\(text)")
      #expect(text.hasSuffix("--set data.range=\(own), or --set data.range=\(usual) to leave them so"), "\(text)")
      let numbers = { (text: String) in text.dropFirst().dropLast().split(separator: ",").compactMap { Double($0) } }
      let (a, b) = (numbers(own), numbers(usual))
      let stretched = try load([x], a[0]...a[1])
      for (value, expected) in zip(values(stretched.training, 5), ramp15) { #expect(abs(value - expected) < 1e-5) }
      let kept = try load([x], b[0]...b[1])
      #expect(abs(values(kept.training, 5)[15] - Float(30 * step / b[1] - 1)) < 1e-5)
      #expect(kept.warnings.contains { $0.contains("from black to white, pixels go from 0 % to ") }, "\(kept.warnings)")
    }
    #expect(message([entry("x", ramp(-2.2, step: 0.3), as: .float32)]).contains("as in --set data.range=[-2.2,2.3]"))
    let constant = message([entry("x", ramp(7, step: 0), as: .uint8)])
    #expect(constant.contains("that are all 7") && constant.hasSuffix("leave them so with --set data.range=[0,255]"))
  }

  @Test("held-out images of another range or type are refused by both names")
  func parts() throws {
    func parts(_ a: ElementType, _ x: Double, _ b: ElementType, _ y: Double) -> [NPZ.Entry] {
      [entry("x_train", ramp(0, step: x / 15), as: a), entry("x_test", ramp(0, step: y / 15), as: b)]
    }
    let other = message(parts(.float32, 1, .float32, 255))
    #expect(other.contains("x_train holds float32 from 0 to 1, taken for 0 (black) to 1 (white)"), "\(other)")
    #expect(other.contains("but x_test holds float32 from 0 to 255, taken for 0 (black) to 255 (white)"), "\(other)")
    #expect(message(parts(.float32, 255, .float32, 1)).contains("but x_test holds float32 from 0 to 1, taken for"))
    #expect(message(parts(.uint8, 255, .uint8, 15)).contains("but x_test holds uint8 from 0 to 15; save both"))
    #expect(message(parts(.uint16, 65_535, .uint16, 255)).contains("but x_test holds uint16 from 0 to 255, taken for"))
    for (a, b) in [(ElementType.uint8, ElementType.float32), (.float64, .uint8), (.uint8, .int64), (.int16, .float32)] {
      #expect(
        message(parts(a, 120, b, 120)).contains("x_train holds \(a.name), x_test \(b.name); save both as one type"))
    }
    // Floats of two sizes mean the same, and both parts are clipped alike.
    var high = ramp(0, step: 1 / 15)
    high[0] = 1.04
    let data = try load([entry("x_train", ramp(0, step: 1 / 15), as: .float32), entry("x_test", high, as: .float64)])
    #expect(values(data.test, 0)[0] == 1 && abs(values(data.test, 1)[15] - 1) < 1e-6)
    for (value, expected) in zip(values(data.training, 1), ramp15) { #expect(abs(value - expected) < 1e-6) }
    let named = try load(parts(.float32, 255, .float32, 15), 0...255)
    #expect(abs(values(named.test, 0)[15] - Float(30) / 255 + 1) < 1e-6)
    #expect(named.warnings.contains { $0.hasPrefix("x_test: from black to white, pixels go from 0 % to 5.9 %") })
  }

  @Test("few levels are told of, two are black and white, one bright pixel hides no dark set")
  func levels() throws {
    func warnings(_ numbers: [Double]) throws -> [String] {
      self.warnings(try load([entry("x", numbers, as: .uint8)]))
    }
    #expect(
      try warnings((0..<640).map { Double($0 % 5 * 60) }).first?.contains("have only 5 levels of brightness") == true)
    #expect(try warnings((0..<640).map { Double($0 % 2 * 255) }).isEmpty)
    #expect(try warnings((0..<640).map { Double($0 % 17 * 15) }).isEmpty)
    let many = (0..<6_400).map { Double($0 * 7 % 31) }
    #expect(try warnings(many + ramp(0, step: 0).dropLast() + [255]).contains { $0.hasPrefix("all but 0.1 %") })
    let half = try warnings((0..<640).map { Double($0 * 7 % 128) })
    #expect(
      half == [
        "x: from black to white, pixels go from 0 % to 50 %; --set data.range=[0,127] stretches them to all of it"
      ])
  }

  @Test("another process sees the same values; images of another size do, too")
  func handedOver() throws {
    for type in [ElementType.uint8, .float32] {
      let data = try load([entry("x", ramp(0, step: 4), as: type)], 8...60)
      let packed = PackedDataset(data)
      let memory = MemoryBlock(byteCount: packed.byteCount)
      packed.write(to: UnsafeMutableRawBufferPointer(start: memory.address, count: packed.byteCount))
      let read = try PackedDataset.read(memory)
      #expect(read.layout == data.layout)
      for index in 0..<36 { #expect(values(read.training, index) == values(data.training, index)) }
      let small = data.resized(to: Resolution(height: 2, width: 2))
      // Means of four pixels each, between black (0) and white (255).
      #expect(small.layout == data.layout && Array(small.training.bytes(at: 0)) == [42, 63, 154, 185])
    }
  }

  @Test("data.range is refused by name where it can mean nothing")
  func refused() throws {
    var options = LoadingOptions()
    options.range = 0...16
    for source in [DatasetSource.digits, .synthetic(.waves)] {
      do {
        _ = try source.load(options)
        Issue.record("\(source) took a range")
      } catch { #expect("\(error)".contains("data.range") && "\(error)".hasSuffix("leave data.range out")) }
    }
    let vectors = NPZ.Entry("x", [40, 16], .uint8) { body throws(FileError) in
      try [UInt8](repeating: 3, count: 640).withUnsafeBytes { bytes -> Result<Void, FileError> in
        do throws(FileError) { return .success(try body(bytes)) } catch { return .failure(error) }
      }.get()
    }
    #expect(message([vectors], 0...16).contains("holds vectors, data.range says what is black and white in images"))
  }

  @Test("files of bytes obey the range, too, and are told apart from dark ones")
  func files() throws {
    let pixels = (0..<200 * 16).map { UInt8($0 % 16) }
    _ = try directory.write(idx([200, 4, 4], pixels), as: "train-images-idx3-ubyte")
    _ = try directory.write(idx([200], (0..<200).map { UInt8($0 % 10) }), as: "train-labels-idx1-ubyte")
    let source = DatasetSource.idx(directory: directory.path)
    var text = ""
    do { _ = try source.load() } catch { text = "\(error)" }
    #expect(
      text.contains("the training images hold uint8 from 0 to 15, 5.9 % of the way from 0 (black) to 255 (white)"))
    #expect(text.contains("--set data.range=[0,15], or --set data.range=[0,255]"), "\(text)")
    var options = LoadingOptions()
    options.range = 0...15
    let data = try source.load(options)
    for (value, expected) in zip(values(data.training, 5), ramp15) { #expect(abs(value - expected) < 1e-6) }
    options.resolution = Resolution(height: 8, width: 8)
    options.channels = 3
    let resized = try source.load(options)
    #expect(resized.training.bytes(at: 0).prefix(3) == [0, 0, 0] && resized.training.bytes(at: 0).last == 255)
    #expect(resized.layout.columns == [Column(name: "pixels", center: 7.5, unit: 7.5)])
  }
}
