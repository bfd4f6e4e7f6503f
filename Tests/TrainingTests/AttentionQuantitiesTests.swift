import Testing

@testable import Training

@Suite struct AttentionQuantitiesTests {
  private func findings(_ observed: [String: Double], progress: Double = 1) -> [String] {
    AttentionQuantities(observed.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }).findings(progress: progress)
  }

  @Test("a mean pool, an identity and a closed gate are told, each with its layers")
  func found() {
    #expect(findings(["g/attention/entropy": 0.5, "g/attention/ownWeight": 0.5, "g/attention/gate": 0.2]) == [])
    let pooled = findings(["g/attention/entropy": 0.99, "d/attention/entropy": 0.995])
    #expect(pooled.count == 1 && pooled[0].hasPrefix("d/attention, g/attention: the weights have over 98 %"))
    #expect(findings(["g/a/entropy": 0.99, "g/a/gate": 0.5]) == [], "a gate keeps what the mean loses")
    let identity = findings(["g/a/entropy": 0, "g/a/ownWeight": 0.99, "d/a/ownWeight": 0.9])
    #expect(identity.count == 1 && identity[0].hasPrefix("g/a: over 98 % of the weight stays"))
    #expect(findings(["g/a/gate": -0.0005], progress: 0.4) == [])
    #expect(findings(["g/a/gate": -0.0005], progress: 0.5).first?.contains("gate is still closed") == true)
    #expect(findings(["g/a/gate": .nan, "g/a/entropy": .nan, "g/a/ownWeight": .nan]) == [])
  }
}
