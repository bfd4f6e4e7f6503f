import CPNG
import Foundation
import Tensors
import Testing

@testable import Reporting

@Suite struct ImageGridTests {
  /// Size, channels and bytes of a PNG, read by libpng.
  func read(_ path: String) -> (width: Int, height: Int, channels: Int, pixels: [UInt8])? {
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    guard png_image_begin_read_from_file(&image, path) != 0 else { return nil }
    let channels = image.format & png_uint_32(PNG_FORMAT_FLAG_COLOR) != 0 ? 3 : 1
    image.format = channels == 3 ? png_uint_32(PNG_FORMAT_FLAG_COLOR) : 0
    var pixels = [UInt8](repeating: 0, count: Int(image.width * image.height) * channels)
    guard png_image_finish_read(&image, nil, &pixels, 0, nil) != 0 else { return nil }
    return (Int(image.width), Int(image.height), channels, pixels)
  }

  @Test("every pixel of every image is where it belongs", arguments: [1, 3])
  func places(channels: Int) throws {
    let shape: Shape = [5, 2, 3, channels]
    let values = (0..<shape.count).map { Float($0) / Float(shape.count) * 2 - 1 }
    let directory = try TemporaryDirectory()
    let path = directory.path + "/grid.png"
    try values.withUnsafeBufferPointer {
      try ImageGrid.writePNG($0, shape: shape, columns: 2, margin: 1, scale: 2, to: path)
    }
    let picture = try #require(read(path))
    // Two columns of 3·2 pixels, three rows of 2·2, and the margins.
    #expect(picture.width == 2 * 6 + 3 && picture.height == 3 * 4 + 4 && picture.channels == channels)
    var expected = [UInt8](repeating: 255, count: picture.pixels.count)
    for n in 0..<5 {
      for y in 0..<4 {
        for x in 0..<6 {
          for c in 0..<channels {
            let value = values[((n * 2 + y / 2) * 3 + x / 2) * channels + c]
            let row = 1 + n / 2 * 5 + y
            let column = 1 + n % 2 * 7 + x
            expected[(row * 15 + column) * channels + c] = UInt8(((value + 1) * 127.5).rounded())
          }
        }
      }
    }
    #expect(picture.pixels == expected)
    #expect(try directory.names() == ["grid.png"])
  }

  @Test("values outside, infinity and NaN make pixels, not traps")
  func extremes() {
    let values: [Float] = [-1, 1, 0, -3, 3, .infinity, -.infinity, .nan]
    #expect(values.map(ImageGrid.Layout.byte) == [0, 255, 128, 0, 255, 255, 0, 0])
  }

  @Test("noise, which does not compress, fits")
  func noise() throws {
    var state: UInt32 = 1
    let values = (0..<100 * 32 * 32).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return Float(state >> 8) / 8_388_608 - 1
    }
    let directory = try TemporaryDirectory()
    try values.withUnsafeBufferPointer {
      try ImageGrid.writePNG($0, shape: [100, 32, 32, 1], columns: 10, margin: 0, to: directory.path + "/n.png")
    }
    #expect(read(directory.path + "/n.png")?.width == 320)
  }

  @Test("other channel counts and missing directories are refused in words")
  func refused() throws {
    let values = [Float](repeating: 0, count: 20)
    #expect {
      try values.withUnsafeBufferPointer { try ImageGrid.writePNG($0, shape: [1, 2, 2, 5], columns: 1, to: "x.png") }
    } throws: { "\($0)".hasPrefix("x.png: images [1, 2, 2, 5] make no picture; give") }
    #expect {
      try values.withUnsafeBufferPointer {
        try ImageGrid.writePNG($0, shape: [5, 2, 2, 1], columns: 1, to: "/nowhere/x")
      }
    } throws: { "\($0)" == "/nowhere/x: cannot create: No such file or directory; check the path" }
  }
}
