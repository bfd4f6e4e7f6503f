/// One thing that was looked at: how it is, and what to do where it is not well.
public struct Finding: Equatable, Sendable {
  public enum Level: String, Sendable, Comparable, CaseIterable {
    /// As it should be.
    case ok
    /// Runs, but slower or less safely than it could.
    case warning
    /// Does not run, or not rightly.
    case problem

    public static func < (a: Level, b: Level) -> Bool {
      guard let first = allCases.firstIndex(of: a), let second = allCases.firstIndex(of: b) else { return false }
      return first < second
    }
  }

  public var level: Level
  /// A word or two: what was looked at.
  public var subject: String
  /// Where, by host names; empty: the run as a whole.
  public var nodes: [String]
  /// What was found, in one line.
  public var text: String
  /// What to do; nil where all is well.
  public var remedy: String?

  init(_ level: Level, _ subject: String, nodes: [String] = [], _ text: String, remedy: String? = nil) {
    (self.level, self.subject, self.nodes, self.text, self.remedy) = (level, subject, nodes, text, remedy)
  }
}

/// What is said of one node before nodes of which the same is said are put together.
struct Remark: Equatable {
  var level: Finding.Level
  var text: String
  var remedy: String?

  static func ok(_ text: String) -> Remark { Remark(level: .ok, text: text, remedy: nil) }
  static func warning(_ text: String, remedy: String) -> Remark { Remark(level: .warning, text: text, remedy: remedy) }
  static func problem(_ text: String, remedy: String) -> Remark { Remark(level: .problem, text: text, remedy: remedy) }
}
