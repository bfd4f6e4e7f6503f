import Files

/// Bytes of the samples of image files: what stands for black becomes 0, for white 255.
///
///     byte = round(255 · (clip(sample, lo, hi) − lo) / (hi − lo))
///
/// - Units: samples as the file has them, 0…255 or 0…65,535; without a range these two are black and white.
struct SampleBytes {
  /// Least and most of the samples seen, by their size in bytes.
  private(set) var extents: [Int: ClosedRange<Int>] = [:]
  /// Samples beyond the range.
  private(set) var clipped = 0

  /// Masks: black and white, however many bits they have.
  var areZerosAndOnes: Bool { !extents.isEmpty && extents.values.allSatisfy { $0 == 0...1 } }

  private let range: ClosedRange<Double>?
  private var tables: [Int: [UInt8]] = [:]

  init(range: ClosedRange<Double>?) { self.range = range }

  /// What the largest sample of so many bytes is.
  static func most(of sampleBytes: Int) -> Int { 1 << (8 * sampleBytes) - 1 }

  /// Makes bytes of the first `count` pixels, in place.
  ///
  /// - Parameter components: of a pixel; an even number has alpha as the last, which keeps its full range.
  mutating func convert(_ pixels: inout [UInt8], count: Int, components: Int, sampleBytes: Int) {
    let colors = components % 2 == 0 ? components - 1 : components
    let isPlain = sampleBytes == 1 && range == nil
    if isPlain, colors == components { return note(pixels[..<(count * components)]) }
    let table = isPlain ? [] : self.table(sampleBytes, range)
    let alphas = isPlain ? [] : self.table(sampleBytes, nil)
    let (low, high) = (range?.lowerBound ?? 0, range?.upperBound ?? .infinity)
    var (least, most) = (Int.max, 0)
    pixels.withUnsafeMutableBufferPointer { p in
      let raw = UnsafeRawBufferPointer(p)
      for pixel in 0..<count {
        for component in 0..<components {
          let place = pixel * components + component
          let sample =
            sampleBytes == 1 ? Int(p[place]) : Int(raw.loadUnaligned(fromByteOffset: 2 * place, as: UInt16.self))
          guard component < colors else {
            if !isPlain { p[place] = alphas[sample] }
            continue
          }
          (least, most) = (min(least, sample), max(most, sample))
          guard !isPlain else { continue }
          if Double(sample) < low || Double(sample) > high { clipped += 1 }
          // Bytes never lie behind the samples that are still to be read.
          p[place] = table[sample]
        }
      }
    }
    note(least, most, sampleBytes)
  }

  /// On its own, so that the compiler makes a loop over vectors of it.
  private mutating func note(_ bytes: ArraySlice<UInt8>) {
    var (least, most) = (UInt8.max, UInt8.min)
    for byte in bytes { (least, most) = (min(least, byte), max(most, byte)) }
    note(Int(least), Int(most), 1)
  }

  private mutating func note(_ least: Int, _ most: Int, _ sampleBytes: Int) {
    guard least <= most else { return }
    let before = extents[sampleBytes] ?? least...most
    extents[sampleBytes] = min(least, before.lowerBound)...max(most, before.upperBound)
  }

  private mutating func table(_ sampleBytes: Int, _ range: ClosedRange<Double>?) -> [UInt8] {
    let key = range == nil ? -sampleBytes : sampleBytes
    if let table = tables[key] { return table }
    let (low, high) = (range?.lowerBound ?? 0, range?.upperBound ?? Double(Self.most(of: sampleBytes)))
    let table = (0...Self.most(of: sampleBytes)).map {
      UInt8((255 * (min(high, max(low, Double($0))) - low) / (high - low)).rounded())
    }
    tables[key] = table
    return table
  }
}

extension SampleBytes {
  /// Refuses a guessed range of which the samples fill less than a quarter: pictures of 12 bits in files of 16, masks of 0
  /// and 1. What they would train is black.
  func checkFill(_ options: LoadingOptions, in directory: String) throws(DatasetError) {
    guard range == nil, !options.areKnown else { return }
    for (sampleBytes, extent) in extents.sorted(by: { $0.key > $1.key }) {
      let full = Self.most(of: sampleBytes)
      guard 4 * (extent.upperBound - extent.lowerBound) < full else { continue }
      let isMixed = extents.count > 1
      let guess = Self.usual(extent, full)
      let files = isMixed ? "those of \(8 * sampleBytes) bits have" : "its images have"
      throw DatasetError(
        file: directory,
        reason:
          "\(files) samples from \(extent.lowerBound) to \(extent.upperBound), less than a quarter of 0 to \(full)",
        remedy: isMixed
          ? "save all with one depth, so that data.range can say what is black and white"
          : "use --set data.range=[\(guess.lowerBound),\(guess.upperBound)] if these are black and white, "
            + "or --set data.range=[0,\(full)] to take them as they are")
    }
  }

  /// What probably stands for black and white: of 16 bits, the range of a camera's or scanner's 8, 10, 12 or 14.
  private static func usual(_ extent: ClosedRange<Int>, _ full: Int) -> ClosedRange<Int> {
    let powers = full > 255 ? [8, 10, 12, 14].map { 1 << $0 - 1 } : []
    if let most = powers.first(where: { $0 >= extent.upperBound }) { return 0...most }
    if extent.lowerBound == extent.upperBound { return 0...max(1, extent.upperBound) }
    return (4 * extent.upperBound < full ? 0 : extent.lowerBound)...extent.upperBound
  }

  /// Whole numbers without a fraction.
  static func shown(_ number: Double) -> String {
    number == number.rounded() && number.magnitude < 1e15 ? grouped(Int(number)) : String(number)
  }
}
