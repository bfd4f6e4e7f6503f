/// What the elements of an array are.
public enum ElementType: Hashable, Sendable {
  case bool, uint8, int8, uint16, int16, uint32, int32, uint64, int64, float16, float32, float64
  /// Texts of so many Unicode scalars at most, 4 bytes each, filled up with zeros.
  case text(width: Int)

  /// The letter and the number behind NumPy's byte order: `f4`.
  var code: String {
    switch self {
    case .bool: "b1"
    case .uint8: "u1"
    case .int8: "i1"
    case .uint16: "u2"
    case .int16: "i2"
    case .uint32: "u4"
    case .int32: "i4"
    case .uint64: "u8"
    case .int64: "i8"
    case .float16: "f2"
    case .float32: "f4"
    case .float64: "f8"
    case .text(let width): "U\(width)"
    }
  }

  /// As NumPy writes it, this machine's order: `<f4`, `|u1`.
  var descriptor: String { (byteCount == 1 ? "|" : "<") + code }

  public var byteCount: Int {
    switch self {
    case .bool, .uint8, .int8: 1
    case .uint16, .int16, .float16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    case .text(let width): 4 * width
    }
  }

  public var isText: Bool { if case .text = self { true } else { false } }
  public var isFloating: Bool { [.float16, .float32, .float64].contains(self) }

  private static let numbers: [ElementType] = [
    .bool, .uint8, .int8, .uint16, .int16, .uint32, .int32, .uint64, .int64, .float16, .float32, .float64,
  ]

  /// - Parameter code: without the byte order; nil for what is read nowhere (objects, complex numbers, dates).
  init?(code: Substring) {
    if code.first == "U", let width = Int(code.dropFirst()), (0...1 << 20).contains(width) {
      self = .text(width: width)
    } else if let type = Self.numbers.first(where: { $0.code == code }) {
      self = type
    } else {
      return nil
    }
  }

  /// `float32`
  public var name: String {
    switch self {
    case .text: "text"
    default: "\(self)"
    }
  }
}
