import Files
import Yams

/// A value that a recipe can hold.
public protocol RecipeValue {
  /// What a reader should write: `a whole number`.
  static var kind: String { get }
  /// Parses YAML; nil if the node is something else.
  init?(recipeNode: Node)
  /// As YAML.
  var recipeText: String { get }
}

extension Int: RecipeValue {
  public static var kind: String { "a whole number" }
  public init?(recipeNode node: Node) {
    guard let scalar = node.scalar, let number = Int(scalar.string.replacing("_", with: "")) else { return nil }
    self = number
  }
  public var recipeText: String { String(self) }
}

extension Double: RecipeValue {
  public static var kind: String { "a number" }
  public init?(recipeNode node: Node) {
    guard let scalar = node.scalar, let number = Double(scalar.string), number.isFinite else { return nil }
    self = number
  }
  public var recipeText: String { String(self) }
}

extension Float: RecipeValue {
  public static var kind: String { "a number" }
  public init?(recipeNode node: Node) {
    guard let scalar = node.scalar, let number = Float(scalar.string), number.isFinite else { return nil }
    self = number
  }
  public var recipeText: String { String(self) }
}

extension Bool: RecipeValue {
  public static var kind: String { "true or false" }
  public init?(recipeNode node: Node) {
    guard let text = node.scalar?.string, let value = Bool(text) else { return nil }
    self = value
  }
  public var recipeText: String { String(self) }
}

extension String: RecipeValue {
  public static var kind: String { "a text" }
  public init?(recipeNode node: Node) {
    guard let scalar = node.scalar else { return nil }
    self = scalar.string
  }
  public var recipeText: String {
    let isPlain = first?.isLetter == true && allSatisfy { $0.isLetter || $0.isNumber || "-_./".contains($0) }
    // Without quotes these stand for no value.
    return isPlain && !absences.contains(self) ? self : quoted
  }

  /// In YAML's double quotes, which can hold every character.
  private var quoted: String {
    let body = unicodeScalars.map { scalar in
      switch scalar {
      case "\"", "\\": "\\\(scalar)"
      case _ where scalar.properties.generalCategory == .control: Self.escape("x", scalar.value, digits: 2)
      case _ where !isPlain(scalar) || scalar == "\u{FEFF}": Self.escape("u", scalar.value, digits: 4)
      default: String(scalar)
      }
    }
    return "\"" + body.joined() + "\""
  }

  private static func escape(_ kind: String, _ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16)
    return "\\" + kind + String(repeating: "0", count: digits - text.count) + text
  }
}

/// What stands for no value unless it is quoted: a column may be called `none`.
private let absences = ["none", "null", "~", ""]

extension Optional: RecipeValue where Wrapped: RecipeValue {
  public static var kind: String { "\(Wrapped.kind) or none" }
  public init?(recipeNode node: Node) {
    if let scalar = node.scalar, absences.contains(scalar.string),
      ![.singleQuoted, .doubleQuoted].contains(scalar.style)
    {
      self = .none
    } else if let wrapped = Wrapped(recipeNode: node) {
      self = .some(wrapped)
    } else {
      return nil
    }
  }
  public var recipeText: String { map(\.recipeText) ?? "none" }
}

extension Array: RecipeValue where Element: RecipeValue {
  public static var kind: String { "a list such as [128, 64]" }
  public init?(recipeNode node: Node) {
    guard let sequence = node.sequence else { return nil }
    self = []
    for item in sequence {
      guard let element = Element(recipeNode: item) else { return nil }
      append(element)
    }
  }
  public var recipeText: String { "[" + map(\.recipeText).joined(separator: ", ") + "]" }
}

extension RecipeValue where Self: RawRepresentable, Self: CaseIterable, RawValue == String {
  public static var kind: String { "one of " + allCases.map(\.rawValue).joined(separator: ", ") }
  public init?(recipeNode node: Node) {
    guard let text = node.scalar?.string, let value = Self(rawValue: text) else { return nil }
    self = value
  }
  public var recipeText: String { rawValue }
}

/// Visits the keys of a recipe, in order: the one description of each serves reading, checking, writing and help.
public struct RecipeFields {
  /// One key as it stands.
  public struct Entry: Sendable {
    /// `training.batchSize`
    public let path: String
    public let text: String
    public let help: String
    /// What it can be: `a whole number, from 1 to 100`.
    public let form: String
  }

  private let given: [String: Node]
  private let origin: String
  private var prefix = ""
  public private(set) var entries: [Entry] = []

  /// - Parameters:
  ///   - given: values to take over, by path; other keys keep what they have.
  ///   - origin: where they come from, for messages.
  init(given: [String: Node] = [:], origin: String = "") {
    self.given = given
    self.origin = origin
  }

  /// The keys below `name`.
  public mutating func section(_ name: String, _ body: (inout RecipeFields) throws -> Void) rethrows {
    let outer = prefix
    prefix += name + "."
    try body(&self)
    prefix = outer
  }

  /// One key.
  public mutating func field<Value: RecipeValue>(
    _ key: String, _ value: inout Value, _ help: String, where isRight: (Value) -> Bool = { _ in true },
    _ requirement: String = ""
  ) throws {
    let path = prefix + key
    if let node = given[path] {
      guard let parsed = Value(recipeNode: node) else {
        throw wrong(path, node, "is not \(Value.kind)")
      }
      guard isRight(parsed) else { throw wrong(path, node, "must be \(requirement)") }
      value = parsed
    }
    let form = requirement.isEmpty ? Value.kind : "\(Value.kind), \(requirement)"
    entries.append(Entry(path: path, text: value.recipeText, help: help, form: form))
  }

  private func wrong(_ path: String, _ node: Node, _ reason: String) -> Failure {
    let text = node.scalar.map { $0.string.isEmpty ? "(empty)" : clipped($0.string) } ?? "a list or a group"
    return Failure("\(place(node)): \(path): \(text) \(reason)", code: .configuration)
  }

  /// `mine.yaml line 3`
  private func place(_ node: Node) -> String { origin + (node.mark.map { " line \($0.line)" } ?? "") }

  /// Refuses keys that no field took.
  func refuseUnknown() throws {
    let known = entries.map(\.path)
    let taken = Set(known)
    for (path, node) in given.sorted(by: { $0.key < $1.key }) where !taken.contains(path) {
      if let inside = known.first(where: { $0.hasPrefix(path + ".") }) {
        // A group whose lines are all commented out.
        if let text = node.scalar?.string, ["", "null", "~"].contains(text) { continue }
        throw Failure(
          "\(place(node)): \(path) is a group of keys, such as \(inside)", code: .configuration)
      }
      let guess = MeantKeys(of: path, among: known)?.words ?? ";"
      throw Failure(
        "\(place(node)): there is no key \(clipped(path))\(guess) `lockstep recipes --keys` lists all",
        code: .configuration)
    }
  }
}
