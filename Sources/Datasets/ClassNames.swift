import Files

/// How classes are put in order: their places are their labels.
enum ClassNames {
  /// Each name once: by value where all are numbers (2 before 10), else by spelling.
  static func sorted(_ names: some Sequence<String>) -> [String] {
    let names = Set(names).sorted()
    let values = names.compactMap(value)
    guard values.count == names.count else { return names }
    // Sorted by spelling already, which decides between 1 and 01.
    return zip(names, values).enumerated().sorted { ($0.element.1, $0.offset) < ($1.element.1, $1.offset) }
      .map(\.element.0)
  }

  /// Of a number in digits; words such as `nan` are names.
  private static func value(_ name: String) -> Double? {
    guard name.utf8.allSatisfy({ digits.contains($0) }) else { return nil }
    return Double(name)
  }

  private static let digits = Set("+-.0123456789eE".utf8)
}

extension Dataset {
  /// The same with labels as `names` has them, where these are its classes in another order: a model keeps the order that
  /// it was trained with.
  public func labelled(as names: [String]) -> Dataset {
    // Earlier versions kept some marks that are written as escapes now.
    let names = names.map(escaped)
    guard names != classNames, names.count == classNames.count, Set(names) == Set(classNames) else { return self }
    let places = classNames.map { name in Int32(names.firstIndex(of: name) ?? 0) }
    let relabelled = { (set: ImageSet) in
      ImageSet(
        imageShape: set.imageShape, bytes: set.pixels, format: set.format, part: set.selection.part,
        labels: set.labels.map { places[Int($0)] }[...], conditions: set.conditions)
    }
    var dataset = Dataset(
      name: name, classNames: names, layout: layout, training: relabelled(training), test: relabelled(test),
      notes: notes, complaints: complaints)
    dataset.isOfNode = isOfNode
    return dataset
  }
}
