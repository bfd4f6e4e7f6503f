import Communication
import Kernels
import Testing

@testable import Diagnostics

struct NodesTests {
  @Test("facts arrive as they were sent, whatever a model name holds")
  func transport() {
    var facts = Made.rank(3, cpus: [0, 5, 7])
    facts.processor.model = "a = b / c"
    facts.network.stamps = [1.7e9 + 0.123456789, 0.1]
    facts.launch.library = "MPICH Version:\t4.0.2"
    var sent = FactText.write(facts)
    sent += Array("\n\n\n".utf8)
    let read: RankFacts = FactText.read(sent)
    var expected = facts
    expected.launch.library = "MPICH Version: 4.0.2"
    #expect(read == expected)
    // Another version's facts.
    let other: RankFacts = FactText.read(Array("host=a\nfuture=1\nthreads=x\n".utf8))
    #expect(other.host == "a" && other.processor.threads == 1)
  }

  @Test("rank 0 gets the facts of all ranks in their order, of different lengths")
  func gathering() throws {
    let all = try InProcessCommunicator.run(ranks: 3) { communicator in
      var facts = Made.rank(communicator.rank)
      facts.processor.model = String(repeating: "x", count: 10 * communicator.rank)
      return try Examination.gather(facts, on: communicator)
    }
    #expect(all[0].map(\.host) == ["node0", "node1", "node2"])
    #expect(all[0].map(\.processor.model.count) == [0, 10, 20])
    #expect(all[1].map(\.host) == ["node1"])
  }

  @Test("ranks go to the node that MPI says, in whatever order, and hosts of one name stay apart")
  func grouping() {
    let facts = [Made.rank(0, leader: 0), Made.rank(1, leader: 1), Made.rank(0, leader: 0), Made.rank(1, leader: 3)]
    let nodes = Nodes(facts)
    #expect(nodes.all.map(\.ranks) == [[0, 2], [1], [3]])
    #expect(nodes.names == ["node0", "node1 (rank 1)", "node1 (rank 3)"])
  }

  @Test("names that count up are folded")
  func folding() {
    #expect(Finding.folded(["node1", "node2", "node3", "node7"]) == "node1…node3, node7")
    #expect(Finding.folded(["n09", "n10", "n11"]) == "n09…n11")
    #expect(Finding.folded(["n9", "n10", "n011"]) == "n9, n10, n011")
    #expect(Finding.folded(["a", "b"]) == "a, b")
    #expect(Finding.folded(["7", "8", "9"]) == "7…9")
    let many = (0..<20).map { "node\(2 * $0)" }
    #expect(Finding.folded(many).hasSuffix("node14 and others: 20 nodes"))
  }

  @Test("nodes of which the same is said share a finding")
  func sharing() {
    let nodes = Nodes((0..<4).map { Made.rank($0) })
    #expect(Judgement.processor(nodes).map(\.nodes) == [["node0", "node1", "node2", "node3"]])
    let found = nodes.findings("parity") { $0.ranks[0] == 2 ? .warning("odd", remedy: "do") : .ok("fine") }
    #expect(found.map(\.nodes) == [["node0", "node1", "node3"], ["node2"]])
  }

  @Test(
    "numbers read well",
    arguments: [
      (0.0000012, "1.20 µs"), (0.0123, "12.3 ms"), (1.5, "1.50 s"), (119, "119 s"), (600, "10 min"), (9000, "2.50 h"),
    ])
  func durations(seconds: Double, text: String) {
    #expect(Quantity.duration(seconds) == text)
    #expect(Quantity.number(-1.005) == "-1.01" || Quantity.number(-1.005) == "-1.00")
    #expect(Quantity.number(99.96) == "100" && Quantity.number(9.999) == "10.0")
  }

  @Test("this machine's facts are found")
  func here() {
    let facts = ProcessorFacts.read(cpus: ThreadPlacement.allowedCPUs, threads: 1)
    #expect(!facts.cpus.isEmpty && facts.cores.count == facts.cpus.count && facts.machineCPUs >= facts.cpus.count)
    #expect(!facts.core.isEmpty && !facts.level.isEmpty)
    let memory = MemoryFacts.read(sharedFree: nil)
    #expect(memory.total > 1 << 20 && memory.free > 0 && memory.free <= memory.total)
  }
}
