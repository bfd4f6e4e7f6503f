/// How the numbers of samples are stored, and what makes network values of them.
enum SampleFormat: Sendable {
  /// From 0, black, to 255, white.
  case bytes
  /// Bytes that stand for entries of a table of 256 network values.
  case tabulated([Float])
  /// Little-endian float32, at any address.
  case floats(FloatScaling)

  var elementBytes: Int {
    switch self {
    case .bytes, .tabulated: 1
    case .floats: 4
    }
  }
}

/// What floats are scaled by while a batch is put together; element i of a sample takes entry i mod count.
///
///     value = (number − center) · factor, of images clipped to [−1, 1]
struct FloatScaling: Sendable {
  /// Empty: numbers are values already.
  let centers: [Float]
  let factors: [Float]
  /// Whether there are numbers beyond −1 or 1 that have to be clipped.
  let clips: Bool

  static let none = FloatScaling(centers: [], factors: [], clips: false)

  init(centers: [Float], factors: [Float], clips: Bool) {
    self.centers = centers
    self.factors = factors
    self.clips = clips
  }

  init(_ columns: [Column], clips: Bool) {
    centers = columns.map { Float($0.center) }
    factors = columns.map { Float(1 / $0.unit) }
    self.clips = clips
  }

  /// - Parameter source: `count` floats, not aligned.
  func write(_ source: UnsafePointer<UInt8>, count: Int, to destination: UnsafeMutablePointer<Float>) {
    let source = UnsafeRawPointer(source)
    guard !centers.isEmpty else {
      UnsafeMutableRawPointer(destination).copyMemory(from: source, byteCount: 4 * count)
      return
    }
    centers.withUnsafeBufferPointer { centers in
      factors.withUnsafeBufferPointer { factors in
        for first in stride(from: 0, to: count, by: centers.count) {
          for k in 0..<centers.count {
            let number = source.loadUnaligned(fromByteOffset: 4 * (first + k), as: Float.self)
            destination[first + k] = (number - centers[k]) * factors[k]
          }
        }
      }
    }
    if clips { for i in 0..<count { destination[i] = min(1, max(-1, destination[i])) } }
  }
}

/// Which of the stored samples belong to a set: all; or, of every ten in a row, one that is held out, or the others.
///
/// Which of ten is random, yet always the same: data whose classes come in turns are split evenly, too.
struct RowSelection: Sendable, Equatable {
  /// Samples in a row of which one is held out.
  static let stride = 10

  enum Part: Int, Sendable { case all, training, heldOut }

  let part: Part
  /// Stored samples.
  let rows: Int

  static func all(of rows: Int) -> RowSelection { RowSelection(part: .all, rows: rows) }

  /// Samples of the set; what does not fill ten is trained on.
  var count: Int {
    switch part {
    case .all: rows
    case .training: rows - rows / Self.stride
    case .heldOut: rows / Self.stride
    }
  }

  /// Where sample `index` of the set is stored.
  func row(of index: Int) -> Int {
    switch part {
    case .all: return index
    case .heldOut: return index * Self.stride + Self.place(in: index)
    case .training:
      let (block, place) = index.quotientAndRemainder(dividingBy: Self.stride - 1)
      let isWhole = block < rows / Self.stride
      return isWhole && place < Self.place(in: block)
        ? block * Self.stride + place : block * Self.stride + place + (isWhole ? 1 : 0)
    }
  }

  /// The place within a block of what is held out, by the mixer of SplitMix64 (Steele, Lea, Flood, 2014).
  private static func place(in block: Int) -> Int {
    var z = UInt64(block) &* 0x9E37_79B9_7F4A_7C15 &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((z ^ (z >> 31)) % UInt64(stride))
  }
}

/// Numbers that go with every sample of a set, as the networks see them.
public struct ConditionRows: Sendable {
  /// Numbers per sample.
  public let width: Int
  /// `[count, width]`
  public let values: ArraySlice<Float>

  public var count: Int { values.count / width }

  /// - Precondition: whole rows.
  init(width: Int, values: ArraySlice<Float>) {
    precondition(width > 0 && values.count % width == 0, "\(values.count) numbers in rows of \(width)")
    self.width = width
    self.values = values
  }

  /// The numbers of sample `index`.
  public func row(_ index: Int) -> ArraySlice<Float> {
    let first = values.startIndex + index * width
    return values[first..<first + width]
  }

  subscript(range: Range<Int>) -> ConditionRows {
    let first = values.startIndex
    return ConditionRows(
      width: width, values: values[first + range.lowerBound * width..<first + range.upperBound * width])
  }
}
