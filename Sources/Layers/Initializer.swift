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
  /// Uniform in ±√(6 / (fan in + fan out)); the fans are the first and the last extent.
  /// - Source: Glorot and Bengio, 2010; Keras' `glorot_uniform`.
  case glorotUniform
  /// Normal with σ = √(2 / (fan in + fan out)), cut at two standard deviations before the correction that restores σ.
  /// - Source: Keras' `glorot_normal`.
  case glorotNormal
  case scaled(Initializer, by: Float)

  /// Fills `values` of a parameter called `name`.
  public func fill(_ values: UnsafeMutableBufferPointer<Float>, shape: Shape, name: String, seed: UInt64) {
    let stream = RandomStream(seed: seed, purpose: .initialization)
    let address = Self.address(of: name)
    let fans = Double((shape.dimensions.first ?? 1) + shape.last)
    let draw = { (index: Int, attempt: UInt32) in
      stream.uniform(iteration: address, sample: UInt32(index), position: attempt)
    }
    switch self {
    case .zeros: values.update(repeating: 0)
    case .constant(let number): values.update(repeating: number)
    case .uniform(let low, let high):
      for index in values.indices { values[index] = low + (high - low) * Float(draw(index, 0)) }
    case .glorotUniform:
      let limit = (6 / fans).squareRoot()
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

  /// A 64-bit address of a name (FNV-1a).
  private static func address(of name: String) -> UInt64 {
    name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }
}
