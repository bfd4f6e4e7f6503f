import Files

extension Dataset {
  /// `9,000 images 32×32×3, 10 classes, 880–920 each; 1,000 held out`
  public var summary: String {
    let shape = layout.shown(imageShape)
    let counts = training.counts(classes: classCount)
    let (least, most) = (counts.min() ?? 0, counts.max() ?? 0)
    let each = least == most ? grouped(least) : "\(grouped(least))–\(grouped(most))"
    let classes =
      classNames == [Self.unlabelled]
      ? "no labels" : classCount == 1 ? "1 class" : "\(grouped(classCount)) classes, \(each) each"
    let quantities = training.conditions.map { $0.width == 1 ? ", 1 quantity" : ", \($0.width) quantities" } ?? ""
    return
      "\(grouped(training.count)) \(layout.kind.noun) \(shape), \(classes)\(quantities); \(grouped(test.count)) held out"
  }

  /// What may make a training worthless, a sentence each: files left out, one label for all, classes without images.
  public var warnings: [String] {
    let counts = training.counts(classes: classCount)
    let empty = counts.indices.filter { counts[$0] == 0 }
    if classNames != [Self.unlabelled], empty.count + 1 == classCount, let only = counts.firstIndex(where: { $0 > 0 }) {
      return complaints + [
        "all training \(layout.kind.noun) have one label, \(named(only)): the networks cannot learn what a class is; "
          + "check where the labels come from"
      ]
    }
    guard !empty.isEmpty else { return complaints }
    let listed = empty.prefix(5).map(named).joined(separator: ", ")
    let rest = empty.count > 5 ? " and \(empty.count - 5) more" : ""
    return complaints + [
      layout.kind.worded("no training image")
        + " is of class \(listed)\(rest): samples of \(empty.count == 1 ? "it" : "them") will mean nothing"
    ]
  }

  /// `3 (cat)`
  private func named(_ label: Int) -> String {
    classNames[label] == String(label) ? String(label) : "\(label) (\(classNames[label]))"
  }
}

extension ImageSet {
  /// Images per class.
  ///
  /// - Precondition: every label is below `classes`.
  func counts(classes: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: classes)
    for label in labels { counts[Int(label)] += 1 }
    return counts
  }
}
