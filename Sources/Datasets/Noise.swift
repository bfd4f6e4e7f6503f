import Tensors

extension Dataset {
  /// Stored samples that may stand for any number of them.
  private static let mostBytes = 1 << 26

  /// Uniform noise in the place of data of this shape, the same every time: what an iteration costs does not depend on
  /// what it shows.
  ///
  /// - Parameters:
  ///   - kind: images are stored as bytes, others as float32.
  ///   - imageShape: `[H, W, C]`.
  ///   - conditions: quantities of a sample; 0: none.
  ///   - training: samples to train on; as many as fit into 64 MB, 64 at least, are made.
  public static func noise(
    kind: SampleLayout.Kind, imageShape: Shape, classes: Int, conditions: Int, training: Int, test: Int
  ) -> Dataset {
    let isImage = kind == .images
    let sampleBytes = imageShape.count * (isImage ? 1 : 4)
    let most = max(64, Self.mostBytes / sampleBytes)
    var state: UInt64 = 1
    let set = { (count: Int) in
      let count = min(count, most)
      let bytes = [UInt8](unsafeUninitializedCapacity: count * sampleBytes) { buffer, filled in
        filled = count * sampleBytes
        if isImage {
          for place in 0..<filled { buffer[place] = UInt8(next(&state) >> 56) }
        } else {
          let floats = UnsafeMutableRawBufferPointer(buffer)
          for place in 0..<filled / 4 {
            floats.storeBytes(of: centered(next(&state)), toByteOffset: 4 * place, as: Float.self)
          }
        }
      }
      let rows = (0..<count * conditions).map { _ in centered(next(&state)) }
      return ImageSet(
        imageShape: imageShape, bytes: PixelBytes(bytes[...]), format: isImage ? .bytes : .floats(.none),
        labels: (0..<count).map { Int32($0 % classes) }[...],
        conditions: conditions > 0 ? ConditionRows(width: conditions, values: rows[...]) : nil)
    }
    let columns = isImage ? [] : (1...imageShape.last).map { Column(name: "x\($0)") }
    let quantities = conditions > 0 ? (1...conditions).map { Column(name: "c\($0)") } : []
    return Dataset(
      name: "noise", classNames: classes > 1 ? (0..<classes).map(String.init) : [unlabelled],
      layout: SampleLayout(kind: kind, columns: columns, conditions: quantities), training: set(training),
      test: set(test), notes: [], complaints: [])
  }

  /// SplitMix64.
  ///
  /// - Source: Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014.
  private static func next(_ state: inout UInt64) -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var x = state
    x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
    x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
    return x ^ (x >> 31)
  }

  /// From −√3 to √3, of variance 1, as columns are scaled.
  private static func centered(_ bits: UInt64) -> Float {
    Float(Double(bits >> 11) / Double(1 << 53) * 2 - 1) * Float(3).squareRoot()
  }
}

extension Dataset {
  /// What all samples take, in memory or in a mapped file: their numbers as they are stored, four bytes a label and a
  /// quantity.
  public var byteCount: Int {
    [training, test].reduce(0) { sum, set in
      sum + set.count
        * (set.imageShape.count * set.format.elementBytes + 4 + 4 * (set.conditions?.width ?? 0))
    }
  }
}
