import Files
import Tensors

/// Decodes image files to bytes of one size and one number of channels: those of the options, else of the first image.
struct ImageLoader {
  /// A file that says it is larger is not read into memory.
  private static let mostFileBytes = 1 << 28
  /// Sides that a network can be asked for, `data.height` and `data.width`.
  private static let sides = 4...512
  /// Beyond this an enlarged image shows blocks rather than what it is of.
  private static let mostEnlarged = 4

  private let options: LoadingOptions
  private var decoder = ImageDecoder()
  private var fitting: Fitting?
  private var channels = 0
  /// The image that set the size and the channels where the options do not.
  private var firstPath = ""
  private var skipped: [DatasetError] = []
  private var seen = 0

  init(_ options: LoadingOptions) { self.options = options }

  /// One sentence about the files left out; nothing when there are none.
  var complaints: [String] {
    guard let first = skipped.first else { return [] }
    return ["\(grouped(skipped.count)) of \(grouped(seen)) files left out, the first \(first.file): \(first.reason)"]
  }

  /// - Parameter classNames: where given, every class must have an image that can be read.
  mutating func images(of entries: [ImageFolder.Entry], classNames: [String]?) throws(DatasetError) -> ImageSet {
    var pixels: [UInt8] = []
    var labels: [Int32] = []
    for entry in entries {
      seen += 1
      do throws(DatasetError) { try decoder.decode(try Self.bytes(of: entry.path), path: entry.path) } catch {
        guard options.skipsUnreadable else { throw error }
        skipped.append(error)
        continue
      }
      let fitting = try checkedFitting(for: entry.path)
      if labels.isEmpty {
        pixels.reserveCapacity(entries.count * fitting.resolution.height * fitting.resolution.width * channels)
      }
      Channels.convert(
        &decoder.pixels, count: decoder.size.height * decoder.size.width, from: decoder.channels, to: channels)
      self.fitting?.append(decoder.pixels, size: decoder.size, channels: channels, to: &pixels)
      labels.append(Int32(entry.label))
    }
    if let classNames { try checkPresence(of: classNames, labels: labels, entries: entries) }
    guard let resolution = fitting?.resolution else { return ImageSet(imageShape: [1, 1, 1], pixels: [], labels: []) }
    return ImageSet(
      imageShape: [resolution.height, resolution.width, channels], pixels: pixels[...], labels: labels[...])
  }

  private static func bytes(of path: String) throws(DatasetError) -> [UInt8] {
    let file: InputFile
    do throws(FileError) { file = try InputFile(path: path) } catch { throw DatasetError(error) }
    guard file.byteCount <= mostFileBytes else {
      throw ImageDecoder.unreadable(path, "\(grouped(file.byteCount)) bytes are too many for an image")
    }
    do throws(FileError) { return try file.bytes() } catch { throw DatasetError(error) }
  }

  /// How the image just decoded is brought to size; its size and channels fit.
  private mutating func checkedFitting(for path: String) throws(DatasetError) -> Fitting {
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
    guard options.channels != nil || decoder.channels == channels else {
      throw DatasetError(
        file: path, reason: "\(Channels.inWords(decoder.channels)), but \(firstPath) has \(Channels.inWords(channels))",
        remedy: "set data.channels to 1 or 3, and all become alike")
    }
    guard let resolution = options.resolution else {
      guard size == fitting.resolution else {
        throw DatasetError(
          file: path, reason: "\(size) pixels, but \(firstPath) has \(fitting.resolution)",
          remedy: "set data.height and data.width, and all become alike")
      }
      return fitting
    }
    let least = Resolution(height: Self.least(for: resolution.height), width: Self.least(for: resolution.width))
    guard size.height >= least.height && size.width >= least.width else {
      throw DatasetError(
        file: path, reason: "\(size) pixels, at least \(least) are needed for \(resolution)",
        remedy: "remove it, or lower data.height and data.width")
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
    let path = entries.first { $0.label == lost }?.path ?? skipped.first?.file ?? classNames[lost]
    throw DatasetError(
      file: path, reason: "no image of the class \(classNames[lost]) is left to train on",
      remedy: "add images of it, or remove its folder")
  }
}
