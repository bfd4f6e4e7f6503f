import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What samples are made of where it is not the series' next noise vector each.
public struct SampleNoise: Sendable {
  /// Two noise vectors of the series, by number, and how far it is from the first to the second.
  public struct Mix: Equatable, Sendable {
    public let from: Int
    public let to: Int
    /// 0: `from`, 1: `to`.
    public let share: Double

    public init(from: Int, to: Int, share: Double) { (self.from, self.to, self.share) = (from, to, share) }
  }

  /// By the number of the sample; nil: sample k is made of vector k.
  public let mix: (@Sendable (Int) -> Mix)?
  /// No component is larger, as if larger ones had been drawn again; nil: any.
  public let truncation: Double?

  public init(truncation: Double? = nil, mix: (@Sendable (Int) -> Mix)? = nil) {
    precondition(truncation.map { $0 > 0 } ?? true, "noise up to \(truncation ?? 0)")
    (self.truncation, self.mix) = (truncation, mix)
  }

  var isPlain: Bool { mix == nil && truncation == nil }
}

extension EvaluationPrograms {
  /// The same as `sample(block:iteration:writeCondition:)` of other noise.
  public func sample(
    block: Int, iteration: UInt64 = 0, noise: SampleNoise, writeCondition: (Int, UnsafeMutablePointer<Float>) -> Void
  ) throws -> UnsafeMutableBufferPointer<Float> {
    guard !noise.isPlain else {
      return try sample(block: block, iteration: iteration, writeCondition: writeCondition)
    }
    let n = Self.blockSize
    let size = graphs.model.noiseSize
    let mixes = (block * n..<block * n + n).map { noise.mix?($0) ?? .init(from: $0, to: $0, share: 0) }
    var vectors: [Int: [Float]] = [:]
    for drawnBlock in Set(mixes.flatMap { [$0.from / n, $0.to / n] }) {
      vectors[drawnBlock] = try draw(block: drawnBlock, iteration: iteration, truncation: noise.truncation)
    }
    let vector = { (index: Int) in (vectors[index / n] ?? [])[index % n * size..<(index % n + 1) * size] }
    for (row, mix) in mixes.enumerated() {
      let numbers =
        mix.share == 0 ? Array(vector(mix.from)) : spherical(vector(mix.from), vector(mix.to), at: mix.share)
      (graphs.mixing.noise.pointer + row * size).update(from: numbers, count: size)
    }
    prepareSample(block: block, iteration: iteration, writeCondition: writeCondition)
    try mixing.run()
    return mixing.values(of: graphs.mixing.images)
  }

  /// Noise vectors `64 · block ..< 64 · block + 64` of the series.
  private func draw(block: Int, iteration: UInt64, truncation: Double?) throws -> [Float] {
    graphs.position.iteration = iteration
    graphs.position.sampleOffset = block * Self.blockSize
    try drawing.run()
    let drawn = Array(drawing.values(of: graphs.mixing.drawn))
    guard let truncation else { return drawn }
    let tail = standardNormal(below: -truncation)
    return drawn.map { number in
      let share = tail + standardNormal(below: Double(number)) * (1 - 2 * tail)
      return Float(max(-truncation, min(truncation, standardNormalQuantile(share))))
    }
  }
}

/// Φ(x)
func standardNormal(below x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

/// The x whose Φ(x) is `share`.
///
/// Takes a number of a normal to that of a truncated one with the same share below it: one draw makes one number, so that
/// it is the same on any number of ranks.
/// - Precondition: `share` lies between 0 and 1.
/// - Complexity: about ten of Newton's steps at worst.
func standardNormalQuantile(_ share: Double) -> Double {
  precondition(share > 0 && share < 1, "the quantile of \(share)")
  // From the side where Φ is convex, Newton's steps do not overshoot.
  if share > 0.5 { return -standardNormalQuantile(1 - share) }
  var x = 0.0
  for _ in 0..<100 {
    let density = exp(-x * x / 2) / (2 * Double.pi).squareRoot()
    let step = (standardNormal(below: x) - share) / density
    x -= step
    if abs(step) < 1e-12 * max(1, abs(x)) { break }
  }
  return x
}
