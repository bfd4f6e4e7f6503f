import Files
import Foundation
import NumPyFiles
import Tensors
import Testing

@testable import Datasets

/// Data of every kind, packed and read again.
@Suite struct DataPackTests {
  private let directory: TemporaryDirectory
  private var packed: String { directory.path + "/packed.npz" }

  init() throws { directory = try TemporaryDirectory() }

  private func load(_ source: DatasetSource, _ change: (inout LoadingOptions) -> Void = { _ in }) throws -> Dataset {
    var options = LoadingOptions()
    options.condition = .automatic
    change(&options)
    return try source.load(options)
  }

  private func arrays(_ entries: [NPZ.Entry], _ change: (inout LoadingOptions) -> Void = { _ in }) throws -> Dataset {
    let path = directory.path + "/original.npz"
    try NPZ.write(to: path, arrays: entries)
    return try load(.numpy(path: path), change)
  }

  private func table(_ text: String, _ change: (inout LoadingOptions) -> Void) throws -> Dataset {
    try load(.table(file: directory.write(Array(text.utf8), as: "t.csv")), change)
  }

  /// Packs the data twice, and compares what either pack reads as with them.
  private func check(_ original: Dataset, asBytes: Bool) throws {
    try DataPack.write(original, to: packed)
    let read = try load(.numpy(path: packed))
    expectEqual(read, original)
    #expect(read.training.format.elementBytes == (asBytes ? 1 : 4) && read.training.isMapped)
    // Onto the file that it is read from.
    try DataPack.write(read, to: packed)
    expectEqual(try load(.numpy(path: packed)), original)
  }

