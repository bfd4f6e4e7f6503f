import Graphs
import Layers
import Programs
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What programs keep of an attention layer's weights, for pictures.
struct MapValues {
  /// Samples whose weights are kept: those of all would be the largest thing in memory.
  static let samples = 8

  let name: String
  let positions: (height: Int, width: Int)?
  /// `[8, T, S]`.
  let weights: Value
  /// `[T, S]` over all samples of the block, where queries and keys are tokens: places of images differ too much.
  let mean: Value?

  var outputs: [Value] { [weights] + (mean.map { [$0] } ?? []) }

  init(_ map: Observations.Map) throws {
    (name, positions) = (map.name, map.positions)
    let n = map.weights.shape[0]
    weights = try map.weights.slice(0..<min(n, Self.samples))
    let one = Shape(Array(map.weights.shape.dimensions[1...]))
    mean = map.positions == nil ? try (map.weights.sum(axes: [0]) * (1 / Float(n))).reshaped(to: one) : nil
  }
}

/// Programs for noise: what samples are made of, and samples of any.
struct GivenNoiseGraphs {
  /// `[64, noiseSize]`.
  let noise: StateBlock
  let drawn: Value
  let images: Value
  let plans: [Plan]

  /// - Parameter build: samples of the noise; the usual noise where there is none.
  init(noiseSize: Int, threads: Int, build: (Graph, Value?) throws -> Value) throws {
    let n = EvaluationGraphs.blockSize
    noise = StateBlock(name: "given noise", count: n * noiseSize)
    let (drawing, mixing) = (Graph(), Graph())
    drawn = try build(drawing, nil)
    images = try build(mixing, mixing.read(noise, shape: [n, noiseSize]))
    plans = [
      Plan(name: "drawing noise", graph: drawing, outputs: [drawn], threads: threads),
      Plan(name: "sampling given noise", graph: mixing, outputs: [images], threads: threads),
    ]
  }
}

/// Where the attention of a few samples goes, in one layer.
public struct AttentionMap: Sendable {
  /// The layer: `generator/attention`.
  public let name: String
  /// `[n, T, S]`: how much of its sum a query t takes from key s; every row sums to 1.
  public let weights: [Float]
  public let shape: Shape
  /// `[T, S]`, of 64 samples; where queries and keys are tokens.
  public let mean: [Float]?
  /// Of the feature map whose places the queries are; keys are these pooled 2×2.
  public let positions: (height: Int, width: Int)?
}

extension EvaluationPrograms {
  /// At most so many samples have attention maps.
  public static var mapSamples: Int { MapValues.samples }

  /// The weights of all attention layers of both networks on the first samples of block 0, and these samples.
  ///
  /// Not collective: any rank can ask.
  /// - Returns: images `[64, H, W, C]`, and a map per layer.
  public func attentionMaps(
    iteration: UInt64 = 0, writeCondition: (Int, UnsafeMutablePointer<Float>) -> Void
  ) throws -> (images: [Float], maps: [AttentionMap]) {
    guard !(graphs.samplingMaps + graphs.judgingMaps).isEmpty else { return ([], []) }
    prepareSample(block: 0, iteration: iteration, writeCondition: writeCondition)
    try observedSampling.run()
    // Before judging runs in the same memory.
    let made = graphs.samplingMaps.map { map($0, of: observedSampling) }
    let images = Array(observedSampling.values(of: graphs.imageValues))
    _ = graphs.judgedImages.values.update(fromContentsOf: images)
    try judging.run()
    return (images, made + graphs.judgingMaps.map { map($0, of: judging) })
  }

  private func map(_ values: MapValues, of program: Program) -> AttentionMap {
    AttentionMap(
      name: values.name, weights: Array(program.values(of: values.weights)), shape: values.weights.shape,
      mean: values.mean.map { Array(program.values(of: $0)) }, positions: values.positions)
  }

  /// Rows of samples between two noise vectors each, under one condition a row.
  ///
  ///     z(t) = (sin((1 − t)·ω)·a + sin(t·ω)·b) / sin ω,   cos ω = a·b / (|a|·|b|),   t = 0, …, 1 in even steps
  ///
  /// On the way of a straight line noise would be shorter than the generator ever saw it. Not collective.
  /// - Precondition: `rows · steps` ≤ 64, at least two steps.
  /// - Returns: `[rows · steps, H, W, C]`.
  /// - Source: White: Sampling generative networks, 2016.
  public func interpolations(
    rows: Int, steps: Int, iteration: UInt64 = 0, writeCondition: (_ row: Int, UnsafeMutablePointer<Float>) -> Void
  ) throws -> [Float] {
    precondition(rows > 0 && steps > 1 && rows * steps <= Self.blockSize, "\(rows) rows of \(steps) samples")
    let between = SampleNoise { sample in
      let row = min(sample / steps, rows - 1)
      return .init(
        from: 2 * row, to: 2 * row + 1, share: Double(min(sample - row * steps, steps - 1)) / Double(steps - 1))
    }
    let samples = try sample(block: 0, iteration: iteration, noise: between) {
      writeCondition(min($0 / steps, rows - 1), $1)
    }
    return Array(samples[..<(rows * steps * imageShape.count)])
  }
}

/// The vector at `t` of the way from `a` (0) to `b` (1) along the sphere.
func spherical(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>, at t: Double) -> [Float] {
  func dot(_ x: ArraySlice<Float>, _ y: ArraySlice<Float>) -> Double {
    zip(x, y).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }
  let lengths = (dot(a, a) * dot(b, b)).squareRoot()
  let omega = acos(max(-1, min(1, lengths > 0 ? dot(a, b) / lengths : 1)))
  // Where both point the same way, or to opposite ones, the sphere gives no way: a line does.
  let isLine = sin(omega) < 1e-6
  let (p, q) = isLine ? (1 - t, t) : (sin((1 - t) * omega) / sin(omega), sin(t * omega) / sin(omega))
  return zip(a, b).map { Float(p * Double($0) + q * Double($1)) }
}
