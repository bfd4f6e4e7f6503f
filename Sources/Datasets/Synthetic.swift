import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Data that are computed, the same every time, so that what is right is known.
public enum Synthetic: Sendable, Hashable {
  /// Damped oscillations in noise: sequences of 48 steps t, under their frequency f and damping d.
  ///
  ///     x(t) = a · exp(−d·t/48) · sin(2π·f·t/48 + φ) + 0.05·ε
  ///
  /// f uniform in [1, 4], d in [0, 3], a in [0.7, 1.3], φ in [0, 2π]; ε normal.
  case waves
  /// Five readings of a made-up process under its load l, uniform in [0, 1], and a switch s, on or off:
  ///
  ///     heat = 20 + 60·l² + 3·s + ε₁                      flow = 2 + sin(2π·l) + 0.2·(1 + s)·ε₂
  ///     pressure = 1 + 0.5·flow + 0.02·heat + 0.05·ε₃     wear = exp(0.5·ε₄ + l)
  ///     drift = r, two states: −1 or +1 (+1 with probability 0.2 + 0.6·l), + 0.1·ε₅
  case process

  static let steps = 48
  static let trainingCount = 4_000
  static let testCount = 1_000

  var name: String {
    switch self {
    case .waves: "waves"
    case .process: "process"
    }
  }

  /// 4,000 samples to train on and 1,000 held out.
  public func load() -> Dataset {
    var (values, conditions): ([[Double]], [[Double]]) = ([], [])
    for index in 0..<Self.trainingCount + Self.testCount {
      var random = SyntheticRandom(sample: UInt32(index))
      let (sample, told) = self == .waves ? Self.wave(&random) : Self.reading(&random)
      values.append(sample)
      conditions.append(told)
    }
    let names =
      self == .waves
      ? (["x"], ["frequency", "damping"])
      : (
        ["heat", "flow", "pressure", "wear", "drift"], ["load", "switch"]
      )
    let columns = Self.columns(values, names.0, keepsFlags: false)
    let conditionColumns = Self.columns(conditions, names.1, keepsFlags: true)
    let set = { (range: Range<Int>) in
      let floats = values[range].flatMap { row in
        row.indices.map { Float(columns[$0 % columns.count].value(of: row[$0])) }
      }
      let rows = conditions[range].flatMap { row in row.indices.map { Float(conditionColumns[$0].value(of: row[$0])) } }
      return ImageSet(
        imageShape: self == .waves ? [1, Self.steps, 1] : [1, 1, columns.count],
        bytes: PixelBytes(floats.withUnsafeBytes { Array($0)[...] }), format: .floats(.none),
        labels: ArraySlice(repeating: 0, count: range.count),
        conditions: ConditionRows(width: conditionColumns.count, values: rows[...]))
    }
    return Dataset(
      name: name, classNames: [Dataset.unlabelled],
      layout: SampleLayout(
        kind: self == .waves ? .sequences : .vectors, columns: columns, conditions: conditionColumns),
      training: set(0..<Self.trainingCount), test: set(Self.trainingCount..<values.count), notes: [], complaints: [])
  }

  private static func wave(_ random: inout SyntheticRandom) -> ([Double], [Double]) {
    let (frequency, damping) = (1 + 3 * random.uniform(), 3 * random.uniform())
    let (amplitude, phase) = (0.7 + 0.6 * random.uniform(), 2 * .pi * random.uniform())
    let sample = (0..<steps).map { step in
      let t = Double(step) / Double(steps)
      return amplitude * exp(-damping * t) * sin(2 * .pi * frequency * t + phase) + 0.05 * random.normal()
    }
    return (sample, [frequency, damping])
  }

  private static func reading(_ random: inout SyntheticRandom) -> ([Double], [Double]) {
    let load = random.uniform()
    let isOn: Double = random.uniform() < 0.5 ? 1 : 0
    let heat = 20 + 60 * load * load + 3 * isOn + random.normal()
    let flow = 2 + sin(2 * .pi * load) + 0.2 * (1 + isOn) * random.normal()
    let pressure = 1 + 0.5 * flow + 0.02 * heat + 0.05 * random.normal()
    let wear = exp(0.5 * random.normal() + load)
    let drift = (random.uniform() < 0.2 + 0.6 * load ? 1 : -1) + 0.1 * random.normal()
    return ([heat, flow, pressure, wear, drift], [load, isOn])
  }

  private static func columns(_ rows: [[Double]], _ names: [String], keepsFlags: Bool) -> [Column] {
    var scan = NumberScan(columns: names.count, rowSize: rows[0].count)
    for row in rows[..<trainingCount] { for x in row { scan.add(x) } }
    return scan.scaled(names: names, keepsFlags: keepsFlags)
  }
}

/// The random numbers of one sample, one after the other.
private struct SyntheticRandom {
  private static let stream = RandomStream(seed: 20_001, purpose: .initialization)
  private let sample: UInt32
  private var position: UInt32 = 0

  init(sample: UInt32) { self.sample = sample }

  mutating func uniform() -> Double {
    defer { position += 1 }
    return Self.stream.uniform(iteration: 0, sample: sample, position: position)
  }

  /// By Box and Muller, 1958.
  mutating func normal() -> Double { (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform()) }
}
