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
  ///
  /// - Parameter asksBack: whether images that look like series are refused where `kind` says nothing.
  init(of x: NumPyArray, kind asked: SampleLayout.Kind?, asksBack: Bool = true) throws(FileError) {
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
    case (.vectors, 3):
      throw wrong("vectors are [N, D]", "for series [N, T, C] use --recipe sequences, for images --recipe images")
    case (.vectors, _): throw wrong("vectors are [N, D]", "reshape it, or use --recipe images for images [N, H, W, C]")
    case (.sequences, _):
      throw wrong("sequences are [N, T, C] or [N, T]", "reshape it, or use --recipe images for images [N, H, W, C]")
    case (.images, 2): throw wrong("images are [N, H, W, C] or [N, H, W]", "for vectors [N, D] use --recipe vectors")
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
    if asksBack, asked == nil, x.shape.count == 3, Self.looksLikeSeries(x) {
      throw wrong(
        "\(x.shape[2]) numbers at each of \(x.shape[1]) places look more like a series than a grey image",
        "for series [N, T, C] use --recipe sequences; if these are images, --set data.layout=images")
    }
    guard (4...512).contains(shape[0]), (4...512).contains(shape[1]) else {
      throw wrong(
        "networks take images of 4 to 512 pixels a side",
        x.shape.count == 3
          ? "for series [N, T, C] use --recipe sequences"
          : "set data.layout to sequences or vectors if these are no images")
    }
  }

  /// Held-out samples have the extents of those to train on. Images have numbers of one kind, too: what 1 means depends on
  /// it.
  func check(test: NumPyArray, against x: NumPyArray) throws(FileError) {
    guard Array(test.shape.dropFirst()) == Array(x.shape.dropFirst()) else {
      throw FileError(
        path: x.path, reason: "\(x.name) has \(NumPyArrays.shown(x)), \(test.name) \(NumPyArrays.shown(test))",
        remedy: "give samples of one shape")
    }
    let families: [Set<ElementType>] = [[.bool], [.uint8], [.float16, .float32, .float64]]
    let family = { (type: ElementType) in families.firstIndex { $0.contains(type) } ?? -1 }
    guard !test.type.isText, kind != .images || family(test.type) == family(x.type) else {
      throw FileError(
        path: x.path, reason: "\(x.name) holds \(x.type.name), \(test.name) \(test.type.name)",
        remedy: "save both as one type, with one meaning of black and white")
    }
  }

  /// Few numbers at many places, and no bytes: a grey image of that shape would be a strip.
  private static func looksLikeSeries(_ x: NumPyArray) -> Bool {
    x.type != .uint8 && x.type != .bool && x.shape[2] <= 12 && x.shape[1] >= 2 * x.shape[2]
  }

  var defaultNames: [String] { kind == .images ? ["pixels"] : (1...columns).map { "x\($0)" } }
}

/// The elements of samples as a set holds them: where they lie, if they can be used there.
struct SampleValues {
  let training: PixelBytes
  let test: PixelBytes?
  let format: SampleFormat
  /// Scales of vectors and sequences; of images, what stands for black and white, unless that is 0 and 255.
  let columns: [Column]
  /// Stored samples with NaN or infinity, training before test.
  private(set) var nonFinite: [Int] = []
  private(set) var notes: [String] = []
  private(set) var complaints: [String] = []

