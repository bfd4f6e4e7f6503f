import Foundation
import Graphs
import Layers
import Tensors

/// Cases of Tests/Reference/attention_reference.json; attention_reference.py beside it documents inputs and fields.
struct AttentionReference: Decodable {
  let cases: [String: AttentionCase]

  static let shared: Result<AttentionReference, any Error> = Result {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../Reference/attention_reference.json")
    return try JSONDecoder().decode(AttentionReference.self, from: Data(contentsOf: url))
  }

  /// The cases' names, for tests that run once per case; empty when the file cannot be read, which a test reports.
  static let names = ((try? shared.get().cases.keys.sorted()) ?? [])
}

/// Numbers of a nested JSON list, row by row.
struct Numbers: Decodable, Sendable {
  let all: [Double]

  init(from decoder: any Decoder) throws {
    if var list = try? decoder.unkeyedContainer() {
      var all: [Double] = []
      while !list.isAtEnd { all += try list.decode(Numbers.self).all }
      self.all = all
    } else {
      all = [try decoder.singleValueContainer().decode(Double.self)]
    }
  }
}

struct AttentionCase: Decodable, Sendable {
  enum Kind: String, Decodable { case additive, multiplicative, weighted, scaled, residual }
  enum Inputs: String, Decodable { case small, wide, cross }

  let kind: Kind
  let inputs: Inputs
  let activation: String?
  let width: Int?
  let history: Bool?
  let mask: Numbers?
  let without: [String]?
  let regularizerWeight: Float?
  /// After the score activation, before window and masks.
  let scores: Numbers
  let attention: Numbers
  let output: Numbers
  let regularizer: Double?
  /// What window and masks subtract from the scores, in units of 10,000.
  let penalties: Numbers?
  let gradients: [String: Numbers]?

  func has(_ name: String) -> Bool { !(without ?? []).contains(name) }

  var options: AttentionOptions {
    get throws {
      var options = AttentionOptions()
      switch kind {
      case .additive: options.type = .additive
      case .multiplicative: options.type = .multiplicative
      case .scaled, .weighted: options.type = .scaledDotProduct
      case .residual: options.type = .residualScaledDotProduct
      }
      options.units = inputs == .small ? 2 : 4
      options.activation = try scoreActivation
      options.width = width
      options.historyOnly = history ?? false
      options.usesAdditiveBias = has("bh")
      options.usesAttentionBias = has("ba")
      options.attentionRegularizerWeight = regularizerWeight ?? 0
      return options
    }
  }

  private var scoreActivation: ScoreActivation {
    get throws {
      switch activation {
      case nil: return .none
      case "hard_sigmoid": return .hardSigmoid
      case let name?:
        guard let found = ScoreActivation(rawValue: name) else { throw UnknownActivation(name: name) }
        return found
      }
    }
  }

  struct UnknownActivation: Error { let name: String }
}

/// A tensor of the reference: shape and float64 numbers.
struct ReferenceTensor {
  let shape: Shape
  let numbers: [Double]

  /// amplitude · sin(frequency · k + phase), k the flat index + 1.
  static func wave(_ shape: Shape, _ frequency: Double, _ phase: Double = 0, _ amplitude: Double = 1) -> Self {
    Self(shape: shape, numbers: (1...shape.count).map { amplitude * sin(frequency * Double($0) + phase) })
  }

  static func matrix(_ rows: Int, _ columns: Int, _ element: (Double, Double) -> Double) -> [Double] {
    (0..<rows).flatMap { i in (0..<columns).map { element(Double(i), Double($0)) } }
  }
}

extension AttentionCase {
  /// The tensors that the case's kind has, by the reference's names.
  var tensors: [String: ReferenceTensor] {
    var all: [String: ReferenceTensor]
    switch inputs {
    case .small: all = smallTensors
    case .wide: all = wideTensors
    case .cross: all = ["Q": .wave([2, 3, 2], 1.3), "K": .wave([2, 4, 2], 0.9, 1), "V": .wave([2, 4, 3], 0.7, 2)]
    }
    if inputs == .cross, kind == .residual { all["prev"] = .wave([2, 3, 4], 0.6, 5, 0.4) }
    for name in without ?? [] { all[name] = nil }
    return all
  }

  private var smallTensors: [String: ReferenceTensor] {
    typealias T = ReferenceTensor
    let tokens = T.matrix(4, 3) { t, f in 0.1 * (t + 1) + 0.2 * f * (t == 0 || t == 2 ? 1 : -1) }
    let x = T(shape: [1, 4, 3], numbers: tokens)
    switch kind {
    case .additive:
      return [
        "X": x, "Wt": T(shape: [3, 2], numbers: T.matrix(3, 2) { i, j in 0.3 * (i + 1) - 0.2 * j }),
        "Wx": T(shape: [3, 2], numbers: T.matrix(3, 2) { i, j in -0.1 * (i + 1) + 0.25 * j }),
        "bh": T(shape: [2], numbers: [0.05, -0.05]), "Wa": T(shape: [2, 1], numbers: [0.7, -0.4]),
        "ba": T(shape: [1], numbers: [0.1]),
      ]
    case .multiplicative:
      let product = T.matrix(3, 3) { i, j in 0.2 * (i - j) + (i == j ? 0.1 : 0) }
      return ["X": x, "Wa": T(shape: [3, 3], numbers: product), "ba": T(shape: [1], numbers: [0.3])]
    case .weighted:
      return ["X": x, "W": T(shape: [3, 1], numbers: [0.5, -0.3, 0.2]), "b": T(shape: [1], numbers: [0.1])]
    case .scaled: return ["X": x]
    case .residual:
      return ["X": x, "prev": T(shape: [1, 4, 4], numbers: T.matrix(4, 4) { t, s in 0.3 * sin(t + 2 * s + 1) })]
    }
  }

  private var wideTensors: [String: ReferenceTensor] {
    typealias T = ReferenceTensor
    let x = T.wave([2, 5, 3], 1.3)
    switch kind {
    case .additive:
      return [
        "X": x, "Wt": .wave([3, 4], 0.7, 0, 0.6), "Wx": .wave([3, 4], 0.9, 1, 0.6), "bh": .wave([4], 1, 2, 0.2),
        "Wa": .wave([4, 1], 1.1, 3, 0.8), "ba": T(shape: [1], numbers: [0.15]),
      ]
    case .multiplicative:
      return ["X": x, "Wa": .wave([3, 3], 0.8, 4, 0.5), "ba": T(shape: [1], numbers: [0.15])]
    case .weighted: return ["X": x, "W": .wave([3, 1], 1.1, 3, 0.8), "b": T(shape: [1], numbers: [0.15])]
    case .scaled: return ["X": x]
    case .residual: return ["X": x, "prev": .wave([2, 5, 5], 0.6, 5, 0.4)]
    }
  }
}
