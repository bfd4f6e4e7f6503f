import Files
import Training

/// The classes that `--classes` names, resolved as a whole: all by name, or all by number from 0 on.
///
/// Where a model's classes are themselves called by numbers, only names count: whoever has classes 1, 2 and 3 and asks for
/// `0,1` has mistaken one kind for the other.
struct ClassChoice {
  /// Places among the model's classes, in the order asked for.
  let labels: [Int]
  /// How the text was understood: `by name: red, green`.
  let words: String

  /// - Parameter text: names or numbers, separated by commas; a name with commas in double quotes, or alone.
  /// - Throws: `Failure` (64) naming what is no class.
  init(_ text: String, names: [String]) throws {
    let parts = names.contains(text) ? [text] : try Self.parts(text)
    // Ends of lines and the like are kept as escapes.
    let byName = parts.map { names.firstIndex(of: $0) ?? names.firstIndex(of: escaped($0)) }
    let byNumber = parts.map { part in Int(part).flatMap { names.indices.contains($0) ? $0 : nil } }
    if let labels = Self.whole(byName) {
      // Numbers that say the same either way need no word.
      self.init(labels, names, labels == Self.whole(byNumber) ? nil : "by name")
      return
    }
    let numeric = names.count { Int($0) != nil }
    if numeric == 0, let labels = Self.whole(byNumber) {
      self.init(labels, names, "by number")
      return
    }
    let given = "--classes \(clipped(text))"
    let listed = clipped(names.joined(separator: ", "))
    guard numeric > 0 || zip(byName, byNumber).contains(where: { $0 == nil && $1 == nil }) else {
      throw Failure(
        "\(given): names and numbers mixed; give all by name (\(listed)), or all by number from 0 on", code: .usage)
    }
    let wrong = zip(parts, zip(byName, byNumber)).first { $1.0 == nil && (numeric > 0 || $1.1 == nil) }?.0 ?? ""
    let reason = "\(clipped(wrong.debugDescription)) is none of the classes \(listed)"
    let counts = names.indices.map(String.init) == names
    let remedy =
      counts
      ? "; separate them by commas"
      : numeric == 0
        ? ", nor a number from 0 to \(names.count - 1); separate them by commas"
        : "; they are asked for by name, since \(numeric == names.count ? "" : "some ")names are numbers"
    throw Failure("\(given): \(reason)\(remedy)", code: .usage)
  }

  /// - Parameter way: nil where there was nothing to choose.
  private init(_ labels: [Int], _ names: [String], _ way: String?) {
    self.labels = labels
    let shown = labels.map { names[$0] == String($0) || way != "by number" ? names[$0] : "\($0) (\(names[$0]))" }
    words = "classes" + (way.map { " " + $0 } ?? "") + ": " + clipped(shown.joined(separator: ", "), atMost: 200)
  }

  private static func whole(_ places: [Int?]) -> [Int]? {
    let found = places.compactMap { $0 }
    return found.count == places.count ? found : nil
  }

  /// Fields separated by commas, quoted as RFC 4180 has it.
  private static func parts(_ text: String) throws -> [String] {
    var (parts, part, isQuoted) = ([String](), "", false)
    var characters = text[...]
    while let character = characters.popFirst() {
      switch character {
      case "\"" where isQuoted && characters.first == "\"": part.append(characters.removeFirst())
      case "\"" where isQuoted || part.isEmpty: isQuoted.toggle()
      case "," where !isQuoted:
        parts.append(part)
        part = ""
      default: part.append(character)
      }
    }
    guard !isQuoted else { throw Failure("--classes \(clipped(text)): a quote is not closed", code: .usage) }
    return parts + [part]
  }
}
