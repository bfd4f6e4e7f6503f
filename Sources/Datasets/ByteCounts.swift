import NumPyFiles

/// How often each byte occurs in images.
struct ByteCounts {
  private(set) var counts = [Int](repeating: 0, count: 256)
  private(set) var imageCount = 0

  /// Files larger than this are judged by images spread over them, so that a run on many gigabytes starts at once.
  static let mostBytes = 1 << 26

  var total: Int { counts.reduce(0, +) }
  var least: Int { counts.firstIndex { $0 > 0 } ?? 255 }
  var most: Int { counts.lastIndex { $0 > 0 } ?? 0 }

  mutating func add(_ bytes: some Sequence<UInt8>) {
    counts.withUnsafeMutableBufferPointer { counts in for byte in bytes { counts[Int(byte)] += 1 } }
    imageCount += 1
  }

  /// Of images of `imageSize` bytes each; all of them, or, in a large file, as many as `mostBytes` hold.
  init(_ pixels: PixelBytes, imageSize: Int, isWhole: Bool) {
    let stored = imageSize > 0 ? pixels.count / imageSize : 0
    let some = isWhole || pixels.mapping == nil ? stored : min(stored, max(64, Self.mostBytes / max(1, imageSize)))
    if some < stored {
      for place in 0..<some {
        let first = place * stored / some * imageSize
        pixels.prefetch(first..<first + imageSize)
      }
    }
    pixels.withUnsafeBytes { bytes in
      for place in 0..<some {
        let first = place * stored / some * imageSize
        add(UnsafeBufferPointer(rebasing: bytes[first..<first + imageSize]))
      }
    }
  }
}

extension PixelEvidence {
  /// Of images of bytes. Some of a large file stand for all where they look as bytes usually do; else all are looked at.
  init(_ pixels: PixelBytes, imageSize: Int, name: String) {
    var counts = ByteCounts(pixels, imageSize: imageSize, isWhole: false)
    let isUsual = PixelRange.bytes.filled(least: Double(counts.least), most: Double(counts.most)) > 0.6
    if !isUsual { counts = ByteCounts(pixels, imageSize: imageSize, isWhole: true) }
    self.init(counts, name: name)
  }

  private init(_ counts: ByteCounts, name: String) {
    self.init(
      name: name, type: .uint8, least: Double(counts.least), most: Double(counts.most), imageCount: counts.imageCount,
      count: counts.total
    ) { range in
      var excess = Excess()
      for byte in counts.counts.indices { excess.add(Double(byte), times: counts.counts[byte], beyond: range) }
      return excess
    }
  }
}
