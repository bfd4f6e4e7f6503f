import Files
import Foundation
import NumPyFiles
import Tensors
import Testing

@testable import Datasets

/// Arrays that a test writes.
private func entry(_ name: String, _ shape: [Int], floats: [Float]) -> NPZ.Entry {
  NPZ.Entry(name, shape, .float32) { body throws(FileError) in
    try floats.withUnsafeBytes { bytes -> Result<Void, FileError> in
      do throws(FileError) { return .success(try body(bytes)) } catch { return .failure(error) }
    }.get()
  }
}

private func entry<Integer: FixedWidthInteger>(
  _ name: String, _ shape: [Int], _ type: ElementType, _ values: [Integer]
) -> NPZ.Entry {
  NPZ.Entry(name, shape, type) { body throws(FileError) in
    try values.withUnsafeBytes { bytes -> Result<Void, FileError> in
      do throws(FileError) { return .success(try body(bytes)) } catch { return .failure(error) }
    }.get()
  }
}

@Suite struct NumPyDataTests {
  private let directory: TemporaryDirectory
  private var path: String { directory.path + "/d.npz" }

  init() throws { directory = try TemporaryDirectory() }

  private func load(
    _ entries: [NPZ.Entry], _ change: (inout LoadingOptions) -> Void = { _ in }
  ) throws -> Dataset {
    try NPZ.write(to: path, arrays: entries)
    var options = LoadingOptions()
    change(&options)
    return try DatasetSource.numpy(path: path).load(options)
  }

  private func message(
    _ entries: [NPZ.Entry], _ change: (inout LoadingOptions) -> Void = { _ in }
  ) -> String {
    do {
      _ = try load(entries, change)
      return "(loaded)"
    } catch { return "\(error)" }
  }

  private static let pixels = (0..<40 * 16).map { UInt8($0 % 251) }
  private static let labels = (0..<40).map { Int64($0 % 4) }

  @Test("bytes lie in the file, one of ten samples is held out, labels go with their images")
  func images() throws {
    let data = try load([entry("x", [40, 4, 4], .uint8, Self.pixels), entry("y", [40], .int64, Self.labels)])
    #expect(data.training.count == 36 && data.test.count == 4 && data.classCount == 4)
    #expect(data.training.isMapped && data.imageShape == [4, 4, 1])
    for index in 0..<36 {
      let row = data.training.selection.row(of: index)
      #expect(data.training.label(at: index) == row % 4)
      #expect(Array(data.training.bytes(at: index)) == Array(Self.pixels[row * 16..<(row + 1) * 16]))
    }
    let held = data.test.selection.row(of: 1)
    #expect(Array(data.test.bytes(at: 1)) == Array(Self.pixels[held * 16..<(held + 1) * 16]))
    #expect((10..<20).contains(held) && data.test.label(at: 1) == held % 4)
  }

