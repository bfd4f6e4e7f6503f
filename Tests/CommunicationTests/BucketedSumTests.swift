import Tensors
import Testing

@testable import Communication

struct BucketedSumTests {
  @Test("slices cover every value once and start at cache lines", arguments: 1...9)
  func slices(size: Int) {
    for count in [0, 1, 15, 16, 17, 100, 1000, 75_001] {
      let slices = (0..<size).map { BucketedSum.slice(of: count, rank: $0, size: size) }
      #expect(slices.flatMap { Array($0) } == Array(0..<count))
      #expect(slices.allSatisfy { $0.lowerBound % 16 == 0 || $0.isEmpty })
      // A share differs from the average by less than two lines.
      #expect(slices.allSatisfy { abs($0.count - count / size) <= 32 })
    }
  }

  /// A rail whose sums double what one rank brings, complete when they are asked for the second time.
  private final class SlowRail: Rail {
    let slots: Int
    var asked: [Int]
    var under: [UnsafeMutableBufferPointer<Float>?]
    private(set) var most = 0

    init(slots: Int) {
      self.slots = slots
      asked = Array(repeating: 0, count: slots)
      under = Array(repeating: nil, count: slots)
    }

    func start(_ values: UnsafeMutableBufferPointer<Float>, slot: Int) {
      #expect(under[slot] == nil, "slot \(slot) is taken")
      (under[slot], asked[slot]) = (values, 0)
      most = max(most, under.count { $0 != nil })
    }

    func isComplete(slot: Int) -> Bool {
      asked[slot] += 1
      guard asked[slot] > 1 else { return false }
      for index in under[slot]?.indices ?? 0..<0 { under[slot]?[index] *= 2 }
      under[slot] = nil
      return true
    }
  }

  @Test("buckets go over the rail in order, no more at a time than it has slots, and none is missing at the end")
  func rail() throws {
    let count = 1000
    let buckets = [640..<1000, 320..<640, 160..<320, 0..<160]
    let memory = MemoryBlock(byteCount: 4 * count)
    let counters = MemoryBlock(byteCount: BucketedSum.counterBytes(ranks: 1))
    let rail = SlowRail(slots: 2)
    let sum = BucketedSum(
      place: BucketedSum.Place(rank: 0, size: 1, leaders: 1),
      blocks: [memory.floats.baseAddress!], counters: counters.address, buckets: buckets, rail: rail)
    sum.normCount = 700
    for round in 1...3 {
      for index in 0..<count { memory.floats[index] = Float(index % 5 + round) }
      for bucket in buckets {
        try sum.start()
        #expect(sum.isUnderWay, "\(bucket) cannot be complete yet")
      }
      #expect(!sum.isComplete)
      while !sum.isComplete { try sum.poll() }
      #expect((0..<count).allSatisfy { memory.floats[$0] == 2 * Float($0 % 5 + round) })
      let norm = (0..<700).reduce(0.0) { $0 + 4 * Double(($1 % 5 + round) * ($1 % 5 + round)) }
      #expect(sum.squaredNorm == norm)
    }
    #expect(rail.most == 2)
  }
}
