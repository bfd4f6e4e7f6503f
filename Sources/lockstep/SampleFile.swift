import Datasets
import Evaluation
import Files
import NumPyFiles
import Reporting
import Tensors
import Training

/// Where samples go, by the ending of the name.
enum SampleForm: String, CaseIterable {
  /// A grid.
  case png
  case npz, npy, csv
  /// A PNG each: `class/number.png`.
  case directory = "/"

  init?(path: String) {
    guard let form = Self.allCases.first(where: { path.hasSuffix($0 == .directory ? "/" : "." + $0.rawValue) }) else {
      return nil
    }
    self = form
  }
}

/// Writes samples into a file as they come; nothing of them stays in memory but what a picture needs.
struct SampleFile {
  let path: String
  let form: SampleForm
  let request: SampleRequest
  let layout: SampleLayout
  let shape: Shape
  /// Numbers of the samples.
  let range: Range<Int>

  /// - Throws: `FileError`, `ReportError` or `Failure` where the file cannot be written; what `stream` throws else.
  func write(_ stream: SampleStream) throws {
    switch form {
    case .png: try writeGrid(stream)
    case .npz:
      let name = layout.kind == .images ? "images" : "x"
      try piping(stream) { visit throws(FileError) in
        try NPZ.write(to: path, arrays: [NPZ.Entry(name, extents, .float32, visit: visit)] + conditionArrays + meanings)
      }
    case .npy:
      try piping(stream) { visit throws(FileError) in
        try NPY.write(to: path, shape: extents, type: .float32, visit: visit)
      }
    case .csv: try writeTable(stream)
    case .directory: try writePictures(stream)
    }
  }

  private var extents: [Int] { [range.count] + layout.extents(of: shape) }

  /// A stretch of samples in the data's units.
  private func numbers(_ samples: ArraySlice<Float>) -> [Float] {
    samples.withUnsafeBufferPointer { layout.numbers(of: $0) }
  }

  private typealias Visit = (_ body: (UnsafeRawBufferPointer) throws(FileError) -> Void) throws(FileError) -> Void

  /// Lets `write` pull the samples through itself. Other trouble than with the file is thrown as it was.
  private func piping(_ stream: SampleStream, _ write: (@escaping Visit) throws(FileError) -> Void) throws {
    var trouble: (any Error)?
    do {
      try write { body throws(FileError) in
        while true {
          let samples: ArraySlice<Float>
          do {
            guard let next = try stream.next() else { return }
            samples = next
          } catch {
            trouble = error
            throw FileError(path: path, reason: "sampling has ended", remedy: "see the first message")
          }
          try numbers(samples).withUnsafeBytes { bytes -> Result<Void, FileError> in
            do throws(FileError) { return .success(try body(bytes)) } catch { return .failure(error) }
          }.get()
        }
      }
    } catch { throw trouble ?? error }
  }

  /// Samples whose conditions are written at a time.
  private static let stretch = 4_096

  /// What labels, columns and conditions are called, and how the networks see numbers: value = (number − center) / unit.
  private var meanings: [NPZ.Entry] {
    let columns = { (name: String, columns: [Column]) in
      [
        NPZ.Entry("\(name)_names", texts: columns.map(\.name)),
        NPZ.Entry("\(name)_center", numbers: columns.map(\.center)),
        NPZ.Entry("\(name)_unit", numbers: columns.map(\.unit)),
      ]
    }
    // Pixels have no names.
    let samples =
      layout.kind == .images ? Array(columns("pixel", [layout.pixels]).dropFirst()) : columns("column", layout.columns)
    return (request.classNames.isEmpty ? [] : [NPZ.Entry("class_names", texts: request.classNames)]) + samples
      + (request.columns.isEmpty ? [] : columns("condition", request.columns))
  }

  /// The labels and conditions as arrays for NumPy.
  private var conditionArrays: [NPZ.Entry] {
    func array<Number>(
      _ name: String, _ extents: [Int], _ type: ElementType, _ row: @escaping (Int) -> [Number]
    ) -> NPZ.Entry {
      NPZ.Entry(name, [range.count] + extents, type) { body throws(FileError) in
        for first in stride(from: range.lowerBound, to: range.upperBound, by: Self.stretch) {
          let numbers = (first..<min(range.upperBound, first + Self.stretch)).flatMap(row)
          try numbers.withUnsafeBytes { bytes -> Result<Void, FileError> in
            do throws(FileError) { return .success(try body(bytes)) } catch { return .failure(error) }
          }.get()
        }
      }
    }
    var arrays: [NPZ.Entry] = []
    if request.hasLabels { arrays.append(array("labels", [], .int64) { [Int64(request.label(of: $0))] }) }
    if !request.columns.isEmpty {
      arrays.append(
        array("conditions", [request.columns.count], .float32) { request.quantities(of: $0).map(Float.init) })
    }
    if !request.hasLabels, !request.classNames.isEmpty {
      arrays.append(
        array("classes", [request.classNames.count], .float32) { request.classShares(of: $0).map(Float.init) })
    }
    return arrays
  }
}

