extension TableForm {
  /// Of a list; longer ones make no message.
  private static let mostListed = 12

  /// `--set 'data.columns=[1,load]'`
  func option(_ key: String, _ columns: [Int]) -> String {
    guard columns.count <= Self.mostListed else { return "name them among all others in \(key)" }
    let items = columns.map { column in
      let name = names[column]
      return Self.isPlain(name) ? name : "\"\(name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }
    return "--set '\(key)=[\(items.joined(separator: ","))]'"
  }

  /// `--set data.label=species`
  func option(label column: Int) -> String {
    let setting = "data.label=\(names[column])"
    return "--set " + (Self.isPlain(names[column]) ? setting : "'\(setting)'")
  }

  /// Whether neither a shell nor YAML takes anything in it for a sign.
  private static func isPlain(_ name: String) -> Bool {
    !name.isEmpty
      && name.unicodeScalars.allSatisfy { $0.properties.isAlphabetic || "0123456789_.".unicodeScalars.contains($0) }
  }
}
