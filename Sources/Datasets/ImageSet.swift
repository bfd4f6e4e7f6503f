import Tensors

/// Images of one size with a class label each, as bytes; a batch shows them as float32 in [−1, 1].
///
///     value = (2·byte − 255) · (1/255)
///
/// - Shapes: `imageShape` `[H, W, C]`; the bytes lie row-major, channels last, image behind image.
public struct ImageSet: Sendable {
  public let imageShape: Shape
  let pixels: PixelBytes
  let labels: ArraySlice<Int32>

  /// - Precondition: as many bytes as `labels.count` images of `imageShape` have.
  public init(imageShape: Shape, pixels: ArraySlice<UInt8>, labels: ArraySlice<Int32>) {
    self.init(imageShape: imageShape, bytes: PixelBytes(pixels), labels: labels)
  }

  init(imageShape: Shape, bytes pixels: PixelBytes, labels: ArraySlice<Int32>) {
    precondition(imageShape.rank == 3, "image shape \(imageShape) is not [H, W, C]")
    precondition(
      pixels.count == labels.count * imageShape.count,
      "\(pixels.count) bytes for \(labels.count) images of \(imageShape)")
    self.imageShape = imageShape
    self.pixels = pixels
    self.labels = labels
  }

  public var count: Int { labels.count }

  /// Class of image `index`.
  public func label(at index: Int) -> Int { Int(labels[labels.startIndex + index]) }

  /// Bytes of image `index`.
  public func bytes(at index: Int) -> ArraySlice<UInt8> {
    pixels[index * imageShape.count..<(index + 1) * imageShape.count].array
  }

  /// Lets `body` see the bytes of image `index` where they are.
  public func withBytes(at index: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
    precondition(index >= 0 && index < count, "image \(index) of \(count)")
    let size = imageShape.count
    pixels.withUnsafeBytes {
      body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer($0)[index * size..<(index + 1) * size]))
    }
  }

  /// The images of `range` as a set of their own, sharing memory.
  public subscript(range: Range<Int>) -> ImageSet {
    let size = imageShape.count
    let labelRange = labels.startIndex + range.lowerBound
    return ImageSet(
      imageShape: imageShape, bytes: pixels[range.lowerBound * size..<range.upperBound * size],
      labels: labels[labelRange..<labelRange + range.count])
  }

  /// The images at `indices`, in that order, as a set of their own.
  func selecting(_ indices: some Sequence<Int>) -> ImageSet {
    var chosenPixels: [UInt8] = []
    var chosenLabels: [Int32] = []
    for index in indices {
      chosenPixels += bytes(at: index)
      chosenLabels.append(Int32(label(at: index)))
    }
    return ImageSet(imageShape: imageShape, pixels: chosenPixels[...], labels: chosenLabels[...])
  }

  /// Writes image `index` as floats in [−1, 1] to `destination`, which holds `imageShape.count` of them; `mirrored` shows
  /// it left for right.
  public func write(index: Int, mirrored: Bool = false, to destination: UnsafeMutablePointer<Float>) {
    precondition(index >= 0 && index < count, "image \(index) of \(count)")
    let size = imageShape.count
    pixels.withUnsafeBytes { bytes in
      let source = bytes.baseAddress! + index * size
      if mirrored {
        writeMirrored(source, to: destination)
      } else {
        Self.writePlain(source, count: size, to: destination)
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
