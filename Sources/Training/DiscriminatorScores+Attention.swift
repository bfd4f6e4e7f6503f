import Evaluation

extension DiscriminatorScores {
  /// What attention layers have become that is of no use, a sentence a kind; each names its layers.
  ///
  /// - Parameter progress: the share of the run's iterations that are done.
  public func attentionFindings(progress: Double) -> [String] {
    AttentionQuantities(observations.map { ($0.name, $0.mean) }).findings(progress: progress)
  }

  /// The layers that attend.
  var attentionLayers: [String] { AttentionQuantities(observations.map { ($0.name, $0.mean) }).layers }
}

/// What attention layers show, layer by layer.
struct AttentionQuantities {
  /// In the order in which they were built.
  private(set) var layers: [String] = []
  private var quantities: [String: [String: Double]] = [:]

  /// - Parameter observed: `generator/attention/entropy` and the like.
  init(_ observed: [(name: String, value: Double)]) {
    for (name, value) in observed {
      guard let slash = name.lastIndex(of: "/") else { continue }
      let layer = String(name[..<slash])
      if quantities[layer] == nil { layers.append(layer) }
      quantities[layer, default: [:]][String(name[name.index(after: slash)...])] = value
    }
  }

  /// Layers without a gate whose weights are so even that they only pass on the mean of all tokens.
  var idle: [String] { layers { $0["gate"] == nil && $0["entropy"].map { $0 > 0.98 } ?? false } }

  private func layers(where isSo: ([String: Double]) -> Bool) -> [String] {
    layers.filter { isSo(quantities[$0] ?? [:]) }
  }

  func findings(progress: Double) -> [String] {
    var found: [String] = []
    if !idle.isEmpty {
      found.append(
        """
        \(idle.joined(separator: ", ")): the weights have over 98 % of the largest entropy, so every token becomes \
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
}
