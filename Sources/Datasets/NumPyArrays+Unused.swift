import Files
import NumPyFiles

// What is said of arrays: which were taken for what, and why others were not.

extension NumPyArrays {
  private static let mostListed = 8

  /// `samples from images (200 × 16 × 16 uint8), labels from target (200 int64)`
  var takenInWords: String {
    taken.map { array in
      let isTest = array.part == .test
      let noun = isTest && array.role == .samples ? "held-out samples" : (isTest ? "their " : "") + array.role.noun
      return "\(noun) from \(described(array.name))"
    }.joined(separator: ", ")
  }

  /// A sentence for every array that nothing was made of, with what would.
  func unused(_ split: Split, packed: SampleLayout?) -> [String] {
    let used = Set(taken.map(\.name) + [NumPyData.layout])
    // A pack has nothing that its reader leaves by choice.
    let left = file.names.filter { !used.contains($0) && (packed == nil || roles.meaning(of: $0) == nil) }
    let listed = left.prefix(Self.mostListed).map { "array \(described($0)) is not used\(reason($0, split))" }
    let rest = left.count - listed.count
    return listed + (rest > 0 ? ["\(rest) more arrays are not used"] : [])
  }

  /// `y (200 int64)`
  private func described(_ name: String) -> String {
    guard let header = try? file.header(name) else { return clipped(name) }
    return "\(clipped(name)) (\(Self.shown(header.shape)) \(header.type.name))"
  }

  private func reason(_ name: String, _ split: Split) -> String {
    guard let (role, part) = roles.meaning(of: name) else {
      return NumPyRoles.isValidation(name) ? ": call it x_test, or y_test, to have it held out" : hint(name, split)
    }
    if let other = taken.first(where: { $0.role == role && $0.part == part }) {
      return ": \(role.noun) are from \(clipped(other.name))"
    }
    if part == .test, !split.hasOwnTest { return ": there are no held-out samples x_test" }
    let kind = "model.condition.kind"
    let quantities = taken.first { $0.role == .quantities }
    switch role {
    case .labels where quantities != nil && options.condition == .continuous:
      return " under \(kind) continuous: --set \(kind)=mixed uses labels and quantities"
    case .labels where quantities != nil:
      return ": its numbers are no classes, and quantities are from \(quantities?.name ?? "c")"
    case .quantities: return " under \(kind) classes: --set \(kind)=continuous or mixed uses it"
    case .classNames where taken.contains { $0.role == .labels }: return ": labels are texts, which name their classes"
    case .classNames: return ": there are no labels"
    case .conditionNames: return ": there are no quantities"
    case .columnNames: return ": images have no columns"
    case .labels, .samples: return hint(name, split)
    }
  }

  /// What an array of any name could be, by its shape.
  private func hint(_ name: String, _ split: Split) -> String {
    guard let header = try? file.header(name), header.shape.first == split.storedTraining, header.shape.count <= 2
    else { return "" }
    let isList = header.shape.count == 1 || header.shape[1] == 1
    switch (isList, header.type.isText, header.type.isFloating) {
    case (true, true, _): return ": call it y to have it as labels"
    case (true, false, false): return ": call it y to have it as labels, c as quantities"
    case (_, false, _): return ": call it c to have it as quantities"
    case (false, true, _): return ""
    }
  }
}
