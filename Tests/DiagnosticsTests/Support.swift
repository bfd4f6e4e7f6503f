@testable import Diagnostics

/// A run whose machines are well, to spoil one thing of.
enum Made {
  static func rank(_ node: Int = 0, leader: Int? = nil, cpus: [Int] = [0]) -> RankFacts {
    var facts = RankFacts()
    facts.host = "node\(node)"
    facts.machine = "boot\(node)"
    facts.leader = leader ?? node
    facts.program = "abc"
    facts.processor.model = "A CPU"
    facts.processor.level = "v4"
    (facts.processor.core, facts.processor.usualCore) = ("SkylakeX", "SkylakeX")
    (facts.processor.cpus, facts.processor.cores) = (cpus, cpus)
    facts.processor.machineCPUs = 2
    facts.processor.clockGigahertz = 3
    facts.processor.gigaflopsPerSecond = 180
    facts.processor.coreShare = 1
    (facts.launch.library, facts.launch.builtFor) = ("Open MPI v4.1.4", "Open MPI v4.1.4")
    facts.launch.launcher = "Open MPI's mpirun"
    (facts.launch.slots, facts.launch.yields) = (64, 0)
    facts.network.interfaces = ["eth0 10.0.0.\(node + 1)/24"]
    facts.network.tcpExclude = "lo,sppp"
    facts.network.btl = "^uct"
    facts.network.smallSeconds = 50e-6
    (facts.network.nodeSmallSeconds, facts.network.nodeLargeSeconds) = (1e-6, 1e-3)
    (facts.network.gradientSeconds, facts.network.sumBytes) = (2e-3, 4 << 20)
    facts.network.stamps = [100, 101, 102, 103, 104]
    (facts.memory.total, facts.memory.available, facts.memory.sharedFree) = (16 << 30, 8 << 30, 4 << 30)
    facts.output.path = "/runs"
    facts.output.fileSystem = "nfs4"
    (facts.output.freeBytes, facts.output.writeSeconds) = (100 << 30, 0.01)
    (facts.output.hasLocks, facts.output.seesToken, facts.output.isKeptOut) = (true, true, true)
    return facts
  }

  /// Two nodes of one rank.
  static func pair(_ spoil: (inout RankFacts) -> Void = { _ in }) -> Nodes {
    var facts = [rank(0), rank(1)]
    spoil(&facts[1])
    return Nodes(facts)
  }

  /// One node of two ranks on cores of their own.
  static func node(_ spoil: (inout RankFacts) -> Void = { _ in }) -> Nodes {
    var facts = [rank(0, leader: 0, cpus: [0]), rank(0, leader: 0, cpus: [1])]
    for index in facts.indices { spoil(&facts[index]) }
    return Nodes(facts)
  }
}

extension [Finding] {
  /// Those that are not well.
  var complaints: [Finding] { filter { $0.level != .ok } }
}
