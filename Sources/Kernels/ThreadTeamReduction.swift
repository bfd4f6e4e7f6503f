import CKernels

/// A sum or maximum over the middle axis of `[outer, reduced, inner]`, shared by the threads of a team.
///
/// Whole results go to different threads where there are enough of them; otherwise each thread reduces a stretch of the
/// middle axis, and the caller joins these in order. So the order of additions depends on shape and thread count alone.
public struct TeamReduction {
  public enum Function: Hashable, Sendable { case sum, maximum }

  /// Who reduces what.
  enum Split: Equatable {
    case whole
    /// Stretches of the outer axis; the bits are those of one thread.
    case outer
    /// Groups of 64 columns; the bits are those of one thread.
    case columns
    /// Stretches of the reduced axis.
    case partial
  }

  let function: Function
  public let outer: Int
  public let reduced: Int
  public let inner: Int
  let threads: Int

  public init(_ function: Function, outer: Int, reduced: Int, inner: Int, threads: Int) {
    self.function = function
    self.outer = outer
    self.reduced = reduced
    self.inner = inner
    self.threads = threads
  }

  var split: Split {
    guard threads > 1, outer * reduced * inner >= ThreadTeam.worthwhileElements else { return .whole }
    if outer >= threads * 16 || (outer >= threads && outer % threads == 0) { return .outer }
    if inner >= threads * 64 { return .columns }
    // Partial results are written and read again: few of them, or none.
    return reduced >= 16 * threads ? .partial : .whole
  }

  /// Scratch floats for the results of the parts.
  public var workspaceCount: Int { split == .partial ? threads * outer * inner : 0 }

  /// - Parameter workspace: `workspaceCount` floats.
  /// - Precondition: the team has `threads` threads.
  public func bind(
    from x: UnsafeMutablePointer<Float>, to y: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>,
    on team: ThreadTeam
  ) -> () -> Void {
    precondition(team.count == threads, "a reduction for \(threads) threads on \(team.count)")
    switch split {
    case .whole: return { reduce(x, y, outer, reduced, inner) }
    case .outer:
      return team.bind { part, parts in
        let range = ThreadTeam.range(of: outer, part: part, parts: parts)
        reduce(x + range.lowerBound * reduced * inner, y + range.lowerBound * inner, range.count, reduced, inner)
      }
    case .columns:
      return team.bind { part, parts in
        let range = ThreadTeam.range(of: inner, grain: 64, part: part, parts: parts)
        for o in 0..<outer {
          reduceColumns(x + o * reduced * inner + range.lowerBound, y + o * inner + range.lowerBound, range.count)
        }
      }
    case .partial:
      let runParts = team.bind { part, parts in
        // Grains as the kernel adds them up.
        let range = ThreadTeam.range(of: reduced, grain: 16, part: part, parts: parts)
        for o in 0..<outer {
          reduce(
            x + (o * reduced + range.lowerBound) * inner, workspace + (part * outer + o) * inner, 1, range.count, inner)
        }
      }
      return {
        runParts()
        reduce(workspace, y, 1, threads, outer * inner)
      }
    }
  }

  private func reduce(
    _ x: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ outer: Int, _ reduced: Int, _ inner: Int
  ) {
    switch function {
    case .sum: ck_reduce_sum(x, y, Int64(outer), Int64(reduced), Int64(inner))
    case .maximum: ck_reduce_max(x, y, Int64(outer), Int64(reduced), Int64(inner))
    }
  }

  private func reduceColumns(_ x: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ columns: Int) {
    switch function {
    case .sum: ck_reduce_sum_columns(x, y, Int64(reduced), Int64(inner), Int64(columns))
    case .maximum: ck_reduce_max_columns(x, y, Int64(reduced), Int64(inner), Int64(columns))
    }
  }
}
