import CKernels
import Glibc
import Testing

/// One function with its reference in double and the error that its header promises.
private struct Function: CustomStringConvertible, Sendable {
  let description: String
  let reference: @Sendable (Double) -> Double
  let ulp: Double
  let relative: Double
  /// Denormal results may be flushed to zero.
  let flushes: Bool

  static let all = [
    Function(description: "exp", reference: { exp($0) }, ulp: 2, relative: .infinity, flushes: false),
    Function(description: "log", reference: { log($0) }, ulp: 2, relative: .infinity, flushes: false),
    Function(description: "tanh", reference: { tanh($0) }, ulp: 3, relative: .infinity, flushes: false),
    Function(
      description: "sigmoid", reference: { $0 < 0 ? exp($0) / (1 + exp($0)) : 1 / (1 + exp(-$0)) }, ulp: 3,
      relative: .infinity, flushes: true),
    Function(
      description: "softplus", reference: { max($0, 0) + log1p(exp(-abs($0))) }, ulp: .infinity, relative: 3e-7,
      flushes: true),
  ]

  func run(_ level: KernelLevel, _ x: [Float]) -> [Float] {
    written(x.count) { y in
      let count = Int64(x.count)
      switch description {
      case "exp": level.kernels.exp(x, y, count)
      case "log": level.kernels.log(x, y, count)
      case "tanh": level.kernels.tanh(x, y, count)
      case "sigmoid": level.kernels.sigmoid(x, y, count)
      default: level.kernels.softplus(x, y, count)
      }
    }
  }

  /// What is wrong with `y` at `x`, if anything.
  func complaint(_ x: Float, _ y: Float) -> String? {
    let exact = reference(Double(x))
    let rounded = Float(exact)
    if exact.isNaN || rounded.isInfinite || rounded == 0 || y.isNaN {
      let isRight = y.isNaN == exact.isNaN && (y.isNaN || y == rounded || abs(Double(y) - exact) < 0x1p-149)
      return isRight ? nil : "\(description)(\(x)) is \(y), not \(exact)"
    }
    let error = abs(Double(y) - exact)
    let least = Double(Float.leastNormalMagnitude)
    if flushes && abs(exact) < least { return error <= least ? nil : "\(description)(\(x)) is \(y), not \(exact)" }
    let isRight = error <= ulp * Double(rounded.ulp) && error <= relative * max(abs(exact), least)
    return isRight ? nil : "\(description)(\(x)) is \(y), not \(exact): \(error / Double(rounded.ulp)) ulp"
  }
}

@Suite("Transcendental kernels")
struct TranscendentalKernelTests {
  @Test("errors stay within the stated bounds over all of float32", arguments: Function.all)
  private func errors(function: Function) {
    // A prime step meets every exponent and sign, infinities' and NaNs' among them.
    let step: UInt32 = 9973
    let patterns = stride(from: UInt64(0), through: UInt64(UInt32.max), by: Int(step))
    let x = patterns.map { Float(bitPattern: UInt32($0)) }
    for level in KernelLevel.all {
      let y = function.run(level, x)
      let complaints = zip(x, y).lazy.compactMap { function.complaint($0, $1) }
      #expect(complaints.first(where: { _ in true }) == nil, "\(level)")
    }
  }

  @Test("ends, zeros, infinities and NaN come out as libm's", arguments: Function.all)
  private func specialValues(function: Function) {
    let x: [Float] = [
      0, -0.0, .infinity, -.infinity, .nan, -.nan, 1, -1, 88.7, 88.73, -87.3, -87.4, -103.9, -104.1, -10000, 1e30,
      -1e30, .leastNormalMagnitude, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .greatestFiniteMagnitude, 9.01,
      0.625,
    ]
    for level in KernelLevel.all {
      for (x, y) in zip(x, function.run(level, x)) { #expect(function.complaint(x, y) == nil, "\(level)") }
    }
  }

  @Test("tanh keeps the sign of zero and is exact for tiny arguments")
  func tanhNearZero() {
    let x: [Float] = [0, -0.0, 1e-20, -1e-20, 1e-38]
    for level in KernelLevel.all {
      let y = written(x.count) { level.kernels.tanh(x, $0, Int64(x.count)) }
      #expect(bits(y) == bits(x), "\(level)")
    }
  }

  @Test("every count writes its elements and nothing else")
  func counts() {
    for level in KernelLevel.all {
      for count in 0...70 {
        let x = numbers(count)
        let y = written(count) { level.kernels.tanh(x, $0, Int64(count)) }
        #expect(distance(y, x.map { tanh(Double($0)) }) < 3e-7)
      }
    }
  }
}
