/// Grey and colour, one into the other, in place.
///
///     grey = (red + green + blue) / 3, rounded        red = green = blue = grey
///
/// The plain mean, not a luma: every channel of a generated image counts alike in what the networks learn, too.
enum Channels {
  /// Converts the first `count` pixels; `pixels` grows if it must.
  ///
  /// - Precondition: 1 or 3 channels on both sides.
  static func convert(_ pixels: inout [UInt8], count: Int, from channels: Int, to newChannels: Int) {
    switch (channels, newChannels) {
    case (1, 1), (3, 3): return
    case (3, 1):
      pixels.withUnsafeMutableBufferPointer { p in
        for i in 0..<count { p[i] = UInt8((Int(p[3 * i]) + Int(p[3 * i + 1]) + Int(p[3 * i + 2]) + 1) / 3) }
      }
    case (1, 3):
      if pixels.count < 3 * count { pixels += repeatElement(0, count: 3 * count - pixels.count) }
      pixels.withUnsafeMutableBufferPointer { p in
        for i in stride(from: count - 1, through: 0, by: -1) {
          (p[3 * i], p[3 * i + 1], p[3 * i + 2]) = (p[i], p[i], p[i])
        }
      }
    default: preconditionFailure("\(channels) channels into \(newChannels)")
    }
  }

  /// Lays the first `count` pixels over black: value · alpha / 255, rounded; alpha, the last of `components`, goes.
  ///
  /// - Returns: whether anything was not opaque.
  @discardableResult
  static func composeOverBlack(_ pixels: inout [UInt8], count: Int, components: Int) -> Bool {
    let channels = components - 1
    var least = 255
    pixels.withUnsafeMutableBufferPointer { p in
      for i in 0..<count {
        let alpha = Int(p[components * i + channels])
        least = min(least, alpha)
        for c in 0..<channels { p[channels * i + c] = UInt8((Int(p[components * i + c]) * alpha + 127) / 255) }
      }
    }
    return least < 255
  }

  /// Makes red, green and blue of the first `count` pixels of cyan, magenta, yellow and black, without a profile.
  ///
  ///     red = (255 − cyan) · (255 − black) / 255, rounded
  ///
  /// - Parameter isInverted: 255 is no ink rather than all of it.
  static func mixInks(_ pixels: inout [UInt8], count: Int, isInverted: Bool) {
    let full: UInt8 = isInverted ? 0 : 255
    pixels.withUnsafeMutableBufferPointer { p in
      for i in 0..<count {
        let light = Int(p[4 * i + 3] ^ full)
        for c in 0..<3 { p[3 * i + c] = UInt8((Int(p[4 * i + c] ^ full) * light + 127) / 255) }
      }
    }
  }

  /// `1 channel (grey)`
  static func inWords(_ channels: Int) -> String {
    channels == 1 ? "1 channel (grey)" : "\(channels) channels (colour)"
  }
}

extension Dataset {
  /// The same images in grey or in colour; nil: as they are.
  func converted(toChannels channels: Int?) -> Dataset {
    guard let channels, channels != imageShape.last else { return self }
    return replacing(training: training.converted(toChannels: channels), test: test.converted(toChannels: channels))
  }
}

extension ImageSet {
  fileprivate func converted(toChannels channels: Int) -> ImageSet {
    let pixelCount = count * imageShape[0] * imageShape[1]
    var converted: [UInt8] = []
    converted.reserveCapacity(pixelCount * max(channels, imageShape.last))
    for index in 0..<count { converted += bytes(at: index) }
    Channels.convert(&converted, count: pixelCount, from: imageShape.last, to: channels)
    return ImageSet(
      imageShape: [imageShape[0], imageShape[1], channels],
      bytes: PixelBytes(converted[..<(pixelCount * channels)]), labels: labels, conditions: conditions)
  }
}
