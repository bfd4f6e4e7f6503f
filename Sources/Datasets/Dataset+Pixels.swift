import Files

extension Dataset {
  /// Images of bytes whose black and white are as asked for, else as their values show.
  ///
  /// - Throws: where the values leave that open.
  func ranged(_ options: LoadingOptions, file: String) throws(DatasetError) -> Dataset {
    guard layout.kind == .images, layout.columns.isEmpty, training.count > 0 else { return self }
    let parts = [(training, "the training images"), (test, "the held-out images")].map { set, name in
      PixelEvidence(set.pixels, imageSize: imageShape.count, name: name)
    }
    let choice = try PixelChoice(asked: options.range ?? options.knownRange, parts: parts, file: file)
    var layout = layout
    if choice.range != .bytes { layout.columns = [choice.range.column] }
    return Dataset(
      name: name, classNames: classNames, layout: layout, training: training.ranged(choice.range),
      test: test.ranged(choice.range), notes: notes + choice.notes, complaints: complaints + choice.complaints
    ).checkedForLevels(options)
  }

  /// Refuses a range where it can mean nothing.
  func checkedRange(_ options: LoadingOptions, of source: DatasetSource) throws(DatasetError) -> Dataset {
    guard options.range != nil, !source.takesRange || layout.kind != .images else { return self }
    throw DatasetError(
      file: "data \(source)",
      reason: source.takesRange
        ? "holds \(layout.kind), data.range says what is black and white in images"
        : "what is black and white, if anything, is known of these data and not for data.range to say",
      remedy: "leave data.range out")
  }

  /// Complains of images with few levels of brightness, and of those that are almost all dark or almost all light.
  func checkedForLevels(_ options: LoadingOptions) -> Dataset {
    guard layout.kind == .images, training.count > 0 else { return self }
    let levels = BrightnessLevels(training)
    var said: [String] = []
    // Two are black and white.
    if levels.count > 2, levels.count <= BrightnessLevels.few {
      said.append(
        "the training images have only \(levels.count) levels of brightness: check that nothing was cut off when they "
          + "were stored")
    }
    let (low, high) = levels.bulk
    if options.range == nil, high - low < PixelRange.leastFilled {
      said.append(
        "all but 0.1 % of the training images' values lie between \(PixelChoice.percent(low)) and "
          + "\(PixelChoice.percent(high)) of the way from black to white: if a few bright or dark ones are no part of the "
          + "pictures, set data.range")
    }
    return said.isEmpty ? self : replacing(training: training, test: test, complaints: said)
  }
}

extension DatasetSource {
  /// Whether it is open what the numbers mean.
  fileprivate var takesRange: Bool {
    switch self {
    case .idx, .cifar, .folder, .numpy: true
    case .digits, .semeion, .table, .synthetic: false
    }
  }
}

extension ImageSet {
  fileprivate func ranged(_ range: PixelRange) -> ImageSet {
    guard range != .bytes else { return self }
    return ImageSet(
      imageShape: imageShape, bytes: pixels, format: range.byteFormat, part: selection.part, labels: labels,
      conditions: conditions)
  }
}

/// The levels of brightness that images have, told apart in 256 steps from black to white.
struct BrightnessLevels {
  /// As many are told of.
  static let few = 16
  /// Values that are looked at, in images spread over the set.
  private static let mostValues = 1 << 22

  private let counts: [Int]

  init(_ set: ImageSet) {
    let most = max(16, Self.mostValues / max(1, set.imageShape.count))
    let some = min(set.count, most)
    let places = (0..<some).map { $0 * set.count / some }
    for index in places { set.prefetch(index: index) }
    var counts = [Int](repeating: 0, count: 256)
    for index in places { for byte in set.bytes(at: index) { counts[Int(byte)] += 1 } }
    self.counts = counts
  }

  var count: Int { counts.count { $0 > 0 } }

  /// Where all but a thousandth of the values lie, from 0 (black) to 1.
  var bulk: (low: Double, high: Double) {
    let cut = counts.reduce(0, +) / 2_000
    func edge(_ levels: some Sequence<Int>) -> Double {
      var seen = 0
      for level in levels {
        seen += counts[level]
        if seen > cut { return Double(level) / 255 }
      }
      return 0
    }
    return (edge(0...255), edge((0...255).reversed()))
  }
}
