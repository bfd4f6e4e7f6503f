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
    #expect(sweep(fixed: 1, perImage: 1.0 / 32, sizes).recommended?.batch == 256)
    // Nothing but images: all are as fast.
    #expect(sweep(fixed: 0, perImage: 1, sizes).recommended?.batch == 16)
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
    #expect(bent.recommended?.batch == 16)
  }

  /// Three sizes at 1 ms a 10 images, of which one was measured as told.
  private func sweep(visits: [Double], coreShare: Double = 1) -> BatchSweep {
    BatchSweep(
      points: [
        .init(batch: 10, visits: [1, 1.01, 1.02], memoryBytes: 1), .init(batch: 20, visits: visits, memoryBytes: 1),
        .init(batch: 40, visits: [4.1, 4, 4], memoryBytes: 1),
      ], recipe: "test", recipeBatch: 20, ranks: 1, threads: 1, coreShare: coreShare)
  }

  @Test("one disturbed visit of three changes nothing: two agree")
  func disturbedOnce() {
    let sweep = sweep(visits: [2.02, 9, 2])
    #expect(sweep.isTrustworthy && sweep.doubts == [])
    #expect(sweep.points[1].milliseconds == 2 && abs(sweep.points[1].spread - 0.01) < 1e-9)
    #expect(sweep.recommended?.batch == 10)
  }

  @Test("visits that do not agree, or cores that others use, are told, and nothing is recommended")
  func noise() {
    let unsteady = sweep(visits: [6, 9, 2])
    #expect(unsteady.recommended == nil)
    #expect(unsteady.doubts == ["20: 3 measurements do not agree; the two best differ by 200 %"])
    let busy = sweep(visits: [2, 2, 2], coreShare: 0.55)
    #expect(busy.recommended == nil)
    #expect(
      busy.doubts == ["a rank had its core for 55 % of the time only: other programs run on this machine"])
  }

  @Test("sizes in doubt are those that two visits, a larger batch's time or a smaller one's rate contradict")
  func doubtful() {
    let points = { (milliseconds: [[Double]]) in
      zip([16, 32, 64, 128], milliseconds).map { BatchSweep.Point(batch: $0, visits: $1, memoryBytes: 1) }
    }
    #expect(BatchSweep.doubtful(points([[1, 1], [2, 2.1], [4, 4], [8, 8]])) == [])
    #expect(BatchSweep.doubtful(points([[1, 1], [2, 2.5], [4, 4], [8, 8]])) == [1])
    // A larger batch is done sooner: the smaller one was disturbed.
    #expect(BatchSweep.doubtful(points([[1, 1], [5, 5], [4, 4], [8, 8]])) == [1])
    // 16,000, 16,000, 3,200, 640 images a second.
    #expect(BatchSweep.doubtful(points([[1, 1], [2, 2], [20, 20], [200, 200]])) == [2, 3])
  }
}
