/// How the numbers of samples are stored, and what makes network values of them.
enum SampleFormat: Sendable {
  case bytes
  /// Little-endian float32, at any address.
  case floats(FloatScaling)

  var elementBytes: Int {
    switch self {
    case .bytes: 1
    case .floats: 4
    }
  }
}

/// What floats are scaled by while a batch is put together; element i of a sample takes entry i mod count.
///
///     value = (number − center) · factor
struct FloatScaling: Sendable {
  /// Empty: numbers are values already.
  let centers: [Float]
  let factors: [Float]

  static let none = FloatScaling(centers: [], factors: [])

  init(centers: [Float], factors: [Float]) {
    self.centers = centers
    self.factors = factors
  }

  init(_ columns: [Column]) {
    centers = columns.map { Float($0.center) }
    factors = columns.map { Float(1 / $0.unit) }
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
  }
}

/// Which of the stored samples belong to a set.
enum RowSelection: Sendable, Equatable {
  case all
  /// All but every k-th.
  case without(every: Int)
  /// Every k-th: what the other leaves out.
  case only(every: Int)

  /// Where sample `index` of the set is stored.
  func row(of index: Int) -> Int {
    switch self {
    case .all: index
    case .without(let stride): index + index / (stride - 1)
    case .only(let stride): (index + 1) * stride - 1
    }
  }

  /// Samples of the set among so many that are stored.
  func count(of rows: Int) -> Int {
    switch self {
    case .all: rows
    case .without(let stride): rows - rows / stride
    case .only(let stride): rows / stride
    }
  }

  /// As a number, for other processes.
  var code: Int {
    switch self {
    case .all: 0
    case .without(let stride): stride
    case .only(let stride): -stride
    }
  }

  init(code: Int) { self = code == 0 ? .all : code > 0 ? .without(every: code) : .only(every: -code) }
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
