import Clocks
import Communication
import Kernels

/// What long kernels of a program call, so that sums under way between nodes go on.
final class ProgressHook {
  /// Nanoseconds between looks: a network of 10 Gbit/s moves 125 KB meanwhile, less than a socket holds.
  private static let interval: UInt64 = 100_000

  private let communicator: any Communicator
  private var nextLook: UInt64 = 0
  /// For the program, since a kernel cannot throw.
  private(set) var failure: (any Error)?

  init(_ communicator: any Communicator) { self.communicator = communicator }

  /// - Precondition: this object outlives the kernels that hold it.
  var poll: Poll {
    Poll(
      { context in
        guard let context else { return }
        Unmanaged<ProgressHook>.fromOpaque(context).takeUnretainedValue().look()
      }, context: Unmanaged.passUnretained(self).toOpaque())
  }

  private func look() {
    guard communicator.isSumUnderWay else { return }
    let now = SystemClock.monotonic.nanoseconds
    guard now >= nextLook else { return }
    nextLook = now + Self.interval
    do { try communicator.progress() } catch { failure = error }
  }

  /// Throws what a look has found.
  @inline(__always)
  func check() throws {
    if let failure { throw failure }
  }
}
