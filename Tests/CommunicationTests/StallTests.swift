import Testing

@testable import Communication

struct StallTests {
  private static func reading(
    _ activity: Activity?, _ iteration: Int, arrivals: UInt64, _ collective: Collective? = nil, hasEnded: Bool = false
  ) -> PulseReading {
    PulseReading(
      work: UInt64(iteration) << 8 | UInt64(activity?.rawValue ?? 0),
      presence: arrivals << 8 | UInt64(collective?.rawValue ?? 0), hasEnded: hasEnded)
  }

  private func describe(_ readings: [PulseReading], rank: Int? = nil, capacity: Int = 1024) -> String {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 1)
    defer { memory.deallocate() }
    return readings.withUnsafeBufferPointer { readings in
      let stall = Stall(readings)
      var line = LineBuffer(memory)
      stall.describe(rank: rank ?? stall.speaker, seconds: 30.1, in: &line)
      return String(decoding: line.bytes, as: UTF8.self)
    }
  }

  private func speaker(_ readings: [PulseReading]) -> Int { readings.withUnsafeBufferPointer { Stall($0).speaker } }
  private func patience(_ readings: [PulseReading]) -> Double {
    readings.withUnsafeBufferPointer { Stall($0).patience }
  }

  private static let waiting = reading(.discriminatorStep, 118, arrivals: 7, .gradientSum)
  private static let behind = reading(.generatorStep, 117, arrivals: 6)

  @Test("the lowest rank that has arrived speaks and names those behind")
  func behind() {
    #expect(
      describe([Self.waiting, Self.behind])
        == "lockstep: rank 0: no progress for 30 s in the sum of gradients (discriminator step, iteration 118); "
        + "not arrived: rank 1 (last seen in the generator step, iteration 117)\n")
    #expect(
      describe([Self.waiting, Self.reading(.idle, 8, arrivals: 6, .maximum)])
        .hasSuffix("not arrived: rank 1 (last seen in the maximum, time between steps, iteration 8)\n"))
    let inBarrier = Self.reading(.evaluation, 100, arrivals: 5, .barrier)
    #expect(
      describe([Self.behind, Self.waiting, inBarrier, Self.waiting])
        == "lockstep: rank 1: no progress for 30 s in the sum of gradients (discriminator step, iteration 118); "
        + "not arrived: rank 0 (last seen in the generator step, iteration 117), "
        + "rank 2 (last seen in the barrier, evaluation, iteration 100)\n")
  }

  @Test("planning is waited for longer, but not a kernel that runs meanwhile")
  func kernels() {
    let planning = Self.reading(.planning, 0, arrivals: 3)
    var running = planning
    running.work |= PulseReading.kernels
    #expect(patience([planning]) == 10 && patience([running]) == 1)
    #expect(running.activity == .planning && running.iteration == 0)
    // Whoever is slowest counts.
    #expect(patience([running, planning]) == 10)
  }

  @Test("a rank that hangs in its own work says so, and who waits for it")
  func own() {
    #expect(
      describe([Self.waiting, Self.behind], rank: 1)
        == "lockstep: rank 1: no progress for 30 s in its own work (generator step, iteration 117); "
        + "waiting for it: rank 0 (in the sum of gradients)\n")
    #expect(
      describe([Self.behind])
        == "lockstep: rank 0: no progress for 30 s in its own work (generator step, iteration 117)\n")
  }

  @Test("a rank that has left the collective and hangs outside is the one missing")
  func left() {
    let outside = Self.reading(.sampling, 118, arrivals: 7)
    #expect(speaker([outside, Self.waiting]) == 1)
    #expect(
      describe([outside, Self.waiting]).hasSuffix("arrived: rank 0 (last seen in the sampling, iteration 118)\n"))
  }

  @Test("where all are inside, MPI or the network hangs")
  func allInside() {
    #expect(
      describe([Self.waiting, Self.waiting]).hasSuffix(
        "(discriminator step, iteration 118); "
          + "all ranks have arrived: MPI or the network hangs\n"))
  }

  @Test("a rank of which nothing was heard is named as such; one that has left in order is not missed")
  func unknown() {
    #expect(
      describe([Self.waiting, Self.reading(nil, 0, arrivals: 0)]).hasSuffix("not arrived: rank 1 (never heard of)\n"))
    let ended = Self.reading(.closing, 1, arrivals: 9, hasEnded: true)
    #expect(speaker([ended, Self.waiting]) == 1)
    #expect(!describe([Self.waiting, ended, Self.behind]).contains("rank 1"))
  }

  @Test("of many ranks the first eight are named; a line too long is cut off")
  func many() {
    let line = describe([Self.waiting] + Array(repeating: Self.behind, count: 20))
    #expect(line.hasSuffix("rank 8 (last seen in the generator step, iteration 117), 12 more\n"))
    #expect(describe([Self.waiting, Self.behind], capacity: 20) == "lockstep: rank 0: no")
  }

  @Test("work that cannot beat is given ten times the timeout, while it is not in a collective")
  func patience() {
    #expect(patience([Self.waiting, Self.behind]) == 1)
    #expect(patience([Self.waiting, Self.reading(.planning, 0, arrivals: 6)]) == 10)
    #expect(patience([Self.waiting, Self.reading(.planning, 0, arrivals: 6, .barrier)]) == 1)
    #expect(patience([Self.waiting, Self.reading(.planning, 0, arrivals: 6, hasEnded: true)]) == 1)
  }

  @Test("every activity and collective keeps its number and has its own words")
  func words() {
    #expect(Set(Activity.allCases.map { "\($0.words)" }).count == Activity.allCases.count)
    #expect(Set(Collective.allCases.map { "\($0.words)" }).count == Collective.allCases.count)
    #expect(Activity.allCases.map(\.rawValue) == Array(1...12))
  }
}
