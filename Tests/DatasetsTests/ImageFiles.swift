import CJPEG
import CZlib
import Foundation

/// A PNG put together by hand, so that every kind of it can be: no writer of libpng is asked.
struct PNGFile {
  enum Color: UInt8 {
    case grey = 0
    case rgb = 2
    case palette = 3
    case greyAlpha = 4
    case rgba = 6
  }

  var width: Int
  var height: Int
  var color: Color
  var bitDepth: UInt8 = 8
  /// Packed rows without filter bytes; interlaced: those of the passes.
  var rows: [[UInt8]]
  var palette: [UInt8] = []
  var transparency: [UInt8] = []
  var isInterlaced = false
  /// Of a chunk eXIf.
  var exif: [UInt8] = []

  var bytes: [UInt8] {
    let header = bigEndian(width) + bigEndian(height) + [bitDepth, color.rawValue, 0, 0, isInterlaced ? 1 : 0]
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IHDR", header)
      + (palette.isEmpty ? [] : chunk("PLTE", palette)) + (transparency.isEmpty ? [] : chunk("tRNS", transparency))
      + (exif.isEmpty ? [] : chunk("eXIf", exif)) + chunk("IDAT", deflated(rows.flatMap { [0] + $0 }))
      + chunk("IEND", [])
  }

  /// 8 bits a channel, from `[height, width, channels]`.
  static func plain(_ pixels: [UInt8], height: Int, width: Int) -> [UInt8] {
    let channels = pixels.count / (height * width)
    let rows = (0..<height).map { Array(pixels[$0 * width * channels..<($0 + 1) * width * channels]) }
    let colors: [Int: Color] = [1: .grey, 2: .greyAlpha, 3: .rgb, 4: .rgba]
    return PNGFile(width: width, height: height, color: colors[channels] ?? .grey, rows: rows).bytes
  }

  private func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + content
    return bigEndian(content.count) + body + bigEndian(checksum(body))
  }
}

func bigEndian(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }

/// CRC-32 as PNG has it behind every chunk.
func checksum(_ bytes: [UInt8]) -> Int { Int(crc32(0, bytes, UInt32(bytes.count))) }

func deflated(_ bytes: [UInt8]) -> [UInt8] {
  var size = compressBound(UInt(bytes.count))
  var result = [UInt8](repeating: 0, count: Int(size))
  guard compress(&result, &size, bytes, UInt(bytes.count)) == Z_OK else { return [] }
  return Array(result.prefix(Int(size)))
}

/// EXIF that says nothing but an orientation; `marker` is what JPEG has before it.
func exif(orientation: Int, isLittleEndian: Bool = true, type: Int = 3, marker: String = "") -> [UInt8] {
  let number = { (value: Int, count: Int) in
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    return isLittleEndian ? bytes : bytes.reversed()
  }
  let size = type == 4 ? 4 : 2
  // Width of the picture first, then the orientation, padded to four bytes.
  let entries = [
    number(0x0100, 2) + number(4, 2) + number(1, 4) + number(99, 4),
    number(0x0112, 2) + number(type, 2) + number(1, 4) + number(orientation, size)
      + [UInt8](repeating: 0, count: 4 - size),
  ]
  return Array(marker.utf8) + Array((isLittleEndian ? "II" : "MM").utf8) + number(42, 2) + number(8, 4) + number(2, 2)
    + entries.flatMap { $0 } + number(0, 4)
}

/// The JPEG with a segment APP1 behind its first marker segment, if `isLate`, else before it.
func jpeg(_ bytes: [UInt8], with exif: [UInt8], isLate: Bool = true) -> [UInt8] {
  let first = isLate ? 4 + Int(bytes[4]) << 8 + Int(bytes[5]) : 2
  let length = exif.count + 2
  return bytes[..<first] + [0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 255)] + exif + bytes[first...]
}

/// A JPEG of `[height, width, channels]`; 4 channels are inks, as Photoshop marks them.
func jpeg(
  _ pixels: [UInt8], height: Int, width: Int, quality: Int32 = 95, isProgressive: Bool = false, isYCCK: Bool = false
) -> [UInt8] {
  let channels = pixels.count / (height * width)
  // libjpeg keeps these addresses from call to call.
  let info = UnsafeMutablePointer<jpeg_compress_struct>.allocate(capacity: 1)
  let errors = UnsafeMutablePointer<jpeg_error_mgr>.allocate(capacity: 1)
  let output = UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>.allocate(capacity: 1)
  let size = UnsafeMutablePointer<UInt>.allocate(capacity: 1)
  info.initialize(to: jpeg_compress_struct())
  errors.initialize(to: jpeg_error_mgr())
  output.initialize(to: nil)
  size.initialize(to: 0)
  defer {
    info.deallocate()
    errors.deallocate()
    output.deallocate()
    size.deallocate()
  }
  info.pointee.err = jpeg_std_error(errors)
  jpeg_CreateCompress(info, JPEG_LIB_VERSION, MemoryLayout<jpeg_compress_struct>.size)
  jpeg_mem_dest(info, output, size)
  info.pointee.image_width = UInt32(width)
  info.pointee.image_height = UInt32(height)
  info.pointee.input_components = Int32(channels)
  info.pointee.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK
  jpeg_set_defaults(info)
  if isYCCK { jpeg_set_colorspace(info, JCS_YCCK) }
  jpeg_set_quality(info, quality, boolean(1))
  if isProgressive { jpeg_simple_progression(info) }
  jpeg_start_compress(info, boolean(1))
  var pixels = pixels
  pixels.withUnsafeMutableBufferPointer { pixels in
    for row in 0..<height {
      var line: JSAMPROW? = pixels.baseAddress! + row * width * channels
      jpeg_write_scanlines(info, &line, 1)
    }
  }
  jpeg_finish_compress(info)
  let bytes = Array(UnsafeBufferPointer(start: output.pointee, count: Int(size.pointee)))
  free(output.pointee)
  jpeg_destroy_compress(info)
  return bytes
}

/// A smooth picture, each of its channels another.
func gradient(height: Int, width: Int, channels: Int) -> [UInt8] {
  (0..<height * width * channels).map { i in
    let (pixel, channel) = (i / channels, i % channels)
    return UInt8((pixel / width * 2 + pixel % width * (2 + channel) + 30 * channel) % 200)
  }
}
