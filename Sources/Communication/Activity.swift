/// What a rank is at, for those who wait for it.
public enum Activity: Int32, CaseIterable, Sendable {
  // 0 stands for a rank of which nothing was heard.
  case starting = 1
  case planning, discriminatorStep, generatorStep, evaluation, sampling, checkpoint, restoring, closing, idle
  /// Work of a program that uses the library, outside of its run: nobody knows how long that takes.
  case outside
  /// Of a command that measures or writes, in calls of any length.
  case working

  /// For messages: "… (generator step, iteration 117)". Static, so that a thread that watches a broken process can write it
  /// without allocating.
  public var words: StaticString {
    switch self {
    case .starting: "start"
    case .planning: "planning"
    case .discriminatorStep: "discriminator step"
    case .generatorStep: "generator step"
    case .evaluation: "evaluation"
    case .sampling: "sampling"
    case .checkpoint: "checkpoint"
    case .restoring: "restoring"
    case .closing: "end of the run"
    case .idle: "time between steps"
    case .outside: "work outside of the run"
    case .working: "work of the command"
    }
  }

  /// How many times the stall timeout this may take without a beat. Programs beat after every kernel; reading data,
  /// planning and writing files are single calls that can take a while on a slow machine and must not count as a stall.
  /// It is 1 again while programs run in between (`Pulse.startKernels`).
  public var patience: Double {
    switch self {
    case .starting, .planning, .checkpoint, .restoring, .working: 10
    case .discriminatorStep, .generatorStep, .evaluation, .sampling, .closing, .idle: 1
    case .outside: .infinity
    }
  }
}

/// What ranks wait for each other in.
enum Collective: UInt8, CaseIterable, Sendable {
  case gradientSum = 1
  case sum, nodeSum, maximum, broadcast, gather, barrier, sharing, closing

  var words: StaticString {
    switch self {
    case .gradientSum: "sum of gradients"
    case .sum: "sum"
    case .nodeSum: "sum over the node"
    case .maximum: "maximum"
    case .broadcast: "broadcast"
    case .gather: "gather"
    case .barrier: "barrier"
    case .sharing: "making of shared memory"
    case .closing: "end of communication"
    }
  }
}
