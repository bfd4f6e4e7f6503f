import Communication

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How many files behind MPI's shared memory have names while all ranks have them mapped.
func countNamedSegments(_ communicator: any Communicator) throws(CommunicationError) -> Int32 {
  try communicator.barrier()
  var (named, line) = (0, [CChar](repeating: 0, count: 4096))
  if let maps = fopen("/proc/self/maps", "r") {
    while fgets(&line, Int32(line.count), maps) != nil {
      named += strstr(line, "/vader_segment.") != nil && strstr(line, " (deleted)") == nil ? 1 : 0
    }
    fclose(maps)
  }
  let counts = try communicator.allGather(named)
  if communicator.rank == 0 {
    say("\(communicator.size) ranks of one node have \(counts.reduce(0, +)) files with a name")
  }
  try communicator.close()
  return 0
}
