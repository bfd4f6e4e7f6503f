import Files
import Tensors

/// A data set as a run sees it: images to train on, images held out, and what the classes are called.
public struct Dataset: Sendable {
  public let name: String
  /// `[H, W, C]`.
  public let imageShape: Shape
  public let classNames: [String]
  /// What the numbers of a sample and of its condition stand for.
  public let layout: SampleLayout
  public let training: ImageSet
  public let test: ImageSet
  /// What the reader of the data should tell, a sentence each: what is held out, what was not used.
  public private(set) var notes: [String]
  /// What the reader of the data found fault with.
  let complaints: [String]
  /// Whether all ranks of the node have these bytes from its first rank, rather than each by itself.
  public internal(set) var isOfNode = false

  public var classCount: Int { classNames.count }
  /// Whether the data say of which class a sample is.
  public var hasLabels: Bool { classNames != [Self.unlabelled] }
  /// Whether they bring numbers to condition on.
  public var hasQuantities: Bool { training.conditions != nil }
  /// The one class of data without labels.
  static let unlabelled = "all"

  public init(name: String, classNames: [String], training: ImageSet, test: ImageSet) {
    self.init(name: name, classNames: classNames, training: training, test: test, notes: [], complaints: [])
  }

  init(
    name: String, classNames: [String], layout: SampleLayout = SampleLayout(), training: ImageSet, test: ImageSet,
    notes: [String], complaints: [String]
  ) {
    precondition(
      training.imageShape == test.imageShape, "training \(training.imageShape), test \(test.imageShape)")
    self.name = name
    imageShape = training.imageShape
    // They are printed.
    self.classNames = classNames.map(escaped)
    self.layout = layout
    self.training = training
    self.test = test
    self.notes = notes.map(escaped)
    self.complaints = complaints.map(escaped)
  }

  /// Adds a sentence for the reader.
  public mutating func note(_ text: String) { notes.append(escaped(text)) }

  /// The same images at another size, by bilinear interpolation; see `Resizing`.
  public func resized(to resolution: Resolution) -> Dataset {
    if imageShape[0] == resolution.height && imageShape[1] == resolution.width { return self }
    return replacing(training: training.resized(to: resolution), test: test.resized(to: resolution))
  }

  /// The same with other samples.
  func replacing(training: ImageSet, test: ImageSet, complaints more: [String] = []) -> Dataset {
    Dataset(
      name: name, classNames: classNames, layout: layout, training: training, test: test, notes: notes,
      complaints: complaints + more)
  }
}

/// Height and width of an image in pixels.
public struct Resolution: Hashable, Sendable, CustomStringConvertible {
  public let height: Int
  public let width: Int

  public init(height: Int, width: Int) {
    precondition(height > 0 && width > 0, "image of \(height)×\(width)")
    self.height = height
    self.width = width
  }

  public var description: String { "\(height)×\(width)" }
}

extension ImageSet {
  func resized(to resolution: Resolution) -> ImageSet {
    // Image by image where the stored ones are not all in the set, or are no bytes from black to white.
    let isWhole = if case .bytes = format { selection.part == .all } else { false }
    var resized: [UInt8] = []
    for part in isWhole ? [pixels] : (0..<count).map({ PixelBytes(bytes(at: $0)) }) {
      resized += part.withUnsafeBytes { Resizing.bilinear($0, from: imageShape, to: resolution, valueScale: 1) }
    }
    return ImageSet(
      imageShape: [resolution.height, resolution.width, imageShape.last], bytes: PixelBytes(resized[...]),
      labels: labels, conditions: conditions)
  }
}
