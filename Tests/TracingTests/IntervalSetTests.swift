import Testing

@testable import Tracing

@Suite struct IntervalSetTests {
  @Test("overlapping, touching and nested stretches become one, empty ones nothing")
  func union() {
    let set = IntervalSet([30..<40, 0..<10, 5..<12, 12..<15, 2..<3, 50..<50])
    #expect(set.intervals == [0..<15, 30..<40] && set.length == 25)
    #expect(IntervalSet([]).length == 0)
  }

  @Test("the intersection is what an hour-by-hour comparison finds")
  func intersection() {
    var state: UInt64 = 1
    func random(_ limit: UInt64) -> Int64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int64((state >> 33) % limit)
    }
    for _ in 0..<200 {
      let ranges = (0..<2).map { _ in
        (0..<random(8)).map { _ -> Range<Int64> in
          let start = random(40)
          return start..<start + random(12)
        }
      }
      let common = IntervalSet(ranges[0]).intersection(IntervalSet(ranges[1]))
      let expected = (0..<60 as Range<Int64>).filter { time in ranges.allSatisfy { $0.contains { $0.contains(time) } } }
      #expect(common.length == Int64(expected.count))
      #expect((0..<60 as Range<Int64>).filter { time in common.intervals.contains { $0.contains(time) } } == expected)
    }
  }
}
