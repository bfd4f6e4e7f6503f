import CKernels
import Glibc
import Tensors

/// The kernels of every CPU level that this machine has, the baseline first.
struct KernelLevel: CustomStringConvertible {
  let level: ck_cpu_level
  let kernels: ck_kernels
  var description: String { "level \(level.rawValue)" }

  static let all: [KernelLevel] = [CK_LEVEL_BASELINE, CK_LEVEL_V3, CK_LEVEL_V4].compactMap { level in
    ck_kernels_at(level).map { KernelLevel(level: level, kernels: $0.pointee) }
  }
}

/// Numbers for tests: uniform in `range`, the same on every run.
func numbers(_ count: Int, in range: ClosedRange<Double> = -2...2, seed: UInt32 = 1) -> [Float] {
  let stream = RandomStream(seed: UInt64(seed), purpose: .evaluation)
  return (0..<count).map {
    Float(
      range.lowerBound + (range.upperBound - range.lowerBound)
        * stream.uniform(iteration: 0, sample: UInt32($0 / 1000), position: UInt32($0 % 1000)))
  }
}

/// What `body` writes to `count` floats, with a guard behind them that must stay untouched.
func written(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) -> [Float] {
  let sentinel: Float = -12345
  var y = [Float](repeating: sentinel, count: count + 24)
  // An odd start, so that no kernel gets away with assuming alignment.
  y.withUnsafeMutableBufferPointer { body($0.baseAddress! + 3) }
  let isIntact = y.prefix(3).allSatisfy { $0 == sentinel } && y.suffix(21).allSatisfy { $0 == sentinel }
  precondition(isIntact, "a kernel wrote outside its \(count) elements")
  return Array(y[3..<(count + 3)])
}

/// Bit patterns, so that NaN equals itself and −0 differs from 0.
func bits(_ x: [Float]) -> [UInt32] { x.map(\.bitPattern) }

/// Largest distance, absolute up to 1 and relative beyond; infinite where only one of two is NaN.
func distance(_ x: [Float], _ reference: [Double]) -> Double {
  precondition(x.count == reference.count, "\(x.count) against \(reference.count) elements")
  var worst = 0.0
  for (a, b) in zip(x, reference) {
    if a.isNaN && b.isNaN || Double(a) == b { continue }
    let difference = abs(Double(a) - b) / max(1, abs(b))
    worst = max(worst, difference.isNaN ? .infinity : difference)
  }
  return worst
}
