import Testing

@testable import Communication

struct ReductionSettingsTests {
  @Test("what is written is read again; what makes no sense is refused")
  func text() {
    for text in ["nodes", "library", "nodes,bucket=65536", "nodes,bucket=4096,inflight=1,split", "nodes,inflight=16"] {
      #expect(ReductionSettings(text)?.description == text)
    }
    #expect(ReductionSettings("nodes,inflight=2")?.description == "nodes")
    for text in [
      "", "Nodes", "nodes,", "nodes,bucket", "nodes,bucket=4095", "nodes,bucket=x", "nodes,inflight=0",
      "nodes,inflight=17", "nodes,split=1", "nodes,fast", " nodes",
    ] {
      #expect(ReductionSettings(text) == nil, "\(text)")
    }
  }

  @Test("buckets cover the block once, start at cache lines, and come in the order in which they are ready")
  func buckets() throws {
    // A network differentiated from its end: what lies first is ready last.
    let sizes = [1600, 16, 33, 4000, 7, 900, 2048, 5]
    var parts: [(offset: Int, ready: Int)] = []
    var end = 0
    for (index, size) in sizes.enumerated() {
      let offset = (end + 15) / 16 * 16
      parts.append((offset, 100 - 10 * index))
      end = offset + size
    }
    for bytes in [4096, 8192, 1 << 20] {
      var settings = ReductionSettings()
      settings.bucketBytes = bytes
      let buckets = settings.buckets(ofParts: parts, floatCount: end)
      #expect(buckets.flatMap { Array($0) }.sorted() == Array(0..<end))
      #expect(buckets.allSatisfy { $0.lowerBound % 16 == 0 })
      #expect(buckets.dropLast().allSatisfy { 4 * $0.count >= bytes })
      // Here the order of readiness is that of the places, backwards.
      #expect(zip(buckets, buckets.dropFirst()).allSatisfy { $0.lowerBound == $1.upperBound })
    }
    #expect(ReductionSettings().buckets(ofParts: parts, floatCount: end) == [0..<end])
  }

  @Test("a bucket is ready with the last of its parts")
  func readiness() {
    var settings = ReductionSettings()
    settings.bucketBytes = 4096
    let parts = [(offset: 0, ready: 1), (offset: 1024, ready: 9), (offset: 2048, ready: 5), (offset: 2560, ready: 7)]
    #expect(settings.buckets(ofParts: parts, floatCount: 3072) == [0..<1024, 2048..<3072, 1024..<2048])
  }
}
