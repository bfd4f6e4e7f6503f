extension NetworkState {
  /// The share of the parameters whose gradient has been exactly zero in every step: they do not learn. Adam's second moment
  /// tells, which checkpoints hold, so that a resumed run says the same.
  ///
  /// - Parameter path: of a layer, to count its parameters only; nil for the whole network.
  /// - Returns: nil where no step has been made, or nothing has that path.
  public func zeroGradientShare(under path: String? = nil) -> Double? {
    let chosen = parameters.entries.filter { entry in path.map { entry.name.hasPrefix($0 + "/") } ?? true }
    let total = chosen.reduce(0) { $0 + $1.shape.count }
    let zeros = chosen.reduce(0) { $0 + parameters.slice($1, of: secondMoment).count { $0 == 0 } }
    guard total > 0, updateCount > 0 || zeros < total else { return nil }
    return Double(zeros) / Double(total)
  }
}
