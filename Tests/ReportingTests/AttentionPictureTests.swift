import CPNG
import Files
import Foundation
import Tensors
import Testing

@testable import Reporting

@Suite struct AttentionPictureTests {
  /// The pixels of a picture, three bytes each.
  private func written(_ picture: AttentionPicture) throws -> (width: Int, height: Int, pixels: [UInt8]) {
    let path = NSTemporaryDirectory() + "attention-\(UUID().uuidString).png"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try picture.write(to: FilePlace(path))
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    try #require(png_image_begin_read_from_file(&image, path) != 0)
    image.format = png_uint_32(PNG_FORMAT_FLAG_COLOR)
    var pixels = [UInt8](repeating: 0, count: Int(image.width * image.height) * 3)
    try #require(png_image_finish_read(&image, nil, &pixels, 0, nil) != 0)
    return (Int(image.width), Int(image.height), pixels)
  }

  @Test("of tokens, the mean comes first; rows ask, columns are asked, the largest weight is brightest")
  func tokens() throws {
    // Two tokens: both look at the second, one sample.
    let picture = AttentionPicture(weights: [0, 1, 0, 1], shape: [1, 2, 2], mean: [1, 0, 0, 1], samples: 4)
    let found = try written(picture)
    // Two cells of 128, margins of 2.
    #expect(found.width == 2 * 128 + 6 && found.height == 128 + 4)
    func brightness(_ x: Int, _ y: Int) -> Int { Int(found.pixels[(y * found.width + x) * 3]) }
    let (low, high, left, right) = (34, 98, 34, 98)
    #expect(brightness(left, low) > 200 && brightness(right, low) < 20, "the mean's first row")
    #expect(brightness(left, high) < 20 && brightness(right, high) > 200, "its second")
    for y in [low, high] { #expect(brightness(130 + left, y) < 20 && brightness(130 + right, y) > 200) }
  }

  @Test("of images, the place that asks is marked, and the map beside it is as large as the image")
  func images() throws {
    // 4×4 places of an 8×8 image ask four windows; all look at the last window.
    let weights = (0..<64).map { Float($0 % 4 == 3 ? 1 : 0) }
    let picture = AttentionPicture(
      weights: weights, shape: [1, 16, 4], positions: (4, 4), images: [Float](repeating: 0, count: 64),
      imageShape: [8, 8, 1], samples: 2)
    let found = try written(picture)
    #expect(found.width == 9 * 66 + 2 && found.height == 68)
    func pixel(_ x: Int, _ y: Int) -> ArraySlice<UInt8> {
      found.pixels[(y * found.width + x) * 3..<(y * found.width + x) * 3 + 3]
    }
    // The first query is place (2, 2): its frame starts in the middle of the second cell.
    #expect(Array(pixel(68 + 32, 2 + 32)) == [255, 0, 0] && Array(pixel(68 + 20, 2 + 20)) == [128, 128, 128])
    #expect(pixel(134 + 50, 2 + 50).first! > 200 && pixel(134 + 50, 2 + 10).first! < 20)
    #expect(pixel(134 + 10, 2 + 50).first! < 20)
  }
}
