/// Why a run ends before its last iteration, the weightier the higher.
public enum StopReason: Int, Sendable, Comparable, CaseIterable {
  /// The time that the scheduler or `--time-limit` gives is nearly over.
  case timeLimit = 1
  /// SIGTERM, SIGUSR1 or SIGUSR2: somebody will start the run again.
  case requeue
  /// SIGINT: a person pressed Ctrl-C.
  case interrupt

  public static func < (a: StopReason, b: StopReason) -> Bool { a.rawValue < b.rawValue }
}

/// What all ranks have agreed on after a phase: every rank's requests travel in the sum of the gradients, so the agreement
/// costs no collective of its own.
public struct ControlRecord: Sendable, Equatable {
  /// A float each in the sum.
  enum Field: Int, CaseIterable {
    /// How many ranks ask for each `StopReason`.
    case timeLimit, requeue, interrupt
    /// Which phase a rank is in, counted over the whole run.
    case place
  }

  /// The weightiest reason that any rank has to stop.
  public var stop: StopReason?

  /// A phase's number as it travels: 4,095 times 4,096 ranks is still exact in a float.
  static func number(ofPhase phase: Int) -> Float { Float(phase & 0xFFF) }

  /// What this rank asks for, as it goes into the sum.
  static func write(stop: StopReason?, phase: Int, to fields: UnsafeMutableBufferPointer<Float>) {
    fields.update(repeating: 0)
    if let stop { fields[stop.rawValue - 1] = 1 }
    fields[Field.place.rawValue] = number(ofPhase: phase)
  }

  /// What the sum says.
  ///
  /// - Parameter field: a field's sum over all ranks.
  init(_ field: (Field) -> Float) {
    stop = StopReason.allCases.last { reason in field(Field.allCases[reason.rawValue - 1]) > 0 }
  }
}
