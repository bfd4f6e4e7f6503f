import Tensors

/// Samples of one shape with a class label each, as bytes or as float32: images, sequences or vectors.
///
///     value = (2·byte − 255) · (1/255)        or        value = table(byte)        or        value = (number − center) / unit
///
/// - Shapes: `imageShape` `[H, W, C]` (sequences `[1, T, C]`, vectors `[1, 1, D]`); elements lie row-major, channels last,
///   sample behind sample.
public struct ImageSet: Sendable {
  public let imageShape: Shape
  let pixels: PixelBytes
  let format: SampleFormat
  /// Which of the stored samples are in the set.
  let selection: RowSelection
  let labels: ArraySlice<Int32>
  /// What the data say about each sample beside its class.
  public let conditions: ConditionRows?

  /// - Precondition: as many bytes as `labels.count` images of `imageShape` have.
  public init(imageShape: Shape, pixels: ArraySlice<UInt8>, labels: ArraySlice<Int32>) {
    self.init(imageShape: imageShape, bytes: PixelBytes(pixels), labels: labels)
  }

  /// - Precondition: as many stored samples as the selection of `labels.count` asks for; a row of conditions each.
  init(
    imageShape: Shape, bytes pixels: PixelBytes, format: SampleFormat = .bytes, part: RowSelection.Part = .all,
    labels: ArraySlice<Int32>, conditions: ConditionRows? = nil
  ) {
    precondition(imageShape.rank == 3, "image shape \(imageShape) is not [H, W, C]")
    let size = imageShape.count * format.elementBytes
    selection = RowSelection(part: part, rows: size > 0 ? pixels.count / size : 0)
    precondition(
      selection.count == labels.count && (size == 0 || pixels.count % size == 0),
      "\(pixels.count) bytes for \(labels.count) images of \(imageShape)")
    precondition(conditions.map { $0.count == labels.count } ?? true, "\(labels.count) samples, other conditions")
    self.imageShape = imageShape
    self.pixels = pixels
    self.format = format
    self.labels = labels
    self.conditions = conditions
  }

  public var count: Int { labels.count }

  /// Class of image `index`.
  public func label(at index: Int) -> Int { Int(labels[labels.startIndex + index]) }

  /// Bytes of image `index`, 0 black and 255 white; of other numbers, what the nearest bytes would be.
  public func bytes(at index: Int) -> ArraySlice<UInt8> {
    guard case .bytes = format else { return quantized(index) }
    return pixels[byteRange(of: index)].array
  }

  /// Lets `body` see image `index` as it is stored.
  public func withBytes(at index: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
    precondition(index >= 0 && index < count, "image \(index) of \(count)")
    let range = byteRange(of: index)
    pixels.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer($0)[range])) }
  }

  /// Where image `index` lies in the stored bytes.
  private func byteRange(of index: Int) -> Range<Int> {
    let size = imageShape.count * format.elementBytes
    let first = selection.row(of: index) * size
    return first..<first + size
  }

  /// The images of `range` as a set of their own, sharing memory.
  ///
  /// - Precondition: the set has all stored samples.
  public subscript(range: Range<Int>) -> ImageSet {
    precondition(selection.part == .all, "a part of a part of the stored samples")
    let size = imageShape.count * format.elementBytes
    let labelRange = labels.startIndex + range.lowerBound
    return ImageSet(
      imageShape: imageShape, bytes: pixels[range.lowerBound * size..<range.upperBound * size], format: format,
      labels: labels[labelRange..<labelRange + range.count], conditions: conditions?[range])
  }

  /// The images at `indices`, in that order, as a set of their own.
  func selecting(_ indices: some Collection<Int>) -> ImageSet {
    var chosenPixels: [UInt8] = []
    var chosenLabels: [Int32] = []
    chosenPixels.reserveCapacity(indices.count * imageShape.count * format.elementBytes)
    chosenLabels.reserveCapacity(indices.count)
    var chosenRows: [Float] = []
    for index in indices {
      withBytes(at: index) { chosenPixels += $0 }
      chosenLabels.append(Int32(label(at: index)))
      if let conditions { chosenRows += conditions.row(index) }
    }
    return ImageSet(
      imageShape: imageShape, bytes: PixelBytes(chosenPixels[...]), format: format, labels: chosenLabels[...],
      conditions: conditions.map { ConditionRows(width: $0.width, values: chosenRows[...]) })
  }

  /// Whether the samples lie in a mapped file.
  public var isMapped: Bool { pixels.mapping != nil }

  /// Asks the system to read image `index` ahead, where it lies in a file.
  public func prefetch(index: Int) { pixels.prefetch(byteRange(of: index)) }

  /// Writes image `index` as floats, images in [−1, 1], to `destination`, which holds `imageShape.count` of them;
  /// `mirrored` shows it left for right.
  public func write(index: Int, mirrored: Bool = false, to destination: UnsafeMutablePointer<Float>) {
    precondition(index >= 0 && index < count, "image \(index) of \(count)")
    let range = byteRange(of: index)
    pixels.withUnsafeBytes { bytes in
      let source = bytes.baseAddress! + range.lowerBound
      switch format {
      case .floats(let scaling):
        scaling.write(source, count: imageShape.count, to: destination)
        if mirrored { mirror(destination) }
      case .bytes:
        if mirrored {
          writeMirrored(source, to: destination)
        } else {
          Self.writePlain(source, count: range.count, to: destination)
        }
      case .tabulated(let values):
        values.withUnsafeBufferPointer { values in
          for i in 0..<range.count { destination[i] = values[Int(source[i])] }
        }
        if mirrored { mirror(destination) }
      }
    }
  }

  private func quantized(_ index: Int) -> ArraySlice<UInt8> {
    let values = [Float](unsafeUninitializedCapacity: imageShape.count) { buffer, count in
      count = imageShape.count
      if let start = buffer.baseAddress { write(index: index, to: start) }
    }
    return values.map { UInt8(max(0, min(255, ($0 * 127.5 + 127.5).rounded()))) }[...]
  }

  private func mirror(_ image: UnsafeMutablePointer<Float>) {
    let (width, channels) = (imageShape[1], imageShape[2])
    for row in 0..<imageShape[0] {
      for column in 0..<width / 2 {
        let left = image + (row * width + column) * channels
        let right = image + (row * width + width - 1 - column) * channels
        for channel in 0..<channels { (left[channel], right[channel]) = (right[channel], left[channel]) }
      }
    }
  }

  /// On its own: within the closure the compiler makes a loop of it that takes a fifth longer.
  @inline(never)
  private static func writePlain(
    _ source: UnsafePointer<UInt8>, count: Int, to destination: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<count { destination[i] = value(source[i]) }
  }

  private func writeMirrored(_ source: UnsafePointer<UInt8>, to destination: UnsafeMutablePointer<Float>) {
    let (width, channels) = (imageShape[1], imageShape[2])
    for row in 0..<imageShape[0] {
      let first = row * width * channels
      for column in 0..<width {
        let (from, to) = (first + (width - 1 - column) * channels, first + column * channels)
        for channel in 0..<channels { destination[to + channel] = Self.value(source[from + channel]) }
      }
    }
  }

  /// The product takes a third of the time of the division; it is exact at both ends and within one rounding between.
  @inline(__always)
  private static func value(_ byte: UInt8) -> Float {
    let scale: Float = 1 / 255
    return Float(2 * Int32(byte) - 255) * scale
  }
}
