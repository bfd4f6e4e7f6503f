import Graphs
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How a parameter starts.
///
/// Draws depend on the seed and the parameter's full name alone: adding a layer elsewhere changes nothing here.
public indirect enum Initializer: Hashable, Sendable {
  case zeros
  case constant(Float)
  case uniform(low: Float, high: Float)
  /// Mean 0.
  case normal(deviation: Float = 1)
  /// Uniform in ±√(6 / (fan in + fan out)), "Xavier". The fans are the first and the last extent of a matrix; of a
  /// convolution's `[kh, kw, C, K]` they are kh·kw·C and kh·kw·K.
  /// - Source: Glorot and Bengio, 2010; Keras' `glorot_uniform`, PyTorch's `xavier_uniform_`.
  case glorotUniform
  /// Normal with σ = √(2 / (fan in + fan out)), cut at two standard deviations before the correction that restores σ.
  /// - Source: Keras' `glorot_normal`.
  case glorotNormal
  /// Normal with σ = √(2 / (fan in + fan out)), not cut.
  /// - Source: PyTorch's `xavier_normal_`.
  case xavierNormal
  /// A matrix `[product of all extents but the last, last]` with orthonormal columns, or rows where it is wider than
  /// high.
  /// - Source: Saxe, McClelland, Ganguli, 2014.
  case orthogonal
  /// Uniform in ±1/√(fan in); the fan in is the product of all extents but the last.
  /// - Source: LeCun et al.: Efficient backprop, 1998; PyTorch's default for linear and convolution layers.
  case fanInUniform
  case scaled(Initializer, by: Float)

  /// Fills `values` of a parameter called `name`.
  public func fill(_ values: UnsafeMutableBufferPointer<Float>, shape: Shape, name: String, seed: UInt64) {
    let stream = RandomStream(seed: seed, purpose: .initialization)
    let address = Self.address(of: name)
    let fans = Self.fans(of: shape)
    let draw = { (index: Int, attempt: UInt32) in
      stream.uniform(iteration: address, sample: UInt32(index), position: attempt)
    }
    switch self {
    case .zeros: values.update(repeating: 0)
    case .constant(let number): values.update(repeating: number)
    case .uniform(let low, let high):
      for index in values.indices { values[index] = low + (high - low) * Float(draw(index, 0)) }
    case .normal(let deviation):
      Self.drawNormals(values.count, stream, address) { values[$0] = Float(Double(deviation) * $1) }
    case .xavierNormal:
      let deviation = (2 / fans).squareRoot()
      Self.drawNormals(values.count, stream, address) { values[$0] = Float(deviation * $1) }
    case .orthogonal:
      OrthogonalMatrix(rows: shape.leading, columns: shape.last) { count, write in
        Self.drawNormals(count, stream, address, write)
      }.copy(to: values)
    case .glorotUniform:
      let limit = (6 / fans).squareRoot()
      for index in values.indices { values[index] = Float(limit * (2 * draw(index, 0) - 1)) }
    case .fanInUniform:
      let limit = (1 / Double(max(1, shape.leading))).squareRoot()
      for index in values.indices { values[index] = Float(limit * (2 * draw(index, 0) - 1)) }
    case .glorotNormal:
      let deviation = (2 / fans).squareRoot() / 0.879_625_661_034_239_78
      for index in values.indices {
        var attempt: UInt32 = 0
        var normal = 0.0
        repeat {
          normal = (-2 * log(draw(index, attempt))).squareRoot() * cos(2 * .pi * draw(index, attempt + 1))
          attempt += 2
        } while abs(normal) > 2
        values[index] = Float(deviation * normal)
      }
    case .scaled(let other, let factor):
      other.fill(values, shape: shape, name: name, seed: seed)
      for index in values.indices { values[index] *= factor }
    }
  }

  /// Fan in plus fan out.
  private static func fans(of shape: Shape) -> Double {
    guard shape.rank == 4 else { return Double((shape.dimensions.first ?? 1) + shape.last) }
    return Double(shape[0] * shape[1] * (shape[2] + shape[3]))
  }

  /// Standard normal numbers, four from each block of random words.
  ///
  ///     √(−2 log a)·cos 2πb,  √(−2 log a)·sin 2πb        (Box and Muller)
  private static func drawNormals(
    _ count: Int, _ stream: RandomStream, _ address: UInt64, _ write: (Int, Double) -> Void
  ) {
    let uniform = { (word: UInt32) in (Double(word >> 8) + 0.5) * 0x1p-24 }
    let high = UInt32(truncatingIfNeeded: address >> 32)
    for first in stride(from: 0, to: count, by: 4) {
      let words = Philox.words(
        counter: (0, UInt32(first / 4), UInt32(truncatingIfNeeded: address), high), key: stream.key)
      for (index, pair) in [(first, (words.0, words.1)), (first + 2, (words.2, words.3))] {
        let radius = (-2 * log(uniform(pair.0))).squareRoot()
        let angle = 2 * .pi * uniform(pair.1)
        if index < count { write(index, radius * cos(angle)) }
        if index + 1 < count { write(index + 1, radius * sin(angle)) }
      }
    }
  }

  /// A 64-bit address of a name (FNV-1a).
  private static func address(of name: String) -> UInt64 {
    name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }
}
