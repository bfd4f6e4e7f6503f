import Testing

@testable import Training

@Suite struct BatchSweepTests {
  /// Milliseconds of `fixed + perImage · batch`.
  private func sweep(fixed: Double, perImage: Double, _ sizes: [Int]) -> BatchSweep {
    BatchSweep(
      points: sizes.map { .init(batch: $0, milliseconds: fixed + perImage * Double($0), memoryBytes: 1000 * $0) },
      recipe: "test", recipeBatch: 64, ranks: 1, threads: 1)
  }

  @Test("the recommended size is the smallest with nine tenths of the highest rate")
  func recommended() {
    // Rates are batch / (1 + batch / 32): 10.7, 16, 21.3, 25.6, 28.4, 30.1 images a millisecond.
    let sizes = [16, 32, 64, 128, 256, 512]
    #expect(sweep(fixed: 1, perImage: 1.0 / 32, sizes).recommended.batch == 256)
    // Nothing but images: all are as fast.
    #expect(sweep(fixed: 0, perImage: 1, sizes).recommended.batch == 16)
  }

  @Test("throughput that still rises at the largest size is not saturated")
  func saturation() {
    #expect(sweep(fixed: 1, perImage: 1.0 / 32, [16, 32, 64]).saturation == nil)
    #expect(sweep(fixed: 1, perImage: 1.0 / 32, [512, 1024, 2048, 4096]).saturation?.batch == 1024)
    #expect(sweep(fixed: 0, perImage: 1, [16, 32]).saturation?.batch == 16)
  }

  @Test("the limit is what is left of an iteration when its fixed part is spread over ever more images")
  func limit() throws {
    let found = try #require(sweep(fixed: 2, perImage: 0.05, [16, 64, 256]).limit)
    #expect(abs(found - 20_000) < 1)
    // Larger batches that fall out of a cache do not lie on a line: no word about a limit.
    let bent = BatchSweep(
      points: [(16, 1.0), (32, 2.0), (64, 9.0)].map { .init(batch: $0, milliseconds: $1, memoryBytes: 1) },
      recipe: "test", recipeBatch: 64, ranks: 1, threads: 1)
    #expect(bent.limit == nil)
    #expect(bent.recommended.batch == 16)
  }
}
