import Graphs
import Tensors
import TestSupport

/// Random numbers of a test: the same sequence for the same seed, on every system.
///
/// - Source: Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014.
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// A graph of random operations with what each of its values should be, in float64.
///
/// Values stay small, and nothing discontinuous happens near its jump, so float32 must come close to float64.
struct RandomGraph {
  /// What an all-reduce multiplies by: the sum of two ranks that agree, so that a sum in place leaves a mark.
  static let rankCount = 2
  /// Larger values than a block of the elementwise interpreter (512), so that runs have several.
  private static let largest = 1300

  let graph = Graph()
  private(set) var outputs: [Value] = []
  private(set) var values: [Value] = []
  var random: SplitMix64
  private var sums: [Value: [Double]] = [:]
  private var reference: ReferenceEvaluator
  /// Where inputs are read from, at any offset.
  private let pool = testBlock(4096, seed: 77)

  /// - Parameter endsSegments: now and then, between two operations.
  init(seed: UInt64, endsSegments: Bool = false) throws {
    random = SplitMix64(seed: seed)
    reference = ReferenceEvaluator(graph)
    let goal = Int.random(in: 20...60, using: &random)
    for shape in try (0..<3).map({ _ in try inputShape() }) { values.append(try input(shape)) }
    var attempts = 0
    while values.count < goal, attempts < 20 * goal {
      attempts += 1
      if endsSegments, attempts % 12 == 0 { try graph.endSegment() }
      if let value = try grow() { accept(value) }
    }
    try chooseOutputs()
  }

  /// The elements of a value.
  func numbers(_ value: Value) -> [Double] { reference.evaluate(value) }

  private mutating func accept(_ value: Value) {
    guard value.shape.count <= Self.largest, !values.contains(value) else { return }
    guard numbers(value).allSatisfy({ $0.isFinite && abs($0) <= 20 }) else { return }
    values.append(value)
  }

  private mutating func chooseOutputs() throws {
    outputs = [values.last!]
    for _ in 0..<Int.random(in: 2...5, using: &random) { outputs.append(pick()) }
    if chance(3) { outputs.append(try graph.constant(0.75, shape: [2, 3])) }
    if chance(3) { outputs.append(try input([5, 2])) }
    let x = pick()
    if chance(3) { outputs.append(try x.reshaped(to: [x.shape.count])) }
    outputs = outputs.filter { $0.shape.count <= Self.largest }
  }
}

// Choices.
extension RandomGraph {
  /// True once in `n` times.
  mutating func chance(_ n: Int) -> Bool { Int.random(in: 0..<n, using: &random) == 0 }

  /// A value made before; mostly one of the newest, so that chains grow.
  mutating func pick() -> Value {
    let first = chance(3) ? 0 : max(0, values.count - 8)
    return values[Int.random(in: first..<values.count, using: &random)]
  }

  mutating func inputShape() throws -> Shape {
    let extents = [1, 2, 3, 4, 5, 7, 16, 33]
    let rank = Int.random(in: 0...4, using: &random)
    var dimensions: [Int] = []
    for _ in 0..<rank {
      let extent = extents.randomElement(using: &random)!
      dimensions.append(dimensions.reduce(extent, *) > 600 ? 1 : extent)
    }
    return Shape(dimensions)
  }

  mutating func input(_ shape: Shape) throws -> Value {
    try graph.read(pool, at: Int.random(in: 0...pool.count - shape.count, using: &random), shape: shape)
  }

  /// A tensor that broadcasts to `shape`: some axes of extent 1, some leading ones missing, computed or read.
  mutating func partner(for shape: Shape) throws -> Value {
    let same = values.filter { $0.shape == shape }
    if !same.isEmpty, chance(2) { return same.randomElement(using: &random)! }
    var dimensions = shape.dimensions.map { chance(2) ? 1 : $0 }
    if chance(3) { dimensions.removeFirst(Int.random(in: 0...dimensions.count, using: &random)) }
    let read = try input(Shape(dimensions))
    return chance(2) ? read : try tanh(read)
  }

  /// True if no element of a is so near to that of b that rounding decides between them.
  func isClear(_ a: Value, _ b: Value) -> Bool {
    zip(numbers(a), numbers(b)).allSatisfy { $0 == $1 || abs($0 - $1) > 1e-3 }
  }

  /// The sum over the ranks of `x`, which the reference takes for one.
  mutating func sumOverRanks(_ x: Value) throws -> Value {
    let sum = try allReduceSum(x)
    if sums[sum] == nil {
      sums[sum] = numbers(x).map { Double(Self.rankCount) * $0 }
      reference = ReferenceEvaluator(graph, fixed: sums)
    }
    return sum
  }
}
