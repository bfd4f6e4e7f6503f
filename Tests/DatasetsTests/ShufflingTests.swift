import Tensors
import Testing

@testable import Datasets

@Suite struct ShufflingTests {
  @Test("every epoch shows every image once, in another order")
  func epochs() {
    var shuffling = Shuffling(count: 101, seed: 7)
    let first = (0..<101).map { shuffling.index(at: $0) }
    let second = (101..<202).map { shuffling.index(at: $0) }
    #expect(first.sorted() == Array(0..<101) && second.sorted() == Array(0..<101))
    #expect(first != second && first != Array(0..<101))
    #expect((0..<101).map { shuffling.index(at: $0) } == first)
  }

  @Test("the order is Fisher–Yates over the stream's whole numbers")
  func slowWay() {
    let stream = RandomStream(seed: 99, purpose: .shuffling)
    for (epoch, count) in [(0, 1), (0, 2), (3, 17), (1 << 33, 50)] {
      var expected = Array(0..<count)
      for i in (0..<count).reversed() where i > 0 {
        expected.swapAt(
          i, stream.integer(below: i + 1, iteration: UInt64(epoch), sample: 0, position: UInt32(i)))
      }
      var shuffling = Shuffling(count: count, seed: 99)
      #expect((0..<count).map { shuffling.index(at: epoch * count + $0) } == expected)
    }
  }

  @Test("places are uniform: image 0 comes to each of 10 places about equally often")
  func uniform() {
    var shuffling = Shuffling(count: 10, seed: 5)
    var seen = [Int](repeating: 0, count: 10)
    for position in 0..<20_000 where shuffling.index(at: position) == 0 { seen[position % 10] += 1 }
    // 200 expected, standard deviation 13.4; five of them.
    #expect(seen.allSatisfy { abs($0 - 200) < 67 })
  }
}
