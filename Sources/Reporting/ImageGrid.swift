import CPNG
import Files
import Tensors

/// Many images in one picture, row by row.
public enum ImageGrid {
  /// Writes a PNG under a path.
  public static func writePNG(
    _ images: UnsafeBufferPointer<Float>, shape: Shape, columns: Int, margin: Int = 2, scale: Int = 1, to path: String
  ) throws(ReportError) {
    try writePNG(images, shape: shape, columns: columns, margin: margin, scale: scale, to: FilePlace(path))
  }

  /// Writes a PNG of all images: `columns` a row, `margin` white pixels around each, every pixel `scale` times as large.
  ///
  ///     byte = round(127.5 · (value + 1)), values outside [−1, 1] clamped, NaN black
  ///
  /// - Shapes: `images` `[N, H, W, C]`, C is 1 (grey) or 3 (red, green, blue).
  /// - Throws: for another number of channels, and when the file cannot be written; nothing is left behind then.
  public static func writePNG(
    _ images: UnsafeBufferPointer<Float>, shape: Shape, columns: Int, margin: Int = 2, scale: Int = 1,
    to place: FilePlace
  ) throws(ReportError) {
    precondition(shape.rank == 4 && images.count == shape.count, "\(images.count) floats for images \(shape)")
    precondition(columns > 0 && margin >= 0 && scale > 0, "\(columns) columns, margin \(margin), scale \(scale)")
    guard shape[0] > 0, shape[3] == 1 || shape[3] == 3 else {
      throw ReportError(
        file: place.path, reason: "images \(shape) make no picture",
        remedy: "give at least one image with 1 (grey) or 3 (red, green, blue) channels, or write an npz file")
    }
    let layout = Layout(shape: shape, columns: columns, margin: margin, scale: scale)
    let png = try encode(layout.pixels(of: images), layout: layout, path: place.path)
    do throws(FileError) {
      try AtomicFile.write(to: place, isDurable: false) { writer throws(FileError) in try writer.write(png) }
    } catch {
      throw ReportError(error)
    }
  }

  /// Where everything lies, in pixels of the picture.
  struct Layout {
    let shape: Shape
    let columns: Int
    let margin: Int
    let scale: Int

    var cellHeight: Int { shape[1] * scale + margin }
    var cellWidth: Int { shape[2] * scale + margin }
    var height: Int { (shape[0] + columns - 1) / columns * cellHeight + margin }
    var width: Int { columns * cellWidth + margin }

    /// The bytes of the picture, row-major, channels last.
    func pixels(of images: UnsafeBufferPointer<Float>) -> [UInt8] {
      let channels = shape[3]
      var pixels = [UInt8](repeating: 255, count: height * width * channels)
      for index in 0..<shape[0] {
        let top = margin + index / columns * cellHeight
        let left = margin + index % columns * cellWidth
        for y in 0..<shape[1] * scale {
          for x in 0..<shape[2] * scale {
            let source = ((index * shape[1] + y / scale) * shape[2] + x / scale) * channels
            let target = ((top + y) * width + left + x) * channels
            for channel in 0..<channels { pixels[target + channel] = Self.byte(images[source + channel]) }
          }
        }
      }
      return pixels
    }

    static func byte(_ value: Float) -> UInt8 {
      value.isNaN ? 0 : UInt8((127.5 * (min(1, max(-1, value)) + 1)).rounded())
    }
  }

  /// The picture as a PNG file in memory, by libpng's simplified interface (the full one needs setjmp).
  private static func encode(_ pixels: [UInt8], layout: Layout, path: String) throws(ReportError) -> [UInt8] {
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    image.width = png_uint_32(layout.width)
    image.height = png_uint_32(layout.height)
    image.format = layout.shape[3] == 3 ? png_uint_32(PNG_FORMAT_FLAG_COLOR) : 0
    defer { png_image_free(&image) }
    // Deflate never adds more than a few bytes per 16 kB block; rows add one byte each.
    var png = [UInt8](repeating: 0, count: pixels.count + pixels.count / 64 + layout.height + 4096)
    var size = png_alloc_size_t(png.count)
    guard png_image_write_to_memory(&image, &png, &size, 0, pixels, 0, nil) != 0 else {
      let message = withUnsafeBytes(of: &image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      throw ReportError(
        file: path, reason: "libpng cannot write \(layout.width)×\(layout.height) pixels: \(message)",
        remedy: "draw fewer or smaller images")
    }
    png.removeLast(png.count - Int(size))
    return png
  }
}
