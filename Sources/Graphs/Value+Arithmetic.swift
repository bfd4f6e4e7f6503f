import Tensors

// Operators on values. Shapes broadcast as in NumPy; adding zero and multiplying by one vanish when the graph is built.

extension Value {
  public static func + (a: Value, b: Value) throws -> Value {
    if b.constant == 0, a.spans(b) { return a }
    if a.constant == 0, b.spans(a) { return b }
    return try binary(.add, a, b)
  }

  public static func - (a: Value, b: Value) throws -> Value {
    if b.constant == 0, a.spans(b) { return a }
    return try binary(.subtract, a, b)
  }

  public static func * (a: Value, b: Value) throws -> Value {
    if b.constant == 1, a.spans(b) { return a }
    if a.constant == 1, b.spans(a) { return b }
    return try binary(.multiply, a, b)
  }

  public static func / (a: Value, b: Value) throws -> Value {
    if b.constant == 1, a.spans(b) { return a }
    return try binary(.divide, a, b)
  }

  public static prefix func - (a: Value) throws -> Value {
    if let number = a.constant { return try a.graph.constant(-number, shape: a.shape) }
    return try a.applying(.negate)
  }

  public static func + (a: Value, b: Float) throws -> Value { try a + a.graph.constant(b) }
  public static func + (a: Float, b: Value) throws -> Value { try b.graph.constant(a) + b }
  public static func - (a: Value, b: Float) throws -> Value { try a - a.graph.constant(b) }
  public static func - (a: Float, b: Value) throws -> Value { try b.graph.constant(a) - b }
  public static func * (a: Value, b: Float) throws -> Value { try a * a.graph.constant(b) }
  public static func * (a: Float, b: Value) throws -> Value { try b.graph.constant(a) * b }
  public static func / (a: Value, b: Float) throws -> Value { try a * a.graph.constant(1 / b) }

  /// True if broadcasting with `other` leaves this shape as it is.
  private func spans(_ other: Value) -> Bool {
    (try? broadcastShape(shape, other.shape)) == shape
  }
}
