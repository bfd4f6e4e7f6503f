import Files
import Yams

/// A sweep as its file says it: which keys of a recipe take which values, and how trials are chosen and compared.
public struct SweepSpace {
  public enum Method: String, Sendable, CaseIterable { case grid, random, halving }

  /// The file as it was read.
  public let text: String
  let origin: String
  var recipe = "dense-reference"
  var data: String?
  var settings: [String] = []
  var axes: [(path: String, range: SweepRange)] = []
  public private(set) var method = Method.grid
  var trials: Int?
  public private(set) var seeds = [1]
  public private(set) var iterations = 300
  public private(set) var measure = SweepMeasure.frechet
  public private(set) var groups: Int?
  var eta = 3
  var firstIterations: Int?
  var drawSeed = 1

  private static let keys = [
    "recipe", "data", "set", "space", "method", "trials", "seeds", "iterations", "measure", "groups", "eta",
    "firstIterations", "drawSeed",
  ]

  /// - Throws: `Failure` naming the file and what is wrong.
  public init(yaml: String, origin: String) throws {
    (text, self.origin) = (yaml, origin)
    try RecipeText.check(yaml, origin: origin)
    let root: Node?
    do { root = try Yams.compose(yaml: yaml, .basic) } catch let error as YamlError {
      throw Failure("\(origin)\(RecipeTree.explanation(of: error))", code: .configuration)
    }
    guard let mapping = root?.mapping else { throw wrong("a search space is groups of `key: value` lines") }
    for (key, value) in mapping { try take(key.scalar?.string ?? "", value) }
    guard !axes.isEmpty else { throw wrong("space: no key to try; such as training.batchSize: [32, 64]") }
    if method == .grid, let open = axes.first(where: { $0.range.values == nil }) {
      throw wrong("space: \(open.path): a grid needs steps")
    }
    if method == .random, trials == nil { throw wrong("trials: say how many to draw") }
    if method == .grid, trials != nil { throw wrong("trials: a grid has as many as its values make; leave it out") }
    if method == .halving, trials == nil, axes.contains(where: { $0.range.values == nil }) {
      throw wrong("trials: say how many to draw, or give every range steps")
    }
    if let firstIterations, firstIterations > iterations {
      throw wrong("firstIterations: \(firstIterations) is above iterations, \(iterations)")
    }
  }

  private mutating func take(_ key: String, _ node: Node) throws {
    switch key {
    case "recipe": recipe = try word(key, node)
    case "data": data = try word(key, node)
    case "set":
      guard let mapping = node.mapping else { throw wrong("set: write `key: value` lines below it") }
      var tree = RecipeTree(origin: origin)
      try tree.flatten(node)
      // In the order of the file where keys are whole paths.
      let order = mapping.map { $0.key.scalar?.string ?? "" }
      let place = { (path: String) in order.firstIndex { path.hasPrefix($0) } ?? order.count }
      settings = tree.leaves.sorted { (place($0.key), $0.key) < (place($1.key), $1.key) }
        .map { "\($0.key)=\(Self.yaml($0.value))" }
    case "space":
      guard let mapping = node.mapping else { throw wrong("space: write `key: [values]` lines below it") }
      for (path, range) in mapping {
        let path = path.scalar?.string ?? ""
        try refuseReserved(path)
        axes.append((path, try SweepRange(range, place: "\(origin): space: \(clipped(path))")))
      }
      // Other keys are there or not by the kind of model.
      axes = axes.filter { $0.path == "model.kind" } + axes.filter { $0.path != "model.kind" }
    case "method": method = try choice(key, node)
    case "measure": measure = try choice(key, node)
    case "trials": trials = try count(key, node, 1...100_000)
    case "seeds":
      if let sequence = node.sequence {
        seeds = sequence.compactMap { $0.scalar.flatMap { Int($0.string) } }
        guard !seeds.isEmpty, seeds.count == sequence.count, seeds.allSatisfy({ $0 >= 0 }),
          Set(seeds).count == seeds.count
        else { throw wrong("seeds: a number of seeds, or a list of different ones, each 0 or more") }
      } else {
        seeds = Array(1...(try count(key, node, 1...1_000)))
      }
    case "iterations": iterations = try count(key, node, 1...1_000_000_000)
    case "groups": groups = try count(key, node, 1...1_000_000)
    case "eta": eta = try count(key, node, 2...100)
    case "firstIterations": firstIterations = try count(key, node, 1...1_000_000_000)
    case "drawSeed": drawSeed = try count(key, node, 0...1_000_000_000)
    default:
      let nearest = Self.keys.min { editDistance($0, key) < editDistance($1, key) } ?? ""
      throw wrong("there is no key \(clipped(key)); did you mean \(nearest)?")
    }
  }

  /// Keys that the sweep sets itself, or that change what is measured.
  private func refuseReserved(_ path: String) throws {
    guard path == "seed" || path == "training.iterations" || path == "version" || path.hasPrefix("evaluation.") else {
      return
    }
    throw wrong(
      "space: \(path): trials that differ in it cannot be compared; use seeds or iterations for these, set for the rest"
    )
  }

  private func word(_ key: String, _ node: Node) throws -> String {
    guard let text = node.scalar?.string, !text.isEmpty else { throw wrong("\(key): must be a text") }
    return text
  }

  private func count(_ key: String, _ node: Node, _ range: ClosedRange<Int>) throws -> Int {
    guard let number = Int(recipeNode: node), range.contains(number) else {
      throw wrong("\(key): must be a whole number from \(range.lowerBound) to \(grouped(range.upperBound))")
    }
    return number
  }

  private func choice<Value: RawRepresentable & CaseIterable>(_ key: String, _ node: Node) throws -> Value
  where Value.RawValue == String {
    guard let value = node.scalar.flatMap({ Value(rawValue: $0.string) }) else {
      throw wrong("\(key): must be one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return value
  }

  private static func yaml(_ node: Node) -> String {
    if let sequence = node.sequence { return "[" + sequence.map(yaml).joined(separator: ", ") + "]" }
    return node.scalar?.string ?? ""
  }

  func wrong(_ text: String) -> Failure { Failure("\(origin): \(text)", code: .configuration) }
}
