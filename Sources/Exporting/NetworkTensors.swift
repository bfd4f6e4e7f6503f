import Graphs
import Layers
import Tensors

/// The weights of a network under their names, as they are trained, or as plain layers of other programs use them.
public struct NetworkTensors {
  private let parameters: ParameterTable
  private let vectors: SpectralVectors?
  private let standing: StandingStatistics?

  /// - Precondition: all blocks have their numbers.
  public init(parameters: ParameterTable, vectors: SpectralVectors? = nil, standing: StandingStatistics? = nil) {
    (self.parameters, self.vectors, self.standing) = (parameters, vectors, standing)
  }

  /// Everything that training keeps of the network: parameters, singular vectors (`…/u`, `…/v`), statistics of norms.
  public var raw: [NamedTensor] {
    let tables = [parameters] + [vectors?.table, standing?.table].compactMap { $0 }
    return tables.flatMap { table in table.entries.map { tensor($0, of: table) } }
  }

  /// What the network computes with: weights divided by their largest singular value; of a norm with standing statistics,
  /// a scale and a shift.
  ///
  ///     scale = gain / √(variance + ε);   shift = bias − mean · scale
  ///
  /// - Shapes: scale and shift `[C]`, of a conditional norm `[K, C]`: a row per class.
  public var folded: [NamedTensor] {
    let statistics = Dictionary(
      uniqueKeysWithValues: (standing?.table.entries ?? []).map { ($0.name, $0) })
    return parameters.entries.map { entry in
      let found = tensor(entry, of: parameters)
      let layer = entry.name.split(separator: "/").dropLast().joined(separator: "/")
      if let measured = statistics[layer + "/statistics"], let standing {
        return normalization(found, layer: layer, tensor(measured, of: standing.table).numbers)
      }
      return normalized(found)
    }
  }

  private func tensor(_ entry: ParameterTable.Entry, of table: ParameterTable) -> NamedTensor {
    NamedTensor(name: entry.name, shape: entry.shape, numbers: Array(table.slice(entry, of: table.values)))
  }

  /// W / σ, σ = vᵀ·W·u, where the weight is normalised.
  private func normalized(_ weight: NamedTensor) -> NamedTensor {
    guard let table = vectors?.table, let right = table.entries.first(where: { $0.name == weight.name + "/u" }),
      let left = table.entries.first(where: { $0.name == weight.name + "/v" })
    else { return weight }
    let (u, v) = (table.slice(right, of: table.values), table.slice(left, of: table.values))
    var sigma = 0.0
    for (index, number) in weight.numbers.enumerated() {
      sigma += Double(v[index / u.count]) * Double(number) * Double(u[index % u.count])
    }
    return NamedTensor(
      name: weight.name, shape: weight.shape, numbers: weight.numbers.map { Float(Double($0) / sigma) })
  }

  /// The scale for a gain, the shift for a bias.
  private func normalization(_ found: NamedTensor, layer: String, _ statistics: [Float]) -> NamedTensor {
    let channels = statistics.count / 2
    let factor = (0..<channels).map {
      1 / (Double(statistics[channels + $0]) + Double(normEpsilon)).squareRoot()
    }
    guard found.name.hasSuffix("/bias") else {
      let scale = found.numbers.enumerated().map { Float(Double($1) * factor[$0 % channels]) }
      return NamedTensor(name: layer + "/scale", shape: found.shape, numbers: scale)
    }
    guard let entry = parameters.entries.first(where: { $0.name == layer + "/gain" }) else {
      preconditionFailure("\(layer) has a bias without a gain")
    }
    let gain = parameters.slice(entry, of: parameters.values)
    let shift = found.numbers.enumerated().map { index, bias in
      let channel = index % channels
      return Float(Double(bias) - Double(statistics[channel]) * Double(gain[index]) * factor[channel])
    }
    return NamedTensor(name: layer + "/shift", shape: found.shape, numbers: shift)
  }
}
