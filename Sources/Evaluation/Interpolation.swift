#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Between two noise vectors.
public enum Interpolation {
  /// On the great circle between them, so that what is between is as long as noise is.
  ///
  ///     (sin((1 − t)·ω)·a + sin(t·ω)·b) / sin ω,  ω the angle of a and b
  ///
  /// - Source: Shoemake: Animating rotation with quaternion curves, 1985.
  public static func spherical(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>, share t: Double) -> [Float] {
    let product = zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    let lengths = [a, b].map { $0.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot() }
    let cosine = lengths[0] * lengths[1] > 0 ? product / (lengths[0] * lengths[1]) : 1
    let angle = acos(max(-1, min(1, cosine)))
    // Nearly parallel: the straight line.
    guard sin(angle) > 1e-6 else { return zip(a, b).map { Float((1 - t) * Double($0) + t * Double($1)) } }
    let (first, second) = (sin((1 - t) * angle) / sin(angle), sin(t * angle) / sin(angle))
    return zip(a, b).map { Float(first * Double($0) + second * Double($1)) }
  }
}
