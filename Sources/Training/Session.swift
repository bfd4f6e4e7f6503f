import CKernels
import Communication
import Kernels
import Logging
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A program on all ranks: starts and ends MPI, and lets one rank speak for all when something fails.
///
/// `StartUp.prepareEnvironment()` comes first in `main`, and `StopSignals` where they are wanted.
public enum Session {
  /// Runs `body` on every rank and ends the process with the right exit code.
  ///
  /// - Parameters:
  ///   - multiplies: whether `body` calls OpenBLAS, which then gets its memory at once or all ranks end.
  ///   - stallTimeoutSeconds: after so long without progress in `body` all ranks end with 70; nil: never, as is right for
  ///     programs with work of their own. A `TrainingRun` watches over itself.
  public static func run(
    multiplies: Bool = true, stallTimeoutSeconds: Double? = nil, _ body: (any Communicator, Logger) throws -> Void
  ) -> Never {
    runToCode(multiplies: multiplies, stallTimeoutSeconds: stallTimeoutSeconds) { communicator, logger in
      try body(communicator, logger)
      return nil
    }
  }

  /// The same for a body that ends without failure, yet with a code of its own.
  ///
  /// - Parameters:
  ///   - multiplies: as above, and `stallTimeoutSeconds`.
  ///   - allowsOtherPrograms: whether nodes may have other builds of the program: `doctor` tells of them.
  ///   - allowsOtherArguments: whether ranks may be started with command lines of their own.
  public static func runToCode(
    multiplies: Bool = true, stallTimeoutSeconds: Double? = nil, allowsOtherPrograms: Bool = false,
    allowsOtherArguments: Bool = false,
    _ body: (any Communicator, Logger) throws -> Failure.Code?
  ) -> Never {
    StartUp.openStandardDescriptors()
    let console = Console()
    ck_flush_to_zero()
    // A closed pipe is an error of that write, not the end of the run.
    signal(SIGPIPE, SIG_IGN)
    // So is a file that grows beyond a limit.
    signal(SIGXFSZ, SIG_IGN)
    AddressSpace.explainCrashes()
    requireResources(multiplies: multiplies, console)
    let communicator: any Communicator
    do {
      let identity = LaunchIdentity(
        command: allowsOtherArguments ? nil : LaunchIdentity.command(CommandLine.arguments.dropFirst()),
        program: SameProgram.file, comparesPrograms: !allowsOtherPrograms,
        library: allowsOtherPrograms ? nil : MPICommunicator.libraryVersion)
      communicator = try Communicators.make(comparing: identity)
    } catch {
      endBeforeStart(error, console)
    }
    // MPI has put handlers of its own in place.
    AddressSpace.explainCrashes()
    let logger = console.logger(isFirstRank: communicator.rank == 0)
    do {
      if multiplies, let note = LaunchEnvironment.current.note { logger.notice("\(note)") }
      for note in communicator.notes { logger.notice("\(note)") }
      if multiplies { try communicator.together { try WorkMemory.reserve(callers: 1) } }
      let watchdog = try watch(communicator, seconds: stallTimeoutSeconds, isAlone: !multiplies)
      let code = try body(communicator, logger)
      try communicator.close()
      watchdog?.stop()
      console.exit(code)
    } catch let shared as SharedFailure {
      if shared.isMine { console.say(shared.failure) }
      closeQuietly(communicator)
      console.exit(shared.failure.code)
    } catch let disagreement as CommunicationError where disagreement.isShared {
      let failure = Failure(disagreement)
      if communicator.rank == 0 { console.say(failure) }
      closeQuietly(communicator)
      console.exit(failure.code)
    } catch {
      // The other ranks do not know: end them too. Or they have failed in the same way: one of them tells.
      let failure = Failure(error)
      tellOnce(failure, on: communicator, console)
      console.finish()
      communicator.abort(exitCode: failure.code.rawValue)
    }
  }

  /// No communicator was made. What all ranks find the first one tells; another failure is one rank's own.
  private static func endBeforeStart(_ error: CommunicationError, _ console: Console) -> Never {
    let failure = Failure(error)
    if case .launch(_, let rank) = error {
      if rank == 0 { console.say(failure) } else { usleep(deliveryMicroseconds) }
    } else {
      console.say(failure)
    }
    console.finish()
    Communicators.end(exitCode: failure.code.rawValue)
  }

  /// - Parameter isAlone: whether nobody waits for a process without others: it only reads and writes files.
  private static func watch(
    _ communicator: any Communicator, seconds: Double?, isAlone: Bool
  ) throws(CommunicationError) -> Watchdog? {
    guard let seconds, communicator.size > 1 || !isAlone else { return nil }
    let watchdog = Watchdog(pulse: communicator.pulse, stallTimeoutSeconds: seconds)
    try watchdog.start()
    return watchdog
  }

  /// The failure is being reported already; that closing fails too changes nothing.
  private static func closeQuietly(_ communicator: any Communicator) {
    do { try communicator.close() } catch {}
  }
}
