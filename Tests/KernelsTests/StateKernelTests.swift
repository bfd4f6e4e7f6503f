import CKernels
import Glibc
import Testing

@Suite("Kernels that write replicated state")
struct StateKernelTests {
  // No power of two, by which a product would be exact, fused or not.
  let step = ck_adam_step(
    learningRate: 2e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, correction1: 1 / (1 - 0.729),
    correction2: 1 / (1 - 0.997002999), decay: 0.01, apply: 1)

  struct State: Equatable {
    var p: [UInt32], m: [UInt32], v: [UInt32]
  }

  func adam(
    _ level: KernelLevel, _ count: Int, _ step: ck_adam_step, g: [Float]
  ) -> (p: [Float], m: [Float], v: [Float]) {
    var (m, v) = (numbers(count, in: -0.1...0.1, seed: 2), numbers(count, in: 0...0.01, seed: 3))
    var step = step
    let p = written(count) { p in
      for (i, x) in numbers(count).enumerated() { p[i] = x }
      level.kernels.adam(p, &m, &v, g, Int64(count), &step)
    }
    return (p, m, v)
  }

  @Test("Adam is the paper's, with decoupled decay")
  func adamDefinition() {
    for level in KernelLevel.all {
      for count in [1, 15, 16, 33, 1000] {
        let g = numbers(count, seed: 4)
        let (p, m, v) = adam(level, count, step, g: g)
        let (p0, m0, v0) = (
          numbers(count).map(Double.init), numbers(count, in: -0.1...0.1, seed: 2).map(Double.init),
          numbers(count, in: 0...0.01, seed: 3).map(Double.init)
        )
        let m1 = (0..<count).map { 0.9 * m0[$0] + 0.1 * Double(g[$0]) }
        let v1 = (0..<count).map { 0.999 * v0[$0] + 0.001 * Double(g[$0]) * Double(g[$0]) }
        let p1 = (0..<count).map {
          p0[$0] * (1 - 2e-4 * 0.01) - 2e-4 * m1[$0] * Double(step.correction1)
            / ((v1[$0] * Double(step.correction2)).squareRoot() + 1e-8)
        }
        #expect(distance(m, m1) < 1e-6 && distance(v, v1) < 1e-6 && distance(p, p1) < 1e-6, "\(level), \(count)")
      }
    }
  }

  @Test("state is the same bits at every CPU level")
  func sameBits() {
    for count in [1, 31, 1007] {
      let g = numbers(count, in: -1e-3...1e-3, seed: 4)
      let states = KernelLevel.all.map { level in
        let state = adam(level, count, step, g: g)
        return State(p: bits(state.p), m: bits(state.m), v: bits(state.v))
      }
      #expect(states.allSatisfy { $0 == states[0] })
      let averages = KernelLevel.all.map { level in
        var a = numbers(count, seed: 5)
        level.kernels.average(&a, g, Int64(count), 0.999, 1)
        return bits(a)
      }
      #expect(averages.allSatisfy { $0 == averages[0] })
    }
  }

  @Test("apply = 0 touches nothing, not even with a gradient of NaN")
  func skips() {
    var skip = step
    skip.apply = 0
    let g = [Float](repeating: .nan, count: 100)
    for level in KernelLevel.all {
      let (p, m, v) = adam(level, 100, skip, g: g)
      #expect(p == numbers(100))
      #expect(m == numbers(100, in: -0.1...0.1, seed: 2))
      #expect(v == numbers(100, in: 0...0.01, seed: 3))
      var a = numbers(100, seed: 5)
      level.kernels.average(&a, g, 100, 0.9, 0)
      #expect(a == numbers(100, seed: 5))
    }
  }

  @Test("a gradient of NaN or infinity spoils its own parameter and no other")
  func nonFinite() {
    for level in KernelLevel.all {
      var g = numbers(50, seed: 4)
      g[3] = .nan
      g[40] = .infinity
      let (p, m, v) = adam(level, 50, step, g: g)
      for i in 0..<50 { #expect((p[i].isFinite && m[i].isFinite && v[i].isFinite) == (i != 3 && i != 40)) }
    }
  }

  @Test("the average is decay · a + (1 − decay) · p")
  func average() {
    for level in KernelLevel.all {
      for count in [1, 16, 77] {
        let (a, p) = (numbers(count), numbers(count, seed: 2))
        let y = written(count) { y in
          for i in 0..<count { y[i] = a[i] }
          level.kernels.average(y, p, Int64(count), 0.9, 1)
        }
        #expect(distance(y, zip(a, p).map { 0.9 * Double($0) + 0.1 * Double($1) }) < 5e-7)
      }
    }
  }

  @Test("blocks are summed in their order, to the same bits at every level")
  func sumBlocks() {
    for level in KernelLevel.all {
      for (blockCount, count) in [(0, 5), (1, 70), (2, 63), (3, 64), (5, 200)] {
        let blocks = (0..<blockCount).map { numbers(count, seed: UInt32($0 + 1)) }
        let memory = blocks.map { block in
          let p = UnsafeMutablePointer<Float>.allocate(capacity: count)
          p.initialize(from: block, count: count)
          return p
        }
        defer { for p in memory { p.deallocate() } }
        let pointers = memory.map { UnsafePointer($0) }
        let y = written(count) { level.kernels.sum_blocks(pointers, Int32(blockCount), Int64(count), $0) }
        var expected = blocks.first ?? [Float](repeating: 0, count: count)
        for block in blocks.dropFirst() {
          for i in 0..<count { expected[i] += block[i] }
        }
        #expect(bits(y) == bits(expected), "\(level), \(blockCount) × \(count)")
      }
    }
  }

  @Test("one NaN or infinity anywhere is found")
  func allFinite() {
    for level in KernelLevel.all {
      for count in [0, 1, 15, 16, 100, 5000] {
        var x = numbers(count)
        #expect(level.kernels.all_finite(x, Int64(count)) == 1)
        for position in stride(from: 0, to: count, by: max(1, count / 50)) {
          for bad in [Float.nan, .infinity, -.infinity] {
            let old = x[position]
            x[position] = bad
            #expect(level.kernels.all_finite(x, Int64(count)) == 0, "\(level), \(bad) at \(position) of \(count)")
            x[position] = old
          }
        }
      }
    }
  }

  @Test("denormal numbers are zero on a thread that asked for it, and only there")
  func flushToZero() throws {
    let denormalHalves: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { results in
      let results = results!.assumingMemoryBound(to: Float.self)
      results[1] = results[0] * 0.5
      ck_flush_to_zero()
      results[2] = results[0] * 0.5
      results[3] = results[1] * 1e10
      return nil
    }
    var results: [Float] = [.leastNormalMagnitude, -1, -1, -1]
    try results.withUnsafeMutableBufferPointer { results in
      var thread = pthread_t()
      try #require(pthread_create(&thread, nil, denormalHalves, results.baseAddress) == 0)
      try #require(pthread_join(thread, nil) == 0)
    }
    #expect(results[1] > 0)
    #expect(results[2] == 0 && results[3] == 0)
    #expect(results[1] * 2 == .leastNormalMagnitude)
  }

  @Test("the level in use is the best one, and a missing one is refused")
  func levels() {
    #expect(ck_cpu_level_in_use() == KernelLevel.all.last!.level)
    #expect(ck_set_cpu_level(CK_LEVEL_COUNT) == 0)
    #expect(ck_cpu_level_in_use() == KernelLevel.all.last!.level)
  }
}