/// Pictures and tables.
extension SampleFile {
  private func writeGrid(_ stream: SampleStream) throws {
    var values: [Float] = []
    values.reserveCapacity(range.count * shape.count)
    while let samples = try stream.next() { values += samples }
    let grid = request.grid(of: values, sampleSize: shape.count)
    PartialFile.removeAbandoned(of: path)
    try grid.samples.withUnsafeBufferPointer {
      try SamplePicture.write($0, count: grid.count, shape: shape, layout: layout, columns: grid.columns, to: path)
    }
  }

  /// Folders of classes, as `folder:` data have them; of other conditions all in one.
  private func writePictures(_ stream: SampleStream) throws {
    var index = range.lowerBound
    var folders: Set<String> = []
    let names = Self.folders(request.classNames)
    while let samples = try stream.next() {
      for start in stride(from: samples.startIndex, to: samples.endIndex, by: shape.count) {
        let folder = request.hasLabels ? path + names[request.label(of: index)] + "/" : path
        if folders.insert(folder).inserted {
          try Directories.create(folder)
          try PartialFile.removeAbandoned(in: FilePlace(folder)) { $0.hasSuffix(".png") }
        }
        let digits = String(index)
        let name = String(repeating: "0", count: max(0, 9 - digits.count)) + digits + ".png"
        try samples[start..<start + shape.count].withUnsafeBufferPointer {
          try SamplePicture.write($0, count: 1, shape: shape, layout: layout, columns: 1, margin: 0, to: folder + name)
        }
        index += 1
      }
    }
  }

  /// Class names as names of folders, each another one on every file system: also where case or accents do not count.
  static func folders(_ names: [String]) -> [String] {
    var taken: Set<String> = []
    return names.enumerated().map { label, name in
      var safe = String(name.map { $0 == "/" || $0 == "\\" || $0 == "\0" ? "_" : $0 })
      if safe.isEmpty || safe.first == "." { safe = "_" + safe }
      while !taken.insert(safe.lowercased()).inserted { safe += "_\(label)" }
      return safe
    }
  }

  /// Lines of comma-separated numbers, in the data's units, each with what it was asked to show.
  private func writeTable(_ stream: SampleStream) throws {
    let size = shape.count
    var index = range.lowerBound
    var trouble: (any Error)?
    do {
      try AtomicFile.write(to: path, isDurable: false) { writer throws(FileError) in
        try writer.write(Array((header.map(Self.quoted).joined(separator: ",") + "\n").utf8))
        while true {
          let numbers: [Float]
          do {
            guard let samples = try stream.next() else { return }
            numbers = self.numbers(samples)
          } catch {
            trouble = error
            throw FileError(path: path, reason: "sampling has ended", remedy: "see the first message")
          }
          var lines = ""
          for start in stride(from: 0, to: numbers.count, by: size) {
            var fields = request.hasLabels ? [Self.quoted(request.classNames[request.label(of: index)])] : []
            fields += request.hasLabels ? [] : request.classShares(of: index).map { "\($0)" }
            fields += request.quantities(of: index).map { "\($0)" }
            fields += numbers[start..<start + size].map { "\($0)" }
            lines += fields.joined(separator: ",") + "\n"
            index += 1
          }
          try writer.write(Array(lines.utf8))
        }
      }
    } catch { throw trouble ?? error }
  }

  private var header: [String] {
    let names =
      layout.kind == .vectors
      ? layout.columns.map(\.name)
      : (0..<shape[1]).flatMap { step in layout.columns.map { "\($0.name)[\(step)]" } }
    let classes = request.hasLabels ? ["class"] : request.classNames
    return classes + request.columns.map(\.name) + names
  }

  /// Quotes where RFC 4180 asks for them.
  private static func quoted(_ text: String) -> String {
    text.contains { ",\"\n\r\r\n".contains($0) } ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
  }
}
