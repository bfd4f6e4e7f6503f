import CSignals

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A thread of the system that takes no request to stop (SIGTERM, SIGINT, …): those go to `StopSignals`. What tells of a
/// crash, and what Swift's backtracer makes threads hold still with, comes through.
public struct SystemThread: @unchecked Sendable {
  private let handle: pthread_t

  /// The system has no thread left.
  public struct Shortage: Error {
    /// `errno` of the call.
    public let code: Int32

    /// In the system's words.
    public var reason: String { String(cString: strerror(code)) }
  }

  /// Starts a thread that runs `body` once and keeps what that captures until then. The caller's own signal mask is as before.
  ///
  /// - Parameter stackByteCount: nil for the system's usual one.
  public init(stackByteCount: Int? = nil, _ body: @escaping @Sendable () -> Void) throws(Shortage) {
    var attributes = pthread_attr_t()
    try Self.demand(pthread_attr_init(&attributes))
    defer { pthread_attr_destroy(&attributes) }
    if let stackByteCount { try Self.demand(pthread_attr_setstacksize(&attributes, stackByteCount)) }
    // Held back before the thread begins, which inherits it.
    var before = sigset_t()
    try Self.demand(csig_leave_requests_to_others(&before))
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    let context = Unmanaged.passRetained(ThreadWork(body))
    #if canImport(Darwin)
      var made: pthread_t?
    #else
      var made = pthread_t()
    #endif
    let code = pthread_create(
      &made, &attributes,
      { context in
        #if canImport(Darwin)
          Unmanaged<ThreadWork>.fromOpaque(context).takeRetainedValue().body()
        #else
          if let context { Unmanaged<ThreadWork>.fromOpaque(context).takeRetainedValue().body() }
        #endif
        return nil
      }, context.toOpaque())
    #if canImport(Darwin)
      guard code == 0, let handle = made else {
        context.release()
        throw Shortage(code: code)
      }
      self.handle = handle
    #else
      handle = made
      if code != 0 {
        context.release()
        throw Shortage(code: code)
      }
    #endif
  }

  private static func demand(_ code: Int32) throws(Shortage) {
    if code != 0 { throw Shortage(code: code) }
  }

  /// Waits until it has ended. Once; not of a thread that was left alone.
  public func join() {
    let code = pthread_join(handle, nil)
    precondition(code == 0, "pthread_join fails: \(String(cString: strerror(code)))")
  }

  /// Nobody will wait for it.
  public func detach() {
    let code = pthread_detach(handle)
    precondition(code == 0, "pthread_detach fails: \(String(cString: strerror(code)))")
  }
}

/// What the C function of a thread is handed: it can capture nothing.
private final class ThreadWork {
  let body: @Sendable () -> Void

  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
