import CImages

/// Decodes one PNG or JPEG after another into the same memory.
///
/// Values are those in the file, 16 bits scaled to 8, palettes looked up. What is transparent is laid over black.
struct ImageDecoder {
  /// The last image, `[size.height, size.width, channels]`, at the start of it.
  var pixels: [UInt8] = []
  private(set) var size = Resolution(height: 1, width: 1)
  /// 1 or 3.
  private(set) var channels = 1

  private enum Format: String {
    case png = "PNG"
    case jpeg = "JPEG"

    /// By the first bytes, whatever the file is called.
    init?(_ bytes: [UInt8]) {
      if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
        self = .png
      } else if bytes.starts(with: [0xFF, 0xD8]) {
        self = .jpeg
      } else {
        return nil
      }
    }
  }

  /// - Parameter path: where the bytes come from, for messages.
  /// - Throws: when they are no PNG or JPEG, or damaged in a way that touches the pixels.
  mutating func decode(_ bytes: [UInt8], path: String) throws(DatasetError) {
    guard let format = Format(bytes) else {
      throw Self.unreadable(path, bytes.isEmpty ? "an empty file" : "neither a PNG nor a JPEG by its first bytes")
    }
    var found = cimages_size()
    var message = [CChar](repeating: 0, count: Int(cimages_message_size))
    var status = run(format, bytes, &found, &message)
    if status == .needs_room {
      // Written by the decoder before anyone reads it, and taken from the system only then.
      let count = Int(found.width) * Int(found.height) * Int(found.components)
      pixels = [UInt8](unsafeUninitializedCapacity: count) { $1 = count }
      status = run(format, bytes, &found, &message)
    }
    guard status == .decoded else {
      let text = String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      throw Self.unreadable(path, "unreadable \(format.rawValue) (\(text))")
    }
    size = Resolution(height: Int(found.height), width: Int(found.width))
    channels = found.components > 2 ? 3 : 1
    if found.components % 2 == 0 {
      Channels.composeOverBlack(&pixels, count: size.height * size.width, components: Int(found.components))
    }
  }

  private mutating func run(
    _ format: Format, _ bytes: [UInt8], _ size: inout cimages_size, _ message: inout [CChar]
  ) -> cimages_status {
    let capacity = pixels.count
    return switch format {
    case .png: cimages_decode_png(bytes, bytes.count, &size, &pixels, capacity, &message)
    case .jpeg: cimages_decode_jpeg(bytes, bytes.count, &size, &pixels, capacity, &message)
    }
  }

  static func unreadable(_ path: String, _ reason: String) -> DatasetError {
    DatasetError(
      file: path, reason: reason, remedy: "replace or remove it, or leave such files out with --skip-unreadable")
  }
}
