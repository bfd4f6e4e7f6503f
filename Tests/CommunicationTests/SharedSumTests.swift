import Testing

@testable import Communication

struct SharedSumTests {
  @Test("slices cover every value once and start at cache lines", arguments: 1...9)
  func slices(size: Int) {
    for count in [0, 1, 15, 16, 17, 100, 1000, 75_001] {
      let slices = (0..<size).map { SharedSum.slice(of: count, rank: $0, size: size) }
      #expect(slices.flatMap { Array($0) } == Array(0..<count))
      #expect(slices.allSatisfy { $0.lowerBound % 16 == 0 || $0.isEmpty })
      // A share differs from the average by less than two lines.
      #expect(slices.allSatisfy { abs($0.count - count / size) <= 32 })
    }
  }
}
