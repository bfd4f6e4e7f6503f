import Testing

@testable import Training

@Suite struct ControlRecordTests {
  /// The fields of some ranks, summed as the gradients are.
  private func record(of ranks: [(stop: StopReason?, phase: Int)]) -> (record: ControlRecord, place: Float) {
    var sum = [Float](repeating: 0, count: ControlRecord.Field.allCases.count)
    var own = sum
    for rank in ranks {
      own.withUnsafeMutableBufferPointer { ControlRecord.write(stop: rank.stop, phase: rank.phase, to: $0) }
      for index in sum.indices { sum[index] += own[index] }
    }
    return (ControlRecord { sum[$0.rawValue] }, sum[ControlRecord.Field.place.rawValue])
  }

  @Test("the weightiest request of any rank is everybody's")
  func weightiest() {
    #expect(record(of: [(nil, 1), (nil, 1)]).record.stop == nil)
    #expect(record(of: [(nil, 1), (.timeLimit, 1)]).record.stop == .timeLimit)
    #expect(record(of: [(.timeLimit, 1), (.requeue, 1), (nil, 1)]).record.stop == .requeue)
    #expect(record(of: [(.timeLimit, 1), (.requeue, 1), (.interrupt, 1)]).record.stop == .interrupt)
    #expect(record(of: Array(repeating: (.requeue, 7), count: 4096)).record.stop == .requeue)
  }

  @Test("ranks in different phases show in the sum, however many there are")
  func place() {
    let many = Array(repeating: (stop: StopReason?.none, phase: 123_456_789), count: 4096)
    let expected = 4096 * ControlRecord.number(ofPhase: 123_456_789)
    #expect(record(of: many).place == expected)
    #expect(record(of: many.dropLast() + [(nil, 123_456_790)]).place != expected)
  }
}
