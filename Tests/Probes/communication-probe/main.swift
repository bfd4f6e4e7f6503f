import Communication

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

// What CommunicationTests run under mpirun, and the command that measures all-reduces:
//
//     mpirun -n 2 communication-probe measure 307200
//     mpirun -n 2 communication-probe measure-norm

/// Writes one line at once, so that lines of several ranks do not mix.
func say(_ line: String) {
  let text = line + "\n"
  let written = text.utf8.withContiguousStorageIfAvailable { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
  precondition(written == text.utf8.count, "cannot write to standard output")
}

func run(_ arguments: [String]) -> Int32 {
  do {
    let reduction = arguments.contains("library") ? GradientReduction.library : .automatic
    if arguments.first == "clocks" { return try checkClocks() }
    if arguments.first == "stall" { return try stall(Array(arguments.dropFirst())) }
    // As if every machine ran so many ranks.
    let ranksPerNode = arguments.firstIndex(of: "nodes").flatMap { Int(arguments[$0 + 1]) }
    let communicator: any Communicator =
      if let ranksPerNode { try MPICommunicator(reduction: reduction, ranksPerNode: ranksPerNode) } else {
        try Communicators.make(reduction: reduction)
      }
    switch arguments.first {
    case "check":
      return try checkCollectives(communicator, inRankOrder: reduction == .automatic && ranksPerNode == nil)
    case "buckets": return try checkBuckets(communicator)
    case "unfinished": return try leaveUnfinished(communicator)
    case "traffic": return try countTraffic(communicator)
    case "sharing": return try checkSharing(communicator, isShared: reduction == .automatic)
    case "fail": return try failOnUpperRanks(communicator)
    case "disagree": return try disagree(communicator)
    case "abort": return try abortOnLastRank(communicator)
    case "segments": return try countNamedSegments(communicator)
    case "measure":
      return try measure(communicator, byteCount: arguments.dropFirst().first.flatMap { Int($0) } ?? 307_200)
    case "measure-norm": return try measureNorm(communicator)
    default:
      say(
        """
        usage: communication-probe check|buckets|unfinished|traffic|clocks|sharing|segments [library] [nodes RANKS-PER-NODE]
               communication-probe fail|disagree|abort|measure [BYTES]|measure-norm
               communication-probe stall stop|sleep|first|inside|close|alive [library] [nodes]
        """)
      return 64
    }
  } catch let error as CommunicationError {
    if error.rank == 0 { say("\(error)") }
    return 3
  } catch {
    say("\(error)")
    return 2
  }
}

exit(run(Array(CommandLine.arguments.dropFirst())))
