import Evaluation

extension DiscriminatorScores {
  /// What attention layers have become that is of no use, a sentence a kind; each names its layers.
  ///
  /// - Parameter progress: the share of the run's iterations that are done.
  public func attentionFindings(progress: Double) -> [String] {
    var found: [String] = []
    if !idleAttention.isEmpty {
      found.append(
        """
        \(idleAttention.joined(separator: ", ")): the weights have over 98 % of the largest entropy, so every token becomes \
        the mean of all; a score activation of none lets them choose, a gate keeps what the mean loses
        """)
    }
    let identities = layers { $0["ownWeight"].map { $0 > 0.98 } ?? false }
    if !identities.isEmpty {
      found.append(
        """
        \(identities.joined(separator: ", ")): over 98 % of the weight stays at its own place, so the layer mixes nothing; \
        smaller initial weights, or a softer score activation, let it look elsewhere
        """)
    }
    // A gate starts at 0 and needs its time.
    let closed = progress < 0.5 ? [] : layers { $0["gate"].map { abs($0) < 1e-3 } ?? false }
    if !closed.isEmpty {
      found.append(
        """
        \(closed.joined(separator: ", ")): more than half of the run is over and the gate is still closed (below \
        0.001), so the layer does nothing; a larger learning rate opens it, or leave attention out
        """)
    }
    return found
  }

  /// Attention layers whose quantities are so, in the order in which they were built.
  private func layers(where isSo: ([String: Double]) -> Bool) -> [String] {
    var names: [String] = []
    var quantities: [String: [String: Double]] = [:]
    for observed in observations {
      guard let slash = observed.name.lastIndex(of: "/") else { continue }
      let layer = String(observed.name[..<slash])
      if quantities[layer] == nil { names.append(layer) }
      quantities[layer, default: [:]][String(observed.name[observed.name.index(after: slash)...])] = observed.mean
    }
    return names.filter { isSo(quantities[$0] ?? [:]) }
  }

  /// The layers that attend.
  var attentionLayers: [String] {
    observations.filter { $0.name.hasSuffix("/entropy") }.map { String($0.name.dropLast("/entropy".count)) }
  }
}
