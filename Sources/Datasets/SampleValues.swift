import Files
import NumPyFiles
import Tensors

/// What the extents of an array of samples mean.
struct SampleShape {
  let kind: SampleLayout.Kind
  /// `[H, W, C]`
  let shape: Shape
  /// Quantities that have a scale of their own.
  let columns: Int

  /// Two extents are vectors, three images without channels, four images; `kind` says otherwise.
  init(of x: NumPyArray, kind asked: SampleLayout.Kind?) throws(FileError) {
    let shown = NumPyArrays.shown(x)
    func wrong(_ reason: String, _ remedy: String) -> FileError {
      FileError(path: x.path, reason: "\(x.name) has \(shown): \(reason)", remedy: remedy)
    }
    guard !x.type.isText else { throw wrong("texts", "give numbers") }
    guard x.shape.allSatisfy({ $0 > 0 }) else { throw wrong("nothing in it", "give at least ten samples") }
    let kind = asked ?? (x.shape.count == 2 ? .vectors : .images)
    switch (kind, x.shape.count) {
    case (.vectors, 2): shape = [1, 1, x.shape[1]]
    case (.vectors, 1): shape = [1, 1, 1]
    case (.sequences, 3): shape = [1, x.shape[1], x.shape[2]]
    case (.sequences, 2): shape = [1, x.shape[1], 1]
    case (.images, 3): shape = [x.shape[1], x.shape[2], 1]
    case (.images, 4): shape = [x.shape[1], x.shape[2], x.shape[3]]
    case (.vectors, _): throw wrong("vectors are [N, D]", "reshape it, or set data.layout to images or sequences")
    case (.sequences, _): throw wrong("sequences are [N, T, C] or [N, T]", "reshape it, or set data.layout")
    case (.images, _): throw wrong("images are [N, H, W, C] or [N, H, W]", "reshape it, or set data.layout")
    }
    self.kind = kind
    columns = kind == .images ? 1 : shape[2]
    guard kind == .images else {
      guard shape.count <= 65_536 else {
        throw wrong("\(grouped(shape.count)) numbers a sample", "give at most 65,536")
      }
      return
    }
    guard [1, 3].contains(shape[2]) else {
      let isChannelsFirst = [1, 3].contains(shape[0])
      throw wrong(
        "\(shape[2]) channels, images have 1 or 3",
        isChannelsFirst ? "channels come last: save x.transpose(0, 2, 3, 1)" : "leave some out")
    }
    guard (4...512).contains(shape[0]), (4...512).contains(shape[1]) else {
      throw wrong(
        "networks take images of 4 to 512 pixels a side",
        "set data.layout to sequences or vectors if these are no images")
    }
  }

  var defaultNames: [String] { kind == .images ? ["pixels"] : (1...columns).map { "x\($0)" } }
}

/// The elements of samples as a set holds them: where they lie, if they can be used there.
struct SampleValues {
  let training: PixelBytes
  let test: PixelBytes?
  let format: SampleFormat
  /// Scales of vectors and sequences.
  let columns: [Column]
  /// Stored samples with NaN or infinity, training before test.
  let nonFinite: [Int]
  let note: String?

  init(
    _ x: NumPyArray, test: NumPyArray?, shape: SampleShape, names: [String], packed: SampleLayout?,
    options: LoadingOptions
  ) throws(FileError) {
    let isImage = shape.kind == .images
    if isImage, x.type == .uint8 {
      (training, self.test, format) = (Self.stored(x), test.map(Self.stored), .bytes)
      (columns, nonFinite, note) = ([], [], nil)
      return
    }
    if isImage, x.type == .bool {
      let bytes = { (array: NumPyArray) in PixelBytes(array.numbers().map { $0 == 0 ? 0 : 255 as UInt8 }[...]) }
      (training, self.test, format) = (bytes(x), test.map(bytes), .bytes)
      (columns, nonFinite, note) = ([], [], nil)
      return
    }
    if let packed, x.type == .float32, x.isNative {
      (training, self.test, format) = (Self.stored(x), test.map(Self.stored), .floats(.none))
      (columns, nonFinite, note) = (packed.columns, [], nil)
      return
    }
    let size = shape.shape.count
    var scan = NumberScan(columns: shape.columns, rowSize: size)
    x.forEach(0..<x.count) { scan.add($0) }
    var testScan = NumberScan(columns: shape.columns, rowSize: size)
    if let test { test.forEach(0..<test.count) { testScan.add($0) } }
    if !options.dropsNonFinite {
      for (scan, array) in [(scan, Optional(x)), (testScan, test)] where scan.nonFiniteCount > 0 {
        let error = DatasetError.nonFinite(
          scan, of: array?.shape[0] ?? 0, what: array?.name ?? "", names: isImage ? [] : names, file: x.path)
        throw FileError(path: error.file, reason: error.reason, remedy: error.remedy)
      }
    }
    nonFinite = scan.nonFiniteRows + testScan.nonFiniteRows.map { x.shape[0] + $0 }
    if isImage {
      let range = try Self.range(least: scan.least, most: scan.most, of: x, options)
      columns = [
        Column(
          name: "pixels", center: (range.lowerBound + range.upperBound) / 2,
          unit: (range.upperBound - range.lowerBound) / 2)
      ]
      note =
        "\(x.name) holds \(x.type.name) from \(scan.least) to \(scan.most): "
        + "\(range.lowerBound) is taken for black, \(range.upperBound) for white"
    } else {
      columns = scan.scaled(names: names, keepsFlags: false)
      note = nil
    }
    // Float32 stays where it is; others are scaled in double before they are rounded.
    if x.type == .float32, x.isNative, test?.isNative ?? true {
      (training, self.test, format) = (Self.stored(x), test.map(Self.stored), .floats(FloatScaling(columns)))
    } else {
      let scaled = { [columns] (array: NumPyArray) in
        var floats: [Float] = []
        floats.reserveCapacity(array.count)
        var place = 0
        array.forEach(0..<array.count) {
          floats.append(Float(columns[place].value(of: $0)))
          place = place + 1 == columns.count ? 0 : place + 1
        }
        return PixelBytes(floats.withUnsafeBytes { Array($0)[...] })
      }
      (training, self.test, format) = (scaled(x), test.map(scaled), .floats(.none))
    }
  }

  /// Where the file holds them.
  private static func stored(_ array: NumPyArray) -> PixelBytes {
    PixelBytes(array.block, array.range, file: array.isMapped ? array.path : nil)
  }

  /// What stands for black and white: as asked, else the range that pixels of this type usually have.
  private static func range(
    least: Double, most: Double, of x: NumPyArray, _ options: LoadingOptions
  ) throws(FileError) -> ClosedRange<Double> {
    if let range = options.range { return range }
    let usual: [ClosedRange<Double>] = (x.type.isFloating ? [0...1] : []) + [-1...1, 0...255, 0...65_535]
    guard let range = usual.first(where: { $0.contains(least) && $0.contains(most) }) else {
      throw FileError(
        path: x.path, reason: "\(x.name) has values from \(least) to \(most), no usual range of pixels",
        remedy: "set data.range to what stands for black and white, as in [\(least), \(most)]")
    }
    return range
  }
}
