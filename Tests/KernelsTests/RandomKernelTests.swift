import CKernels
import Glibc
import Tensors
import Testing

@Suite("Random kernels")
struct RandomKernelTests {
  let seed: UInt64 = 0x1234_5678_9abc_def0
  let iteration: UInt64 = 0x3_0000_0007
  let sizes = [(1, 1), (3, 4), (32, 100), (5, 7), (2, 63), (40, 2), (1, 200), (3, 129)]
  var stream: RandomStream { RandomStream(seed: seed, purpose: .generatorNoise) }

  func normals(_ level: KernelLevel, _ samples: Int, _ perSample: Int, first: UInt32) -> [Float] {
    written(samples * perSample) {
      level.kernels.random_normal($0, Int64(samples), Int64(perSample), stream.key.0, stream.key.1, iteration, first)
    }
  }

  func uniforms(_ level: KernelLevel, _ samples: Int, _ perSample: Int, first: UInt32) -> [Float] {
    written(samples * perSample) {
      level.kernels.random_uniform(
        $0, Int64(samples), Int64(perSample), stream.key.0, stream.key.1, iteration, first, -3, 5)
    }
  }

  @Test("normals are Box and Muller's of the stream's words")
  func definition() {
    for level in KernelLevel.all {
      for (samples, perSample) in sizes {
        let first: UInt32 = 4_000_000_000
        let y = normals(level, samples, perSample, first: first)
        let expected = (0..<(samples * perSample)).map { i in
          let (sample, position) = (first + UInt32(i / perSample), UInt32(i % perSample))
          let u0 = stream.uniform(iteration: iteration, sample: sample, position: position & ~1)
          let u1 = stream.uniform(iteration: iteration, sample: sample, position: position | 1)
          let angle = 2 * Double.pi * u1
          return (-2 * log(u0)).squareRoot() * (position % 2 == 0 ? cos(angle) : sin(angle))
        }
        // Radius and angle are each good to a few roundings.
        #expect(distance(y, expected) < 5e-7, "\(level), \(samples) × \(perSample)")
      }
    }
  }

  @Test("uniforms are the stream's, scaled")
  func uniformDefinition() {
    for level in KernelLevel.all {
      for (samples, perSample) in sizes {
        let y = uniforms(level, samples, perSample, first: 9)
        let expected = (0..<(samples * perSample)).map { i in
          -3 + 8
            * stream.uniform(iteration: iteration, sample: 9 + UInt32(i / perSample), position: UInt32(i % perSample))
        }
        #expect(distance(y, expected) < 5e-7, "\(level), \(samples) × \(perSample)")
        #expect(y.allSatisfy { $0 >= -3 && $0 <= 5 })
      }
    }
  }

  @Test("values do not depend on how samples are split over calls, nor on the CPU level")
  func splits() {
    for (samples, perSample) in sizes {
      let whole = normals(KernelLevel.all[0], samples, perSample, first: 11)
      let wholeUniforms = uniforms(KernelLevel.all[0], samples, perSample, first: 11)
      for level in KernelLevel.all {
        let singly = (0..<samples).flatMap { normals(level, 1, perSample, first: 11 + UInt32($0)) }
        #expect(bits(singly) == bits(whole), "\(level), \(samples) × \(perSample)")
        #expect(bits(normals(level, samples, perSample, first: 11)) == bits(whole), "\(level)")
        #expect(bits(uniforms(level, samples, perSample, first: 11)) == bits(wholeUniforms), "\(level)")
      }
    }
  }

  @Test("a million normals have the moments of the normal distribution")
  func moments() {
    let y = normals(KernelLevel.all.last!, 10_000, 100, first: 0).map(Double.init)
    let count = Double(y.count)
    let moment = { (power: Double) in y.reduce(0) { $0 + pow($1, power) } / count }
    // Five standard errors: 1/√n, √2/√n, √15/√n, √96/√n.
    #expect(abs(moment(1)) < 0.005)
    #expect(abs(moment(2) - 1) < 0.0071)
    #expect(abs(moment(3)) < 0.0194)
    #expect(abs(moment(4) - 3) < 0.049)
  }
}
