import Files
import Tensors

/// Decodes image files to bytes of one size and one number of channels: those of the options, else of the first image,
/// and colour where any image has it.
struct ImageLoader {
  /// A file that says it is larger is not read into memory.
  private static let mostFileBytes = 1 << 28
  /// Sides that a network can be asked for, `data.height` and `data.width`.
  private static let sides = 4...512
  /// Beyond this an enlarged image shows blocks rather than what it is of.
  private static let mostEnlarged = 4

  private var options: LoadingOptions
  /// Whether the samples themselves said what is black and white.
  private var isRangeSeen = false
  private let directory: String
  private var decoder: ImageDecoder
  private var fitting: Fitting?
  private var channels = 0
  /// The image that set the size where the options do not.
  private var firstPath = ""
  private var faults = ImageFaults()
  private var counts = ImageCounts()
  /// What was read so far, in turn.
  private var parts: [Part] = []

  private struct Part {
    var pixels: [UInt8] = []
    var labels: [Int32] = []
  }

  init(_ options: LoadingOptions, directory: String) {
    self.options = options
    self.directory = directory
    decoder = ImageDecoder(orients: options.orients, range: options.range)
  }

  /// One sentence about the files left out; nothing when there are none.
  var complaints: [String] { faults.complaint(of: counts.images).map { [$0] } ?? [] }

  /// What was done to the images, a sentence each.
  var notes: [String] { counts.notes(options, decoder.samples, isRangeSeen: isRangeSeen) }

  /// What stands for black and white, in the units of the files; nil: their full range.
  var range: PixelRange? { options.range.map(PixelRange.init) }

  /// Reads all images of the folder; every class must have one to train on.
  ///
  /// - Throws: one error for all files that cannot be used.
  mutating func sets(of contents: ImageFolder.Contents) throws(DatasetError) -> (training: ImageSet, test: ImageSet) {
    for entries in [contents.training, contents.test] {
      parts.append(Part())
      for entry in entries { try read(entry, reserving: entries.count) }
    }
    if let error = faults.error(in: directory, of: counts.images, skipsUnreadable: options.skipsUnreadable) {
      throw error
    }
    if options.range == nil, options.knownRange ?? 0...1 == 0...1, decoder.samples.areZerosAndOnes {
      var options = options
      options.range = 0...1
      self = ImageLoader(options, directory: directory)
      isRangeSeen = true
      return try sets(of: contents)
    }
    try counts.checkDepths(options, in: directory)
    try decoder.samples.checkFill(options, in: directory)
    try checkPresence(of: contents.classNames, labels: parts[0].labels, entries: contents.training)
    return (set(parts[0]), set(parts[1]))
  }

  private mutating func read(_ entry: ImageFolder.Entry, reserving count: Int) throws(DatasetError) {
    counts.images += 1
    do throws(FileError) { try options.limits.checkStop(directory) } catch { throw DatasetError(error) }
    do throws(DatasetError) { try decoder.decode(try Self.bytes(of: entry.path), path: entry.path) } catch {
      faults.add(error, .unreadable)
      return
    }
    counts.add(decoder.traits, channels: decoder.channels, path: entry.path)
    guard let fitting = try checkedFitting(for: entry.path) else { return }
    if options.channels == nil, decoder.channels > channels { makeColored() }
    // Where the run ends anyway nothing more is kept.
    guard !faults.endLoading(skipsUnreadable: options.skipsUnreadable) else { return }
    let last = parts.count - 1
    if parts[last].labels.isEmpty {
      parts[last].pixels.reserveCapacity(count * fitting.resolution.height * fitting.resolution.width * channels)
    }
    Channels.convert(
      &decoder.pixels, count: decoder.size.height * decoder.size.width, from: decoder.channels, to: channels)
    self.fitting?.append(decoder.pixels, size: decoder.size, channels: channels, to: &parts[last].pixels)
    parts[last].labels.append(Int32(entry.label))
  }

  /// The first image in colour makes colour of all before it.
  private mutating func makeColored() {
    let size = fitting.map { $0.resolution.height * $0.resolution.width } ?? 0
    for index in parts.indices {
      Channels.convert(&parts[index].pixels, count: parts[index].labels.count * size, from: channels, to: 3)
    }
    channels = 3
  }

  private func set(_ part: Part) -> ImageSet {
    guard let resolution = fitting?.resolution, !part.labels.isEmpty else {
      return ImageSet(imageShape: [1, 1, 1], pixels: [], labels: [])
    }
    return ImageSet(
      imageShape: [resolution.height, resolution.width, channels], pixels: part.pixels[...], labels: part.labels[...])
  }

  private static func bytes(of path: String) throws(DatasetError) -> [UInt8] {
    let file: InputFile
    do throws(FileError) { file = try InputFile(path: path) } catch { throw DatasetError(error) }
    guard file.byteCount <= mostFileBytes else {
      throw ImageDecoder.unreadable(path, "\(grouped(file.byteCount)) bytes are too many for an image")
    }
    do throws(FileError) { return try file.bytes() } catch { throw DatasetError(error) }
  }

  /// How the image just decoded is brought to size; nil where its size does not do, which is noted.
  private mutating func checkedFitting(for path: String) throws(DatasetError) -> Fitting? {
    let size = decoder.size
    guard let fitting else {
      guard options.resolution != nil || (Self.sides.contains(size.height) && Self.sides.contains(size.width)) else {
        throw DatasetError(
          file: path,
          reason: "\(size) pixels, networks take \(Self.sides.lowerBound) to \(Self.sides.upperBound) a side",
          remedy: "set data.height and data.width")
      }
      firstPath = path
      channels = options.channels ?? decoder.channels
      fitting = Fitting(to: options.resolution ?? size, crops: options.crops)
      return try checkedFitting(for: path)
    }
    guard let resolution = options.resolution else {
      guard size == fitting.resolution else {
        faults.add(
          DatasetError(
            file: path, reason: "\(size) pixels, but \(firstPath) has \(fitting.resolution)",
            remedy: "set data.height and data.width, and all become alike"), .otherSize)
        return nil
      }
      return fitting
    }
    let least = Resolution(height: Self.least(for: resolution.height), width: Self.least(for: resolution.width))
    guard size.height >= least.height && size.width >= least.width else {
      faults.add(
        DatasetError(
          file: path, reason: "\(size) pixels, at least \(least) are needed for \(resolution)",
          remedy: "remove it, or lower data.height and data.width"), .tooSmall)
      return nil
    }
    return fitting
  }

  /// The shortest side of an image that may be brought to `side`.
  private static func least(for side: Int) -> Int {
    max(sides.lowerBound, (side + mostEnlarged - 1) / mostEnlarged)
  }

  private func checkPresence(
    of classNames: [String], labels: [Int32], entries: [ImageFolder.Entry]
  ) throws(DatasetError) {
    let present = Set(labels)
    guard let lost = classNames.indices.first(where: { !present.contains(Int32($0)) }) else { return }
    let path = entries.first { $0.label == lost }?.path ?? directory
    throw DatasetError(
      file: path, reason: "no image of the class \(classNames[lost]) is left to train on",
      remedy: "add images of it, or remove its folder")
  }
}