  init(
    _ x: NumPyArray, test: NumPyArray?, shape: SampleShape, names: [String], options: LoadingOptions
  ) throws(FileError) {
    let isImage = shape.kind == .images
    let size = shape.shape.count
    if isImage, x.type == .uint8 {
      (training, self.test) = (try Self.stored(x), try test.map(Self.stored))
      let parts = zip([training, self.test], [x, test]).compactMap { pixels, array in
        pixels.map { PixelEvidence($0, imageSize: size, name: array?.name ?? "") }
      }
      let choice = try Self.choice(parts, options, file: x.path)
      (format, columns) = (choice.range.byteFormat, choice.range == .bytes ? [] : [choice.range.column])
      (notes, complaints) = (choice.notes, choice.complaints)
      return
    }
    // Float32 stays where it is, unpacked once; others are scaled in double before they are rounded.
    let stays = x.type == .float32 && x.isNative && test.map { $0.type == .float32 && $0.isNative } ?? true
    let (x, test) =
      stays ? (try x.unpacked(), try test.map { array throws(FileError) in try array.unpacked() }) : (x, test)
    var scan = NumberScan(columns: shape.columns, rowSize: size)
    try x.visit { scan.add($0) }
    var testScan = NumberScan(columns: shape.columns, rowSize: size)
    if let test { try test.visit { testScan.add($0) } }
    if !options.dropsNonFinite {
      for (scan, array) in [(scan, Optional(x)), (testScan, test)] where scan.nonFiniteCount > 0 {
        let error = DatasetError.nonFinite(
          scan, of: array?.shape[0] ?? 0, what: array?.name ?? "", names: isImage ? [] : names, file: x.path)
        throw FileError(path: error.file, reason: error.reason, remedy: error.remedy)
      }
    }
    nonFinite = scan.nonFiniteRows + testScan.nonFiniteRows.map { x.shape[0] + $0 }
    var range: PixelRange?
    var clips = false
    if isImage {
      let parts = zip([Optional(x), test], [scan, testScan]).compactMap { array, scan in
        array.map { PixelEvidence($0, least: scan.least, most: scan.most) }
      }
      let choice = try Self.choice(parts, options, file: x.path)
      (range, columns, clips) = (choice.range, [choice.range.column], choice.clippedCount > 0)
      (notes, complaints) = (choice.notes, choice.complaints)
    } else {
      columns = scan.scaled(names: names, keepsFlags: false)
    }
    if stays {
      (training, self.test) = (try Self.stored(x), try test.map(Self.stored))
      format = .floats(FloatScaling(columns, clips: clips))
    } else if let range, x.type == .bool {
      let bytes = { (array: NumPyArray) throws(FileError) in
        try PixelBytes(array, UInt8.self) { number, _ in range.byte(of: number) }
      }
      (training, self.test, format) = (try bytes(x), try test.map(bytes), .bytes)
    } else {
      let scaled = { [columns] (array: NumPyArray) throws(FileError) in
        try PixelBytes(array, Float.self) { number, place in
          range?.value(of: number) ?? Float(columns[place % columns.count].value(of: number))
        }
      }
      (training, self.test, format) = (try scaled(x), try test.map(scaled), .floats(.none))
    }
  }

  /// Where the file holds them.
  static func stored(_ array: NumPyArray) throws(FileError) -> PixelBytes {
    let place = try array.unpacked().place
    return PixelBytes(place.block, place.range, file: place.isMapped ? array.path : nil)
  }

  private static func choice(
    _ parts: [PixelEvidence], _ options: LoadingOptions, file: String
  ) throws(FileError) -> PixelChoice {
    // Booleans have one range, whatever earlier versions noted.
    let known = parts.first?.type == .bool ? nil : options.knownRange
    do throws(DatasetError) { return try PixelChoice(asked: options.range ?? known, parts: parts, file: file) } catch {
      throw FileError(path: error.file, reason: error.reason, remedy: error.remedy)
    }
  }
}

extension PixelEvidence {
  /// - Parameters:
  ///   - least: the smallest finite number.
  ///   - most: the largest.
  init(_ array: NumPyArray, least: Double, most: Double) {
    self.init(
      name: array.name, type: array.type, least: least, most: most, imageCount: array.shape[0], count: array.count
    ) { range in
      var excess = Excess()
      // What fails here, after a whole pass without fault, fails again when the numbers are taken over.
      try? array.visit { excess.add($0, beyond: range) }
      return excess
    }
  }
}

extension PixelBytes {
  /// What becomes of an array's numbers, each known with its place in the array: nothing but the result takes memory.
  init<Element: BitwiseCopyable>(
    _ array: NumPyArray, _: Element.Type, _ element: (Double, Int) -> Element
  ) throws(FileError) {
    let size = MemoryLayout<Element>.size
    let block = MemoryBlock(byteCount: array.count * size)
    let target = block.address.bindMemory(to: Element.self, capacity: array.count)
    var place = 0
    try array.visit {
      target[place] = element($0, place)
      place += 1
    }
    self.init(block, 0..<array.count * size)
  }
}
