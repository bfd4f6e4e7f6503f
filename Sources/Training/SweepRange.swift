import Yams

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The values that one key of a recipe may take.
enum SweepRange {
  /// YAML of each.
  case list([String])
  case range(from: Double, to: Double, steps: Int?, isLog: Bool)

  /// - Parameter place: file and key, for messages.
  init(_ node: Node, place: String) throws {
    if let sequence = node.sequence {
      guard !sequence.isEmpty else { throw Self.wrong(place, "an empty list; name at least one value") }
      self = .list(try sequence.map { try Self.text(of: $0, place: place) })
      return
    }
    guard let mapping = node.mapping else {
      throw Self.wrong(place, "write a list of values, or {from: 1e-4, to: 1e-2, steps: 3, scale: log}")
    }
    var given: [String: String] = [:]
    for (key, value) in mapping {
      guard let name = key.scalar?.string, ["from", "to", "steps", "scale"].contains(name) else {
        throw Self.wrong(place, "unknown key \(key.scalar?.string ?? ""); a range has from, to, steps and scale")
      }
      given[name] = value.scalar?.string ?? ""
    }
    func number(_ key: String) throws -> Double {
      guard let number = given[key].flatMap(Double.init), number.isFinite else {
        throw Self.wrong(place, "\(key) must be a number")
      }
      return number
    }
    let (from, to) = (try number("from"), try number("to"))
    guard from < to else { throw Self.wrong(place, "an empty range: from \(from) must be below to \(to)") }
    guard ["linear", "log"].contains(given["scale"] ?? "linear") else {
      throw Self.wrong(place, "scale must be linear or log")
    }
    let isLog = given["scale"] == "log"
    guard !isLog || from > 0 else { throw Self.wrong(place, "a log range starts above 0") }
    var steps: Int?
    if let text = given["steps"] {
      guard let count = Int(text), (2...10_000).contains(count) else {
        throw Self.wrong(place, "steps must be from 2 to 10,000")
      }
      steps = count
    }
    self = .range(from: from, to: to, steps: steps, isLog: isLog)
  }

  /// All values, in order; nil for a range without steps. More than one text for a value: the first that the key takes.
  var values: [[String]]? {
    switch self {
    case .list(let texts): texts.map { [$0] }
    case .range(_, _, nil, _): nil
    case .range(_, _, let steps?, _): (0..<steps).map { value(at: Double($0) / Double(steps - 1)) }
    }
  }

  /// - Parameter random: from 0 to below 1.
  func draw(_ random: Double) -> [String] {
    guard let values else { return value(at: random) }
    return values[min(values.count - 1, Int(random * Double(values.count)))]
  }

  private func value(at share: Double) -> [String] {
    guard case .range(let from, let to, _, let isLog) = self else { return [] }
    let value = isLog ? from * pow(to / from, share) : from + (to - from) * share
    // Digits that a power adds say nothing.
    let scale = pow(10, 6 - floor(log10(max(abs(value), 1e-30))))
    let short = share == 0 ? from : share == 1 ? to : (value * scale).rounded() / scale
    let whole = short.rounded()
    return ["\(short)"] + (abs(whole) < 1e15 ? ["\(Int(whole))"] : [])
  }

  private static func text(of node: Node, place: String) throws -> String {
    if let scalar = node.scalar {
      // Without quotes it may stand for no value.
      let isWord = scalar.style == .plain && scalar.string.allSatisfy { $0.isLetter || $0 == "~" }
      return isWord || scalar.string.recipeText == scalar.string ? scalar.string : quoted(scalar)
    }
    guard let sequence = node.sequence else { throw wrong(place, "values are words, numbers or lists") }
    return "[" + (try sequence.map { try text(of: $0, place: place) }).joined(separator: ", ") + "]"
  }

  private static func quoted(_ scalar: Node.Scalar) -> String {
    Double(scalar.string) != nil ? scalar.string : scalar.string.recipeText
  }

  private static func wrong(_ place: String, _ text: String) -> Failure {
    Failure("\(place): \(text)", code: .configuration)
  }
}

/// Numbers from a seed (SplitMix64).
struct SweepRandom {
  var state: UInt64

  /// From 0 to below 1.
  mutating func next() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return Double((z ^ z >> 31) >> 11) / Double(1 << 53)
  }
}
