import CDigits
import Tensors

/// The embedded UCI digits: 1,797 grey images of 8×8, values 0…16, ten classes.
///
/// - Source: E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998
///   (CC BY 4.0), the copy that scikit-learn ships.
public enum Digits {
  /// The first 1,500 images train, the last 297 are held out.
  static let trainingCount = 1_500

  /// The digits enlarged to `resolution`; value v of 0…16 becomes the byte 255·v/16, rounded.
  public static func load(resolution: Resolution = Resolution(height: 16, width: 16)) -> Dataset {
    let side = Int(cdigits_side)
    let pixelCount = side * side
    let records = UnsafeBufferPointer(start: cdigits_records(), count: cdigits_count() * Int(cdigits_record_bytes))
    var source: [UInt8] = []
    var labels: [Int32] = []
    source.reserveCapacity(cdigits_count() * pixelCount)
    labels.reserveCapacity(cdigits_count())
    for first in stride(from: 0, to: records.count, by: Int(cdigits_record_bytes)) {
      source += records[first..<first + pixelCount]
      labels.append(Int32(records[first + pixelCount]))
    }
    // From the 8×8 originals in one step, whatever the size: rounding once.
    let pixels = source.withUnsafeBufferPointer {
      Resizing.bilinear($0, from: [side, side, 1], to: resolution, valueScale: 255 / 16)
    }
    let images = ImageSet(
      imageShape: [resolution.height, resolution.width, 1], pixels: pixels[...], labels: labels[...])
    return Dataset(
      name: "digits", classNames: (0..<10).map(String.init), training: images[0..<trainingCount],
      test: images[trainingCount..<images.count])
  }
}