  private func expectEqual(_ read: Dataset, _ original: Dataset) {
    #expect(read.classNames == original.classNames && read.layout == original.layout)
    #expect(read.imageShape == original.imageShape && read.hasLabels == original.hasLabels)
    for (a, b) in [(original.training, read.training), (original.test, read.test)] {
      #expect(a.count == b.count && a.conditions?.width == b.conditions?.width)
      guard a.count == b.count else { continue }
      #expect(
        Array(a.labels) == Array(b.labels)
          && a.conditions.map { Array($0.values) } == b.conditions.map { Array($0.values) })
      var differing = 0
      var (x, y) = ([Float](repeating: 1, count: a.imageShape.count), [Float](repeating: 2, count: a.imageShape.count))
      for index in 0..<a.count {
        x.withUnsafeMutableBufferPointer { a.write(index: index, to: $0.baseAddress!) }
        y.withUnsafeMutableBufferPointer { b.write(index: index, to: $0.baseAddress!) }
        if x != y { differing += 1 }
      }
      #expect(differing == 0)
    }
  }

  private static let pixels = (0..<40 * 36).map { UInt8($0 * 7 % 256) }
  private static let labels = (0..<40).map { Int64($0 % 3) }
  private static let floats = pixels.map { Float($0) / 255 }

  @Test("digits at any size, CIFAR, IDX and folders keep their bytes, labels, names and split")
  func sourcesOfImages() throws {
    try check(load(.digits), asBytes: true)
    try check(load(.digits) { ($0.resolution, $0.channels) = (Resolution(height: 9, width: 11), 3) }, asBytes: true)
    let records = CIFARTests().records
    _ = try directory.write(records(.ten, [0, 1, 9, 3], 0), as: "data_batch_1.bin")
    _ = try directory.write(records(.ten, [7, 2], 4), as: "test_batch.bin")
    _ = try directory.write(Array("a b\n-\n3\nü\n日本\ne,f\ng\"\nh\ti\ni\n#j\n".utf8), as: "batches.meta.txt")
    let cifar = try load(.cifar(.ten, directory: directory.path)) { $0.resolution = Resolution(height: 16, width: 8) }
    try check(cifar, asBytes: true)
    let files = try IDXTests().directory(images: idx([20, 2, 3], IDXTests.pixels), labels: idx([20], IDXTests.labels))
    try check(load(.idx(directory: files.path)) { $0.resolution = Resolution(height: 4, width: 7) }, asBytes: true)
    let folder = try ImageFolderTests().directory(
      Dictionary(
        uniqueKeysWithValues: (0..<30).map {
          ("\(["10", "9", "É"][$0 % 3])/\($0).png", ImageFolderTests.flat(UInt8($0)))
        }))
    try check(load(.folder(directory: folder.path)), asBytes: true)
    try check(load(.folder(directory: folder.path)) { $0.channels = 1 }, asBytes: true)
  }

  @Test("Semeion's lines, and computed series and vectors, read back as they were")
  func otherSources() throws {
    let lines = (0..<3).flatMap { _ in SemeionTests.lines }
    let path = try directory.write(Array(lines.joined(separator: "\n").utf8), as: "semeion.data")
    try check(load(.semeion(file: path)), asBytes: true)
    try check(load(.synthetic(.waves)), asBytes: false)
    try check(load(.synthetic(.process)), asBytes: false)
  }

  @Test("images of arrays: bytes, booleans, numbers of a range, resized or not, with a part of their own to test on")
  func images() throws {
    let y = stored("y", [40], .int64, Self.labels)
    let names = NPZ.Entry("class_names", texts: ["9", "-", "rot, grün\t"])
    try check(arrays([stored("x", [40, 6, 6], .uint8, Self.pixels), y, names]), asBytes: true)
    try check(arrays([stored("x", [40, 6, 6], .bool, Self.pixels.map { $0 & 1 })]), asBytes: true)
    let x = stored("x", [40, 6, 6], .float32, Self.floats)
    try check(arrays([x, y]), asBytes: false)
    try check(arrays([x, y]) { $0.range = 0...4 }, asBytes: false)
    try check(arrays([x, y]) { ($0.range, $0.resolution) = (0...4, Resolution(height: 8, width: 8)) }, asBytes: true)
    let wide = stored("x_train", [40, 6, 6, 1], .float64, Self.floats.map { Double($0) * 255 })
    let test = [
      stored("x_test", [10, 6, 6, 1], .float64, Self.floats.prefix(360).map { Double($0) * 200 }),
      stored("y_test", [10], .int64, Array(Self.labels.prefix(10))),
    ]
    try check(arrays([wide, y] + test), asBytes: false)
    try check(arrays([wide, y] + test) { $0.channels = 3 }, asBytes: true)
  }

  @Test("vectors and series of any type keep their scales, names, labels and quantities")
  func numbers() throws {
    let y = NPZ.Entry("y", texts: (0..<40).map { ["10", "9", "b"][$0 % 3] })
    let c = stored("c", [40, 2], .float64, (0..<40).flatMap { [Double($0), Double($0 % 2)] })
    let names = [
      NPZ.Entry("column_names", texts: (0..<36).map { "Größe \($0)\t\n" }),
      NPZ.Entry("condition_names", texts: ["load, %", "on"]),
    ]
    try check(arrays([stored("x", [40, 36], .float32, Self.floats), y, c] + names), asBytes: false)
    try check(arrays([stored("x", [40, 36], .uint8, Self.pixels), c]), asBytes: false)
    try check(arrays([stored("x", [40, 36], .int16, Self.pixels.map { Int16($0) - 99 }), y]), asBytes: false)
    let series = stored("x", [40, 12, 3], .float32, Self.floats)
    try check(arrays([series, y, c]) { $0.kind = .sequences }, asBytes: false)
    try check(
      arrays([stored("x", [40, 36], .bool, Self.pixels.map { $0 & 1 })]) { $0.kind = .sequences }, asBytes: false)
  }

  @Test("tables keep names of columns, classes and quantities, and the same lines held out")
  func tables() throws {
    let rows = (0..<50).map { "\($0 % 17),\(Double($0) / 3),\(["zwei", "10", "ü ö"][$0 % 3]),\($0 % 2)" }
    let text = "price,\"rate, %\",species,on\n" + rows.joined(separator: "\n")
    try check(table(text) { $0.labelColumn = "species" }, asBytes: false)
    try check(table(text) { $0.conditionColumns = ["rate, %"] }, asBytes: false)
    try check(table(text) { ($0.labelColumn, $0.conditionColumns) = ("species", ["on", "price"]) }, asBytes: false)
    try check(table(text) { $0.kind = .sequences }, asBytes: false)
  }

  @Test("a directory of .npy files packs into one file")
  func directoryOfArrays() throws {
    try Self.pixels.withUnsafeBytes { bytes in
      try NPY.write(to: directory.path + "/x.npy", shape: [40, 6, 6], type: .uint8) { body throws(FileError) in
        try body(bytes)
      }
    }
    try check(load(.numpy(path: directory.path)), asBytes: true)
  }

  @Test("packs of earlier versions, with labels 0 where there were none and no scale of bytes, read as they were meant")
  func earlierPacks() throws {
    let read = try arrays([
      stored("x", [40, 6, 6], .uint8, Self.pixels), stored("y", [40], .int32, [Int32](repeating: 0, count: 40)),
      stored("x_test", [5, 6, 6], .uint8, Array(Self.pixels.prefix(180))),
      stored("y_test", [5], .int32, [Int32](repeating: 0, count: 5)),
      NPZ.Entry("class_names", texts: ["all"]), NPZ.Entry("lockstep_layout", texts: ["images"]),
    ])
    #expect(
      !read.hasLabels && read.layout == SampleLayout() && read.training.count == 40
        && read.notes == ["no labels (array y) in \(directory.path)/original.npz: all samples are of one class"])
    #expect(read.training.bytes(at: 3) == Self.pixels[108..<144])
  }

  @Test("the range that a pack was made by may be named again, another one not")
  func range() throws {
    let original = try arrays([stored("x", [40, 6, 6], .float32, Self.floats)]) { $0.range = -1...3 }
    try DataPack.write(original, to: packed)
    expectEqual(try load(.numpy(path: packed)) { $0.range = -1...3 }, original)
    let error = #expect(throws: DatasetError.self) { try load(.numpy(path: packed)) { $0.range = 0...1 } }
    #expect(error?.reason == "was packed with -1.0 for black and 3.0 for white, data.range says [0.0, 1.0]")
  }
}

/// An array of numbers of any type.
func stored<Number: BitwiseCopyable>(_ name: String, _ shape: [Int], _ type: ElementType, _ values: [Number])
  -> NPZ.Entry
{
  NPZ.Entry(name, shape, type) { body throws(FileError) in
    try values.withUnsafeBytes { bytes -> Result<Void, FileError> in
      do throws(FileError) { return .success(try body(bytes)) } catch { return .failure(error) }
    }.get()
  }
}