  @Test("another process maps the same file rather than getting its pixels")
  func mapped() throws {
    let data = try load([entry("x", [40, 4, 4], .uint8, Self.pixels), entry("y", [40], .int64, Self.labels)])
    let packed = PackedDataset(data)
    #expect(packed.byteCount < 1_000)
    let memory = MemoryBlock(byteCount: packed.byteCount)
    packed.write(to: UnsafeMutableRawBufferPointer(start: memory.address, count: packed.byteCount))
    let read = try PackedDataset.read(memory)
    #expect(read.training.isMapped && read.test.count == 4)
    for index in 0..<36 { #expect(read.training.bytes(at: index) == data.training.bytes(at: index)) }
    try FileManager.default.removeItem(atPath: path)
    #expect(throws: DatasetError.self) { try PackedDataset.read(memory) }
  }

  @Test("floats of a usual range become −1 to 1, mirrored ones too")
  func floats() throws {
    let values = (0..<40 * 16).map { Float($0 % 16) / 15 }
    let data = try load([
      entry("x_train", [40, 4, 4, 1], floats: values), entry("y_train", [40], .uint8, Self.labels.map(UInt8.init)),
      entry("x_test", [40, 4, 4, 1], floats: values), entry("y_test", [40], .uint8, Self.labels.map(UInt8.init)),
    ])
    var image = [Float](repeating: 9, count: 16)
    image.withUnsafeMutableBufferPointer { data.training.write(index: 3, mirrored: true, to: $0.baseAddress!) }
    for y in 0..<4 {
      for x in 0..<4 { #expect(abs(image[y * 4 + x] - (Float(y * 4 + 3 - x) / 7.5 - 1)) < 1e-6) }
    }
    #expect(data.training.count == 40 && data.warnings.contains { $0.contains("40 of 40 held-out samples") })
  }

  @Test("vectors have mean 0 and deviation 1 a column, and are brought back to their units")
  func vectors() throws {
    let values: [Float] = (0..<300).flatMap { (row: Int) -> [Float] in [Float(1_000 + row), Float(row % 7) * -0.01, 5] }
    let quantities: [Float] = (0..<300).flatMap { (row: Int) -> [Float] in [Float(row), Float(row % 2)] }
    let data = try load([entry("x", [300, 3], floats: values), entry("c", [300, 2], floats: quantities)]) {
      $0.condition = .continuous
    }
    #expect(data.layout.kind == .vectors && data.imageShape == [1, 1, 3] && data.training.conditions?.width == 2)
    var sums = [Double](repeating: 0, count: 3)
    var row = [Float](repeating: 0, count: 3)
    for index in 0..<data.training.count {
      row.withUnsafeMutableBufferPointer { data.training.write(index: index, to: $0.baseAddress!) }
      for k in 0..<3 { sums[k] += Double(row[k] * row[k]) / Double(data.training.count) }
      let stored = data.training.selection.row(of: index)
      let back = row.withUnsafeBufferPointer { data.layout.numbers(of: $0) }
      for k in 0..<3 { #expect(abs(back[k] - values[stored * 3 + k]) < 1e-4) }
      // Flags stay 0 and 1; quantities are scaled.
      #expect(data.training.conditions?.row(index).last == Float(stored % 2))
    }
    #expect(abs(sums[0] - 1) < 0.02 && abs(sums[1] - 1) < 0.02 && sums[2] == 0)
  }

  @Test("what is written as a pack reads back as the same samples, mapped, in the same units")
  func pack() throws {
    let values: [Float] = (0..<300).flatMap { (row: Int) -> [Float] in [Float(1_000 + row), Float(row % 7) * -0.01] }
    let original = try load([
      entry("x", [300, 2], floats: values), entry("y", [300], .int64, (0..<300).map { Int64($0 % 3) }),
      entry("c", [300], floats: (0..<300).map(Float.init)), NPZ.Entry("class_names", texts: ["a", "b", "ü"]),
    ]) { $0.condition = .mixed }
    let packed = directory.path + "/packed.npz"
    try DataPack.write(original, to: packed)
    var options = LoadingOptions()
    options.condition = .mixed
    let read = try DatasetSource.numpy(path: packed).load(options)
    #expect(read.layout == original.layout && read.classNames == ["a", "b", "ü"] && read.training.isMapped)
    for (a, b) in [(original.training, read.training), (original.test, read.test)] {
      #expect(a.count == b.count)
      var (x, y) = ([Float](repeating: 1, count: 2), [Float](repeating: 2, count: 2))
      for index in 0..<a.count {
        x.withUnsafeMutableBufferPointer { a.write(index: index, to: $0.baseAddress!) }
        y.withUnsafeMutableBufferPointer { b.write(index: index, to: $0.baseAddress!) }
        #expect(x == y && a.label(at: index) == b.label(at: index))
        #expect(a.conditions?.row(index) == b.conditions?.row(index))
      }
    }
  }

  @Test("samples that are not finite are refused with the first of them, or left out")
  func nonFinite() throws {
    var values = (0..<40 * 16).map { Float($0 % 16) / 15 }
    values[17 * 16 + 3] = .nan
    values[20 * 16] = .infinity
    let arrays = [entry("x", [40, 4, 4], floats: values), entry("y", [40], .int64, Self.labels)]
    let text = message(arrays)
    #expect(text.contains("2 of 40 samples have NaN or infinity in x, the first is sample 17"), "\(text)")
    let data = try load(arrays) { $0.dropsNonFinite = true }
    #expect(data.training.count + data.test.count == 38)
    #expect(data.warnings.first?.contains("2 samples with NaN or infinity are left out") == true)
    let stored = (0..<36).map(RowSelection(part: .training, rows: 40).row).filter { ![17, 20].contains($0) }
    #expect((0..<data.training.count).map(data.training.label) == stored.map { $0 % 4 })
  }

  @Test("labels out of range, wrong counts and shapes, and odd types are refused by name")
  func refusals() throws {
    let x = entry("x", [40, 4, 4], .uint8, Self.pixels)
    func labelled(_ labels: [Int64]) -> [NPZ.Entry] { [x, entry("y", [labels.count], .int64, labels)] }
    #expect(message(labelled(Self.labels.map { $0 - 1 })).contains("label -1 of sample 0 is not from 0 to"))
    #expect(message(labelled(Self.labels)) { $0.mostClasses = 3 }.contains("label 3 of sample 3 is not from 0 to 2"))
    #expect(message(labelled(Array(Self.labels.dropLast()))).contains("y has 39 labels for 40 samples"))
    #expect(message([x, entry("y", [40], floats: (0..<40).map { Float($0) / 3 })]).contains("no class"))
    #expect(
      message([entry("x", [40, 3, 8, 8], .uint8, [UInt8](repeating: 0, count: 40 * 192))]).contains(
        "x.transpose(0, 2, 3, 1)"))
    #expect(
      message([entry("z", [1], .int64, Self.labels.prefix(1).map { $0 })]).contains("no array of samples among z"))
    #expect(
      message([x, entry("x_test", [40, 4, 5], .uint8, [UInt8](repeating: 0, count: 800))]).contains("40 × 4 × 5"))
    #expect(message([entry("x", [40, 4, 4], floats: (0..<640).map { Float($0) * 1_000 })]).contains("data.range"))
    #expect(message([entry("x", [5, 4, 4], .uint8, [UInt8](repeating: 0, count: 80))]).contains("too few"))
  }

