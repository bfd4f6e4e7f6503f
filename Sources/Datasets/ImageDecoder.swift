import CImages

/// Decodes one PNG, JPEG or WebP after another into the same memory.
///
/// Samples become bytes (see `SampleBytes`), palettes are looked up, what is transparent is laid over black, inks become
/// light, and the picture is turned as its EXIF says.
struct ImageDecoder {
  /// The last image, `[size.height, size.width, channels]`, at the start of it.
  var pixels: [UInt8] = []
  private(set) var size = Resolution(height: 1, width: 1)
  /// 1 or 3.
  private(set) var channels = 1
  /// What was done to the last image.
  private(set) var traits = Traits()
  private(set) var samples: SampleBytes

  /// What a reader of the data may want to know of an image.
  struct Traits: Equatable {
    /// Of samples in the file.
    var bits = 8
    /// As the file says, whether it was turned or not.
    var orientation = Orientation.upright
    var isTransparent = false
    var isCMYK = false
  }

  private let orients: Bool
  private var turned: [UInt8] = []

  /// - Parameters:
  ///   - orients: whether pictures are turned as their EXIF says.
  ///   - range: samples that stand for black and white, in the units of the files.
  init(orients: Bool = true, range: ClosedRange<Double>? = nil) {
    self.orients = orients
    samples = SampleBytes(range: range)
  }

  /// - Parameter path: where the bytes come from, for messages.
  /// - Throws: when they are of no format that is read, or damaged in a way that touches the pixels.
  mutating func decode(_ bytes: [UInt8], path: String) throws(DatasetError) {
    guard let format = ImageFormat(bytes) else {
      throw Self.unreadable(path, bytes.isEmpty ? "an empty file" : "no PNG, JPEG or WebP by its first bytes")
    }
    if case .other(let name) = format { throw Self.unreadable(path, "\(name), which is not read", Self.convert) }
    let found = try read(bytes, format, path: path)
    size = Resolution(height: Int(found.height), width: Int(found.width))
    let (count, components) = (size.height * size.width, Int(found.components))
    channels = components > 2 ? 3 : 1
    traits = Traits(
      bits: 8 * Int(found.sample_bytes), orientation: Orientation(of: bytes, format: format),
      isCMYK: found.colors != .grey_or_rgb)
    if traits.isCMYK { Channels.mixInks(&pixels, count: count, isInverted: found.colors == .inverted_cmyk) }
    samples.convert(
      &pixels, count: count, components: traits.isCMYK ? 3 : components, sampleBytes: Int(found.sample_bytes))
    if components % 2 == 0, !traits.isCMYK {
      traits.isTransparent = Channels.composeOverBlack(&pixels, count: count, components: components)
    }
    if orients, traits.orientation != .upright {
      traits.orientation.turn(pixels, size: size, channels: channels, into: &turned)
      swap(&pixels, &turned)
      size = traits.orientation.size(of: size)
    }
  }

  private mutating func read(_ bytes: [UInt8], _ format: ImageFormat, path: String) throws(DatasetError) -> cimages_size
  {
    var found = cimages_size()
    var message = [CChar](repeating: 0, count: Int(cimages_message_size))
    var status = run(format, bytes, &found, &message)
    if status == .needs_room {
      // Written by the decoder before anyone reads it, and taken from the system only then.
      let count = Int(found.width) * Int(found.height) * Int(found.components) * Int(found.sample_bytes)
      pixels = [UInt8](unsafeUninitializedCapacity: count) { $1 = count }
      status = run(format, bytes, &found, &message)
    }
    guard status == .decoded else {
      let text = String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      throw Self.unreadable(path, "unreadable \(format.name) (\(text))")
    }
    return found
  }

  private mutating func run(
    _ format: ImageFormat, _ bytes: [UInt8], _ size: inout cimages_size, _ message: inout [CChar]
  ) -> cimages_status {
    let capacity = pixels.count
    switch format {
    case .png: return cimages_decode_png(bytes, bytes.count, &size, &pixels, capacity, &message)
    case .jpeg: return cimages_decode_jpeg(bytes, bytes.count, &size, &pixels, capacity, &message)
    case .webP: return cimages_decode_webp(bytes, bytes.count, &size, &pixels, capacity, &message)
    case .other(let name): preconditionFailure("decodes \(name)")
    }
  }

  private static let convert = "save it as PNG or JPEG"

  /// - Parameter first: what else to do than leaving the file out.
  static func unreadable(_ path: String, _ reason: String, _ first: String = "replace or remove it") -> DatasetError {
    DatasetError(file: path, reason: reason, remedy: "\(first), or leave such files out with --skip-unreadable")
  }
}
