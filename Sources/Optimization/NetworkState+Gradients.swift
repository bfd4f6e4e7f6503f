extension NetworkState {
  /// The share of the parameters whose gradient was exactly zero in the last step: they do not learn.
  ///
  /// - Parameter path: of a layer, to count its parameters only; nil for the whole network.
  /// - Returns: nil where no step has been made since the memory was taken, or nothing has that path.
  /// - Precondition: no step is under way.
  public func zeroGradientShare(under path: String? = nil) -> Double? {
    guard gradientNorm > 0 else { return nil }
    let chosen = parameters.entries.filter { entry in path.map { entry.name.hasPrefix($0 + "/") } ?? true }
    let total = chosen.reduce(0) { $0 + $1.shape.count }
    guard total > 0 else { return nil }
    let zeros = chosen.reduce(0) { $0 + parameters.slice($1, of: gradient).count { $0 == 0 } }
    return Double(zeros) / Double(total)
  }
}
