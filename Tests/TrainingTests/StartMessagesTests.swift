import Communication
import Datasets
import Tensors
import Testing

@testable import Training

/// What a rank takes part in until its run can begin, by kind. MPI makes each of these a tree of log N messages.
private final class CountingCommunicator: Communicator {
  private let inner: InProcessCommunicator
  private(set) var counts: [String: Int] = [:]
  init(_ inner: InProcessCommunicator) { self.inner = inner }

  private func count(_ name: String) { counts[name, default: 0] += 1 }

  var rank: Int { inner.rank }
  var size: Int { inner.size }
  var nodeRank: Int { inner.nodeRank }
  var nodeSize: Int { inner.nodeSize }
  var notes: [String] { inner.notes }
  var pulse: Pulse { inner.pulse }
  var isSumUnderWay: Bool { inner.isSumUnderWay }

  func allReduceSum(_ values: UnsafeMutableBufferPointer<Float>) throws(CommunicationError) {
    count("sum")
    try inner.allReduceSum(values)
  }
  func allReduceSum(_ values: UnsafeMutableBufferPointer<Double>) throws(CommunicationError) {
    count("sum")
    try inner.allReduceSum(values)
  }
  func allReduceMaximum(_ values: UnsafeMutableBufferPointer<Int64>) throws(CommunicationError) {
    count("maximum")
    try inner.allReduceMaximum(values)
  }
  func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws(CommunicationError) {
    count("broadcast")
    try inner.broadcast(bytes, from: root)
  }
  func gather(
    _ bytes: UnsafeRawBufferPointer, into gathered: UnsafeMutableRawBufferPointer?, at root: Int
  ) throws(CommunicationError) {
    count("gather")
    try inner.gather(bytes, into: gathered, at: root)
  }
  func barrier() throws(CommunicationError) {
    count("barrier")
    try inner.barrier()
  }
  func makeReducibleBlock(
    floatCount: Int, buckets: [Range<Int>], settings: ReductionSettings
  ) throws(CommunicationError) -> ReducibleBlock {
    count("block")
    return try inner.makeReducibleBlock(floatCount: floatCount, buckets: buckets, settings: settings)
  }
  func progress() throws(CommunicationError) { try inner.progress() }
  func close() throws(CommunicationError) { inner.close() }
  func abort(exitCode: Int32) -> Never { inner.abort(exitCode: exitCode) }
}

struct StartMessagesTests {
  @Test("what a rank takes part in at start does not grow with the number of ranks")
  func counts() throws {
    let recipe = try Recipe(yaml: Recipe.embedded(named: "digits-dense").yaml, origin: "digits-dense")
    let perSize = try [2, 4, 8].map { ranks in
      try InProcessCommunicator.run(ranks: ranks) { inner in
        let communicator = CountingCommunicator(inner)
        let dataset = try recipe.loadDataset(on: communicator)
        let trainer = try Trainer(recipe: recipe, dataset: dataset, communicator: communicator)
        try trainer.runIteration()
        return communicator.counts
      }
    }
    for counts in perSize { #expect(counts.allSatisfy { $0 == perSize[0][0] }, "\(counts)") }
    // A gather's messages are a tree, but what arrives at rank 0 grows with the ranks.
    #expect(perSize[0][0]["gather"] == nil)
    #expect((perSize[0][0]["maximum"] ?? 0) > 0)
  }

  @Test("what all ranks shall know of each comes without a message from every rank to the first", arguments: 1...4)
  func gathering(ranks: Int) throws {
    let found = try InProcessCommunicator.run(ranks: ranks) { inner in
      let communicator = CountingCommunicator(inner)
      let rank = Int64(inner.rank)
      let wide = try communicator.allGather(SIMD3<Int64>(-rank, .max - rank, .min))
      let narrow = try communicator.allGather(UInt8(200 + rank))
      #expect(communicator.counts == ["maximum": 2])
      return (wide, narrow)
    }
    for (wide, narrow) in found {
      #expect(wide == (0..<Int64(ranks)).map { SIMD3(-$0, .max - $0, .min) })
      #expect(narrow == (0..<ranks).map { UInt8(200 + $0) })
    }
  }

  @Test("ranks of a node see the images of its first rank, and their digest")
  func data() throws {
    let recipe = try Recipe(yaml: Recipe.embedded(named: "digits-dense").yaml, origin: "digits-dense")
    let alone = try recipe.loadDataset(on: SoloCommunicator())
    let found = try InProcessCommunicator.run(ranks: 3) { communicator in
      let dataset = try recipe.loadDataset(on: communicator)
      #expect(dataset.isOfNode && dataset.name == "digits" && dataset.classNames.count == 10)
      let trainer = try Trainer(recipe: recipe, dataset: dataset, communicator: communicator)
      return (trainer.dataFingerprint, (0..<1_500).map { dataset.training.bytes(at: $0) })
    }
    let fingerprint = try Trainer(recipe: recipe, dataset: alone, communicator: SoloCommunicator()).dataFingerprint
    for (rank, found) in found.enumerated() {
      #expect(found.0 == fingerprint, "rank \(rank)")
      #expect(found.1 == (0..<1_500).map { alone.training.bytes(at: $0) })
    }
  }

  @Test("data that ranks read for themselves are still compared")
  func different() throws {
    let recipe = try Recipe(yaml: Recipe.embedded(named: "digits-dense").yaml, origin: "digits-dense")
    let dataset = Digits.load(resolution: Resolution(height: 16, width: 16))
    let error = #expect(throws: CommunicationError.self) {
      try InProcessCommunicator.run(ranks: 2) { communicator in
        let own = Dataset(
          name: dataset.name, classNames: dataset.classNames,
          training: dataset.training[communicator.rank..<1_499 + communicator.rank], test: dataset.test)
        _ = try Trainer(recipe: recipe, dataset: own, communicator: communicator)
      }
    }
    #expect(error?.description.contains("the training images differs between ranks") == true, "\(error as Any)")
  }
}
