extension Judgement {
  /// Whether all nodes run the same program.
  static func program(_ nodes: Nodes) -> [Finding] {
    let first = nodes.first.program
    let others = nodes.all.filter { $0.first.program != first && !$0.first.program.isEmpty }.map(\.name)
    guard !others.isEmpty, !first.isEmpty else { return [] }
    return [
      Finding(
        .problem, "program", nodes: others, "the program's file is not that of rank 0",
        remedy: "copy one file to all nodes: ranks of different versions do not fit together")
    ]
  }

  /// The MPI library: found, the same everywhere, and the one that the program was built for.
  static func library(_ nodes: Nodes) -> [Finding] {
    let first = nodes.first.launch.library
    return nodes.findings("MPI") { node in
      let launch = node.first.launch
      let name = plain(launch.library)
      guard launch.library == first else {
        return .problem(
          "\(name), but rank 0 has \(plain(first))",
          remedy: "install the same MPI on all nodes, or set LD_LIBRARY_PATH to it")
      }
      guard launch.builtFor.isEmpty || launch.builtFor == launch.library else {
        return .warning(
          "\(name), but the program was built for \(plain(launch.builtFor))",
          remedy: "mostly they fit; where anything is odd, build with the MPI of the nodes")
      }
      return .ok(name)
    }
  }

  /// `MPICH Version:⇥4.0.2` is MPICH 4.0.2.
  private static func plain(_ library: String) -> String {
    library.split { $0 == "\t" || $0 == " " }.filter { $0 != "Version:" }.joined(separator: " ")
  }

  /// Who started the ranks, how many, on how many slots.
  static func launch(_ nodes: Nodes) -> [Finding] {
    let (facts, nodeCount) = (nodes.first.launch, nodes.all.count)
    guard !facts.launcher.isEmpty else {
      return [
        Finding(
          .ok, "launch",
          "one process, without mpirun; to examine several: cluster/run.sh -n 2 -- doctor, over nodes: "
            + "cluster/run.sh -n N --hostfile nodes.txt -- doctor")
      ]
    }
    let text =
      "\(Quantity.count(nodes.rankCount, "rank")) on \(Quantity.count(nodeCount, "node")), started by \(facts.launcher)"
    if facts.slots > 0, nodes.rankCount > facts.slots {
      return [
        Finding(
          .warning, "launch", "\(text): more than its \(Quantity.count(facts.slots, "slot"))",
          remedy: "use at most \(Quantity.count(facts.slots, "rank")), or give nodes with more cores more slots "
            + "(hostfile: slots=)")
      ]
    }
    if facts.allocatedNodes > nodeCount {
      return [
        Finding(
          .warning, "launch",
          "\(text), but \(facts.scheduler) job \(facts.job) has \(Quantity.count(facts.allocatedNodes, "node"))",
          remedy: "start more ranks, spread over all nodes, or ask for fewer nodes")
      ]
    }
    return [Finding(.ok, "launch", facts.slots > 0 ? "\(text); \(Quantity.count(facts.slots, "slot"))" : text)]
  }

  /// Ranks that take turns must give up their core while they wait.
  static func yielding(_ nodes: Nodes) -> [Finding] {
    nodes.findings("waiting") { node in
      let machine = nodes.all.filter { $0.first.machine == node.first.machine }
      let threads = machine.reduce(0) { $0 + $1.threads }
      let cores = Set(machine.flatMap { $0.facts.flatMap(\.processor.cores) }).count
      guard node.first.launch.yields == 0, cores > 0, threads > cores else { return nil }
      return .warning(
        "MPI spins while it waits, and \(threads) threads take turns on \(Quantity.count(cores, "core")): start and "
          + "end take long",
        remedy: "mpirun --mca mpi_yield_when_idle 1 (cluster/run.sh --oversubscribe does)")
    }
  }

  /// The scheduler and what is left of the job's time.
  static func scheduler(_ nodes: Nodes, _ timeLeft: TimeLeft?) -> [Finding] {
    let facts = nodes.first.launch
    let job = facts.scheduler.isEmpty ? "none found" : "\(facts.scheduler) job \(facts.job)"
    guard let timeLeft else {
      guard !facts.scheduler.isEmpty else { return [Finding(.ok, "scheduler", "\(job); no time limit")] }
      return [
        Finding(
          .warning, "scheduler", "\(job); when its time ends is not known",
          remedy: "set LOCKSTEP_END_TIME (seconds since 1970) before mpirun, as the scripts in cluster/ do, or use "
            + "--time-limit")
      ]
    }
    let text = "\(job); \(Quantity.duration(max(0, timeLeft.seconds))) left (\(timeLeft.origin))"
    guard timeLeft.seconds < 300 else { return [Finding(.ok, "scheduler", text)] }
    return [
      Finding(
        timeLeft.seconds <= 0 ? .problem : .warning, "scheduler", text,
        remedy: "a run would stop soon after its start: ask for more time"
          + (timeLeft.seconds <= 0 ? ", or correct the variable" : ""))
    ]
  }
}

/// When the job must have ended.
public struct TimeLeft: Sendable {
  public var seconds: Double
  /// What tells so.
  public var origin: String

  public init(seconds: Double, origin: String) { (self.seconds, self.origin) = (seconds, origin) }
}
