import Datasets
import Testing

@Suite struct MirroringTests {
  @Test("half of the images are mirrored, each step and each place on its own")
  func half() {
    let mirroring = Mirroring(seed: 3)
    let draws = (0..<100).map { step in (0..<100).map { mirroring.applies(step: step, sample: UInt32($0)) } }
    let count = draws.reduce(0) { $0 + $1.count { $0 } }
    // 10,000 fair coins: deviation 50.
    #expect(abs(count - 5_000) < 250)
    for k in 0..<100 {
      // 100 fair coins: deviation 5.
      #expect(abs(draws[k].count { $0 } - 50) < 25)
      #expect(abs(draws.count { $0[k] } - 50) < 25)
    }
    #expect(Set(draws).count == 100)
  }

  @Test("the seed alone decides, and another seed decides otherwise")
  func seeds() {
    let draw = { (seed: UInt64) in (0..<64).map { Mirroring(seed: seed).applies(step: 7, sample: $0) } }
    #expect(draw(1) == draw(1))
    #expect(draw(1) != draw(2))
  }
}
