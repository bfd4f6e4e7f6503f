import Foundation
import Layers
import Tensors

/// What Tests/Reference/sagan_reference.py recorded.
struct SAGANRecord: Decodable {
  struct Gradient: Decodable {
    let norm: Double
    /// Pairs of place and value.
    let elements: [[Double]]
  }

  struct Pixel: Decodable {
    let place: [Int]
    let value: Double

    init(from decoder: any Decoder) throws {
      var pair = try decoder.unkeyedContainer()
      place = try pair.decode([Int].self)
      value = try pair.decode(Double.self)
    }
  }

  struct Case: Decodable {
    /// Channels of the two networks.
    let generator: Int
    let discriminator: Int
    let batch: Int
    /// What the names of the inputs begin with.
    let inputs: String
    let losses: [String: Double]
    /// Of `real` and `fake` images.
    let logits: [String: [Double]]
    let pixels: [Pixel]
    let sigmas: [String: Double]
    let sigmasAfter: [String: Double]
    /// Of each loss, by the parameter's name.
    let gradients: [String: [String: Gradient]]
  }

  let samples: [String: [Double]]
  let cases: [String: Case]

  init() throws {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../Reference/sagan_reference.json")
    self = try JSONDecoder().decode(SAGANRecord.self, from: Data(contentsOf: url))
  }
}

/// A tensor of the reference: numbers that follow from its name and their place.
struct NamedNumbers {
  let name: String
  private let hash: UInt64

  init(_ name: String) {
    self.name = name
    // FNV-1a.
    hash = name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  /// 24 bits of element `index`.
  private func bits(_ index: Int) -> UInt64 {
    // splitmix64.
    var z = hash &+ UInt64(index) &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return (z ^ z >> 31) >> 40
  }

  /// In [−1, 1).
  func uniform(_ index: Int) -> Double { Double(bits(index)) / 8_388_608 - 1 }

  func uniform(count: Int, scale: Double) -> [Float] { (0..<count).map { Float(scale * uniform($0)) } }

  func label(_ index: Int) -> Int { Int((10 * bits(index)) >> 24) }

  /// A singular vector: of length 1.
  func direction(count: Int) -> [Float] {
    let numbers = (0..<count).map(uniform)
    let length = numbers.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return numbers.map { Float($0 / length) }
  }

  /// A weight: noise and 2·v·uᵀ, so that u and v are close to its first singular vectors.
  private func weight(rows: Int, columns: Int) -> [Float] {
    let u = NamedNumbers(name + "/u").direction(count: columns).map(Double.init)
    let v = NamedNumbers(name + "/v").direction(count: rows).map(Double.init)
    let scale = (3 / Double(max(rows, columns))).squareRoot()
    return (0..<rows * columns).map { Float(scale * uniform($0) + 2 * v[$0 / columns] * u[$0 % columns]) }
  }

  /// The parameter of this name.
  func parameter(_ shape: Shape) -> [Float] {
    let count = shape.count
    switch name.split(separator: "/").last {
    case "kernel", "table": return weight(rows: shape.leading, columns: shape.last)
    case "gate": return [0.3]
    case "gain": return (0..<count).map { Float(0.3 + 0.03 * uniform($0)) }
    case "bias" where name == "discriminator/output/bias": return [-4]
    case "bias" where name.contains("/norm"):
      return (0..<count).map { index in
        let x = uniform(index)
        return Float((x < 0 ? -1 : 1) * (0.8 + 0.2 * abs(x)))
      }
    case "bias": return uniform(count: count, scale: 0.1)
    default: preconditionFailure("\(name): the reference has no such parameter")
    }
  }
}

extension NamedNumbers {
  /// Gives parameters and singular vectors of a network their numbers.
  static func fill(_ parameters: ParameterTable, _ spectral: SpectralVectors) {
    parameters.values.allocate()
    for entry in parameters.entries {
      _ = parameters.slice(entry, of: parameters.values)
        .update(fromContentsOf: NamedNumbers(entry.name).parameter(entry.shape))
    }
    spectral.values.allocate()
    for entry in spectral.table.entries {
      _ = spectral.table.slice(entry, of: spectral.values)
        .update(fromContentsOf: NamedNumbers(entry.name).direction(count: entry.shape.count))
    }
  }
}
