import Communication
import Kernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Looks at a run's machines, network and places: `lockstep doctor`.
public struct Examination {
  /// Rank 0's: what was found, those that concern the whole run first.
  public let findings: [Finding]
  public let rankCount: Int
  public let nodeNames: [String]
  /// The same on every rank.
  public let hasProblem: Bool

  /// Collective; a few seconds.
  ///
  /// - Parameters:
  ///   - cpus: that this rank could use before its team was made: a team may stay on fewer.
  ///   - output: where a run would write; a directory that does not exist yet is not made.
  ///   - timeLeft: what the batch job has, as rank 0 knows it.
  public init(
    on communicator: any Communicator, team: ThreadTeam, cpus: [Int], output: String, timeLeft: TimeLeft?
  ) throws(CommunicationError) {
    var facts = RankFacts()
    facts.host = SystemText.hostName
    facts.machine = SystemText.line(of: "/proc/sys/kernel/random/boot_id") ?? facts.host
    facts.leader = try Self.leader(communicator)
    if communicator.nodeRank == 0 { facts.program = Self.programDigest() }
    facts.launch = .read(communicator: communicator)
    facts.memory = .read(sharedFree: SharedMemorySpace.freeBytes())
    facts.processor = .read(cpus: cpus, threads: team.count)
    facts.network = .read(communicator: communicator)
    facts.output = try OutputProbe(communicator: communicator).examine(output)
    try communicator.barrier()
    // All cores at once, as in a run.
    (facts.processor.gigaflopsPerSecond, facts.processor.coreShare) = ProductSpeed.measure(on: team)
    facts.processor.clockGigahertz = ProductSpeed.measureGigahertz() ?? facts.processor.promisedGigahertz
    try communicator.barrier()
    try facts.network.measureSums(on: communicator)
    try facts.network.readStamps(on: communicator)

    let nodes = Nodes(try Self.gather(facts, on: communicator))
    findings = communicator.rank == 0 ? Judgement.all(nodes, timeLeft: timeLeft) : []
    (rankCount, nodeNames) = (communicator.size, nodes.names)
    hasProblem = try communicator.maximum(of: findings.contains { $0.level == .problem } ? 1 : 0) > 0
  }

  /// The first rank of this one's node. Float32 has all whole numbers to 2²⁴.
  private static func leader(_ communicator: any Communicator) throws(CommunicationError) -> Int {
    var value = communicator.nodeRank == 0 ? Float(communicator.rank) : 0
    try withUnsafeMutablePointer(to: &value) { pointer throws(CommunicationError) in
      try communicator.allReduceSumOnNode(UnsafeMutableBufferPointer(start: pointer, count: 1))
    }
    return Int(value)
  }

  /// Facts of all ranks on rank 0, its own on the others.
  static func gather(_ facts: RankFacts, on communicator: any Communicator) throws(CommunicationError) -> [RankFacts] {
    var text = FactText.write(facts)
    let length = Int(try communicator.maximum(of: Int64(text.count)))
    text += [UInt8](repeating: UInt8(ascii: "\n"), count: length - text.count)
    var all = [UInt8](repeating: 0, count: communicator.rank == 0 ? length * communicator.size : 0)
    try all.withUnsafeMutableBufferPointer { gathered throws(CommunicationError) in
      try text.withUnsafeBufferPointer { bytes throws(CommunicationError) in
        try communicator.gather(
          UnsafeRawBufferPointer(bytes), into: communicator.rank == 0 ? UnsafeMutableRawBufferPointer(gathered) : nil,
          at: 0)
      }
    }
    guard communicator.rank == 0 else { return [facts] }
    return (0..<communicator.size).map { FactText.read(all[$0 * length..<($0 + 1) * length]) }
  }

  /// Empty where the file cannot be read.
  private static func programDigest() -> String {
    let file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return "" }
    defer { _ = close(file) }
    var digest = Digest()
    var part = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = read(file, &part, part.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { return "" }
      guard count > 0 else { return String(digest.value, radix: 16) }
      part.withUnsafeBytes { digest.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }
  }
}
