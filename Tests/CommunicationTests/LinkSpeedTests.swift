import Testing

@testable import Communication

struct LinkSpeedTests {
  @Test("all ranks find the same, a way that was tried and a speed that makes sense")
  func agreement() throws {
    let found = try InProcessCommunicator.run(ranks: 3) { try LinkSpeed.measure(over: $0) }
    #expect(found.allSatisfy { $0 == found[0] })
    #expect(LinkSpeed.candidates.contains(found[0].settings))
    #expect(found[0].latencySeconds > 0 && found[0].bytesPerSecond > 0)
    #expect(found[0].seconds(bytes: 1 << 20) > found[0].seconds(bytes: 1 << 10))
  }
}
