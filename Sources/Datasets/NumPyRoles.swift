/// What arrays are, by their names: in upper or lower case, with `train` or `test` before or behind, as in `x_train`,
/// `X_train`, `train_x` and `Xtrain`.
struct NumPyRoles {
  enum Role: CaseIterable {
    case samples, labels, quantities, classNames, columnNames, conditionNames

    /// Names, those that count first.
    var words: [String] {
      switch self {
      case .samples: ["x", "images", "image", "samples", "sequences", "series", "vectors", "features", "data", "arr_0"]
      case .labels: ["y", "labels", "label", "targets", "target", "class", NumPyRoles.ambiguous, NumPyRoles.second]
      case .quantities: ["c", "conditions", "condition", "quantities"]
      case .classNames: ["class_names", NumPyRoles.ambiguous, "target_names", "label_names"]
      case .columnNames: ["column_names", "feature_names"]
      case .conditionNames: ["condition_names"]
      }
    }

    /// `labels`
    var noun: String {
      switch self {
      case .samples: "samples"
      case .labels: "labels"
      case .quantities: "quantities"
      case .classNames: "names of classes"
      case .columnNames: "names of columns"
      case .conditionNames: "names of quantities"
      }
    }
  }

  enum Part { case training, test }

  /// The label of every sample, or the name of every class.
  static let ambiguous = "classes"
  /// The second array of `numpy.savez(file, x, y)`.
  static let second = "arr_1"

  private let arrays: [(name: String, word: String, part: Part?)]

  init(_ names: [String]) {
    arrays = names.map { name in
      let (word, part) = Self.parts(of: name)
      return (name, word, part)
    }
  }

  /// Arrays that can be this, those that count first. What has no part in its name is of the training.
  ///
  /// - Parameter other: the training's array; one of the same word comes first.
  func names(_ role: Role, _ part: Part = .training, like other: String? = nil) -> [String] {
    let words = role.words
    let liked = other.map { Self.parts(of: $0).word }
    let found = arrays.compactMap { array -> (name: String, place: Int)? in
      guard let word = words.firstIndex(of: array.word), (array.part ?? .training) == part else { return nil }
      // Of one word: what names its part, then what is in lower case.
      let order = 4 * word + (array.part == nil ? 2 : 0) + (array.name == array.name.lowercased() ? 0 : 1)
      return (array.name, array.word == liked ? order - 1_000 : order)
    }
    return found.sorted { $0.place < $1.place }.map(\.name)
  }

  /// What an array can be; nil where its name means nothing.
  func meaning(of name: String) -> (role: Role, part: Part)? {
    let (word, part) = Self.parts(of: name)
    return Role.allCases.first { $0.words.contains(word) }.map { ($0, part ?? .training) }
  }

  /// `x_val`, `valid_images`: a third part, which is not used.
  static func isValidation(_ name: String) -> Bool {
    name.lowercased().split { "_-. ".contains($0) }.contains { ["val", "valid", "validation"].contains($0) }
  }

  /// `x` and the training of `X_train`.
  private static func parts(of name: String) -> (word: String, part: Part?) {
    let text = name.lowercased()
    let affixes = [("training", Part.training), ("train", .training), ("testing", .test), ("test", .test)]
    for (affix, part) in affixes where text.count > affix.count {
      let rest: Substring
      if text.hasPrefix(affix) {
        rest = text.dropFirst(affix.count)
      } else if text.hasSuffix(affix) {
        rest = text.dropLast(affix.count)
      } else {
        continue
      }
      let word = rest.drop { "_-. ".contains($0) }.reversed().drop { "_-. ".contains($0) }.reversed()
      return (String(word), part)
    }
    return (text, nil)
  }
}
