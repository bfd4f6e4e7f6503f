import Files

/// Where in a run a checkpoint was taken: `iteration` iterations are done and `phase` phases of the next.
public struct CheckpointPosition: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let iteration: Int
  /// 0 between two iterations.
  public let phase: Int

  public init(iteration: Int, phase: Int = 0) {
    precondition(iteration >= 0 && phase >= 0, "negative position: iteration \(iteration), phase \(phase)")
    self.iteration = iteration
    self.phase = phase
  }

  public static func < (a: CheckpointPosition, b: CheckpointPosition) -> Bool {
    (a.iteration, a.phase) < (b.iteration, b.phase)
  }

  public var description: String {
    "iteration \(grouped(iteration))" + (phase == 0 ? "" : ", phase \(phase)")
  }

  private static let prefix = "iteration-"
  private static let phasePrefix = "-phase-"
  private static let suffix = ".safetensors"

  /// `iteration-00001500.safetensors`, `iteration-00001500-phase-1.safetensors`.
  var fileName: String {
    let digits = String(iteration)
    let zeros = String(repeating: "0", count: max(0, 8 - digits.count))
    return Self.prefix + zeros + digits + (phase == 0 ? "" : Self.phasePrefix + String(phase)) + Self.suffix
  }

  /// The position that a file name speaks of; nil for any other name, one with the zeros of another width included.
  init?(fileName name: String) {
    guard name.hasPrefix(Self.prefix), name.hasSuffix(Self.suffix) else { return nil }
    let words = name.dropFirst(Self.prefix.count).dropLast(Self.suffix.count).split(
      separator: Self.phasePrefix, maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = words.first, let iteration = Int(first), iteration >= 0 else { return nil }
    var phase = 0
    if words.count == 2 {
      guard let number = Int(words[1]), number > 0 else { return nil }
      phase = number
    }
    self.init(iteration: iteration, phase: phase)
    guard fileName == name else { return nil }
  }

  /// The newest version of checkpoints' metadata that is known here.
  public static let newestFormat = 3

  /// The position that a checkpoint's metadata tell; nil where they do not, or where a newer version's may mean something
  /// else. Those of the first version lack the phase.
  init?(metadata: [String: String]) {
    guard Int(metadata["formatVersion"] ?? "1") ?? .max <= Self.newestFormat else { return nil }
    guard let iteration = metadata["iteration"].flatMap(Int.init), let phase = Int(metadata["phase"] ?? "0"),
      iteration >= 0, phase >= 0
    else { return nil }
    self.init(iteration: iteration, phase: phase)
  }
}
