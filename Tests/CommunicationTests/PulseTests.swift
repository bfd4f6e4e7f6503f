import Testing

@testable import Communication

struct PulseTests {
  private static func readings(_ pulse: Pulse) -> [PulseReading] {
    var readings = [PulseReading](repeating: PulseReading(), count: pulse.size)
    readings.withUnsafeMutableBufferPointer { pulse.board.read(into: $0) }
    return readings
  }

  @Test("beats and activities are seen by all ranks")
  func work() throws {
    let group = InProcessCommunicator.makeGroup(size: 3)
    group[2].pulse.enter(.generatorStep, iteration: 1 << 40)
    for _ in 0..<5 { group[2].pulse.beat() }
    let seen = Self.readings(group[0].pulse)
    #expect(seen[2].activity == .generatorStep && seen[2].iteration == 1 << 40)
    // The entries into the start and the step count as well.
    #expect(seen.map(\.beats) == [1, 1, 7])
    #expect(seen[0].activity == .starting && seen[0].arrivals == 0 && seen[0].collective == nil)
  }

  @Test("who waits is in the collective, who has not come is an arrival behind", arguments: 2...4)
  func arrivals(ranks: Int) throws {
    let views = try InProcessCommunicator.run(ranks: ranks) { communicator -> [PulseReading] in
      try communicator.barrier()
      guard communicator.rank == ranks - 1 else {
        let block = try communicator.makeReducibleBlock(floatCount: 8)
        try block.allReduceSum()
        return []
      }
      while Self.readings(communicator.pulse).contains(where: { $0.arrivals == 1 && $0.collective == .barrier })
        || Self.readings(communicator.pulse).filter({ $0.arrivals == 2 }).count < ranks - 1
      {}
      let view = Self.readings(communicator.pulse)
      let block = try communicator.makeReducibleBlock(floatCount: 8)
      try block.allReduceSum()
      return view + Self.readings(communicator.pulse)[(ranks - 1)...]
    }
    let view = views[ranks - 1]
    #expect(view[..<(ranks - 1)].allSatisfy { $0.arrivals == 2 && $0.collective == .sharing })
    #expect(view[ranks - 1].arrivals == 1 && view[ranks - 1].collective == nil)
    #expect(view[ranks].arrivals == 3 && view[ranks].collective == nil)
  }

  @Test("of collectives inside collectives the outermost counts")
  func nested() {
    let pulse = Pulse(rank: 0, size: 1)
    pulse.arrive(at: .gradientSum)
    pulse.arrive(at: .sum)
    #expect(Self.readings(pulse)[0].collective == .gradientSum)
    pulse.leave()
    #expect(Self.readings(pulse)[0].collective == .gradientSum && Self.readings(pulse)[0].arrivals == 1)
    pulse.leave()
    #expect(Self.readings(pulse)[0].collective == nil && Self.readings(pulse)[0].arrivals == 1)
  }

  @Test("signs of life move into shared memory and out of it, with what was seen of the others")
  func move() {
    let pulses = (0..<2).map { Pulse(rank: $0, size: 2) }
    pulses[0].enter(.planning, iteration: 3)
    let shared = UnsafeMutableRawPointer.allocate(byteCount: PulseBoard.byteCount(ranks: 2), alignment: 128)
    shared.initializeMemory(as: UInt8.self, repeating: 0, count: PulseBoard.byteCount(ranks: 2))
    for pulse in pulses { pulse.move(to: shared) }
    pulses[1].enter(.checkpoint, iteration: 4)
    #expect(Self.readings(pulses[0]).map(\.activity) == [.planning, .checkpoint])
    for pulse in pulses { pulse.move(to: nil) }
    shared.deallocate()
    pulses[0].beat()
    #expect(Self.readings(pulses[0]).map(\.iteration) == [3, 4])
    #expect(Self.readings(pulses[0])[0].beats == 3 && Self.readings(pulses[1])[0].beats == 2)
  }
}
