import Communication
import Foundation
import Testing

@testable import Evaluation

@Suite struct SampleNoiseTests {
  @Test("the quantile undoes the normal distribution, far into its tails")
  func quantile() {
    for x in stride(from: -6.0, through: 6, by: 0.25) {
      let share = standardNormal(below: x)
      // Near 1 a share has few digits left.
      let tolerance = 1e-9 + 1e-15 / (0.3989422804 * exp(-x * x / 2))
      #expect(abs(standardNormalQuantile(share) - x) < tolerance, "\(x)")
    }
    // SciPy 1.11: norm.ppf
    #expect(abs(standardNormalQuantile(0.975) - 1.959963984540054) < 1e-12)
    #expect(abs(standardNormalQuantile(1e-10) + 6.361340902404056) < 1e-9)
  }

  private func samples(_ noise: SampleNoise, block: Int = 0) throws -> [Float] {
    try InProcessCommunicator.run(ranks: 1) { communicator in
      let model = try TestModel(communicator: communicator)
      return Array(
        try model.programs.sample(block: block, noise: noise) { model.training.write(class: $0 % 10, to: $1) })
    }[0]
  }

  @Test("noise that is given by number makes what the series makes of it, whatever the block")
  func given() throws {
    let size = 64
    let plain = try samples(SampleNoise()) + samples(SampleNoise(), block: 1)
    // Sample k of the first block is made of vector k + 60, under its own condition.
    let moved = try samples(SampleNoise { .init(from: $0 + 60, to: $0 + 60, share: 0) })
    // Vector 60 under class 0 is sample 60 of the series; 70 under class 0 is the tenth here.
    for (here, there) in [(0, 60), (10, 70), (60, 120)] {
      let pair = zip(moved[(here * size)..<((here + 1) * size)], plain[(there * size)...])
      #expect(pair.allSatisfy { abs($0 - $1) < 1e-5 }, "\(here)")
    }
  }

  @Test("a bound that noise never reaches changes nothing but the last digits")
  func wideBound() throws {
    let plain = try samples(SampleNoise())
    let bounded = try samples(SampleNoise(truncation: 9))
    #expect(zip(plain, bounded).allSatisfy { abs($0 - $1) < 1e-4 })
    #expect(try samples(SampleNoise(truncation: 0.5)) != plain)
  }
}
