import Communication

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A run with a watchdog of 2 seconds in which something hangs. Every rank prints its process id first.
///
/// - stop, sleep: rank 1 is suspended, or sleeps, between two barriers, in a generator step
/// - first: rank 0 sleeps
/// - inside: rank 1 is suspended before a sum of gradients
/// - close: rank 1 sleeps before the end
/// - alive: rank 1 works alone for 3 seconds with beats, then plans for 3 seconds without; nothing is wrong
func stall(_ arguments: [String]) throws -> Int32 {
  // A program that saves its work at SIGTERM does not end by it, which must not matter here.
  signal(SIGTERM, SIG_IGN)
  let communicator = try MPICommunicator(
    reduction: arguments.contains("library") ? .library : .automatic,
    ranksPerNode: arguments.contains("nodes") ? 1 : nil)
  let pulse = communicator.pulse
  say("pid \(getpid())")
  let watchdog = Watchdog(pulse: pulse, stallTimeoutSeconds: 2)
  try watchdog.start()
  let block = try communicator.makeReducibleBlock(floatCount: 1000)
  for iteration in 0..<20 {
    pulse.enter(.discriminatorStep, iteration: iteration)
    try communicator.barrier()
  }
  if communicator.rank == 1 { pulse.enter(.generatorStep, iteration: 20) }
  switch (arguments.first, communicator.rank) {
  case ("stop", 1), ("inside", 1): kill(getpid(), SIGSTOP)
  case ("sleep", 1), ("close", 1), ("first", 0): sleep(60)
  case ("alive", 1):
    for _ in 0..<3000 {
      pulse.beat()
      usleep(1000)
    }
    pulse.enter(.planning, iteration: 20)
    sleep(3)
  default: break
  }
  if arguments.first == "inside" { try block.allReduceSum() }
  if arguments.first != "close" { try communicator.barrier() }
  try communicator.close()
  watchdog.stop()
  return 0
}
