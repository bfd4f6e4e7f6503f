import Files
import NumPyFiles

extension SampleValues {
  /// Of a file that was packed: bytes of images as they are, all others as the networks see them.
  ///
  /// - Parameter layout: what the packed numbers stand for.
  init(
    packed x: NumPyArray, test: NumPyArray?, shape: SampleShape, layout: SampleLayout, options: LoadingOptions
  ) throws(FileError) {
    // Bytes have the one scale of all images, which no column tells; steps of a table may have a scale each.
    guard layout.columns.isEmpty || shape.shape.count % layout.columns.count == 0 else {
      throw FileError(
        path: x.path,
        reason: "\(grouped(layout.columns.count)) columns for \(grouped(shape.shape.count)) numbers a sample",
        remedy: "pack the original data again")
    }
    if shape.kind == .images, let range = options.range { try Self.check(range, against: layout, x) }
    columns = layout.columns
    if shape.kind == .images, x.type == .uint8 {
      (training, self.test, format) = (try Self.stored(x), try test.map(Self.stored), .bytes)
    } else if x.type == .float32, x.isNative, test.map({ $0.type == .float32 && $0.isNative }) ?? true {
      (training, self.test, format) = (try Self.stored(x), try test.map(Self.stored), .floats(.none))
    } else {
      // Written again by another program.
      let floats = { (array: NumPyArray) throws(FileError) in
        try PixelBytes(array, Float.self) { number, _ in Float(number) }
      }
      (training, self.test, format) = (try floats(x), try test.map(floats), .floats(.none))
    }
  }

  /// Refuses another range than the one that the data were packed by.
  private static func check(
    _ range: ClosedRange<Double>, against layout: SampleLayout, _ x: NumPyArray
  ) throws(FileError) {
    let pixels = layout.pixels
    let (black, white) = (pixels.number(of: -1), pixels.number(of: 1))
    let tolerance = 1e-9 * pixels.unit
    guard abs(black - range.lowerBound) > tolerance || abs(white - range.upperBound) > tolerance else { return }
    throw FileError(
      path: x.path,
      reason: "was packed with \(black) for black and \(white) for white, data.range says "
        + "[\(range.lowerBound), \(range.upperBound)]",
      remedy: "leave data.range out, or pack the original data with it")
  }
}