  @Test(
    "training and held-out samples are all there are, each once, whatever their number",
    arguments: [10, 39, 1_000, 1_005])
  func selection(rows: Int) {
    let (training, held) = (RowSelection(part: .training, rows: rows), RowSelection(part: .heldOut, rows: rows))
    let kept = (0..<training.count).map(training.row)
    let out = (0..<held.count).map(held.row)
    #expect(kept == kept.sorted() && out == out.sorted() && out.count == rows / 10)
    #expect((kept + out).sorted() == Array(0..<rows))
    if rows >= 1_000 { #expect((0..<10).allSatisfy { place in (2...22).contains(out.count { $0 % 10 == place }) }) }
  }

  @Test("one-hot labels and labels in words are classes, unlabelled samples are one")
  func labels() throws {
    let x = entry("x", [40, 4, 4], .uint8, Self.pixels)
    let hot = (0..<40).flatMap { row in (0..<4).map { UInt8($0 == row % 4 ? 1 : 0) } }
    #expect(try load([x, entry("y", [40, 4], .uint8, hot)]).training.label(at: 2) == 2)
    let words = try load([x, NPZ.Entry("labels", texts: (0..<40).map { ["owl", "ant"][$0 % 2] })])
    #expect(words.classNames == ["ant", "owl"] && words.training.label(at: 0) == 1)
    let none = try load([x])
    #expect(none.classCount == 1 && none.warnings.isEmpty && none.notes.contains { $0.contains("no labels") })
    #expect(none.summary == "36 images 4×4×1, no labels; 4 held out")
  }
}
