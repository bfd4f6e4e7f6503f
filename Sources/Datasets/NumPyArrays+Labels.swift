import Files
import NumPyFiles

extension NumPyArrays {
  /// The class of every stored sample, training before test.
  mutating func classes(of pair: Pair, split: Split) throws(FileError) -> (labels: [Int32], names: [String]) {
    take(pair.training, as: .labels)
    take(pair.test, as: .labels, of: .test)
    var labels: [Int32] = []
    var texts: [String] = []
    for (array, count) in [(pair.training, split.storedTraining), (pair.test, split.storedTest)] {
      guard let array else { continue }
      guard array.shape.first == count else {
        throw wrong(
          "\(array.name) has \(Self.shown(array)) labels for \(grouped(count)) samples", "give one label a sample")
      }
      if array.type.isText { texts += try array.texts() } else { labels += try self.labels(of: array) }
    }
    if !texts.isEmpty {
      guard labels.isEmpty else { throw wrong("labels are texts in one part and numbers in the other", "use one kind") }
      if let place = texts.firstIndex(where: TableCell.isMissing) {
        let isTest = place >= split.storedTraining
        throw wrong(
          "\(isTest ? pair.test?.name ?? "" : pair.training.name) of sample "
            + "\(grouped(isTest ? place - split.storedTraining : place)) is "
            + (texts[place].isEmpty ? "empty" : clipped(texts[place].debugDescription)) + ": it has no class",
          "name the class of every sample, under another word if it is called so, or leave such samples out")
      }
      let names = ClassNames.sorted(texts)
      guard names.count <= NumPyData.mostClasses else { throw wrong("\(grouped(names.count)) classes", "use fewer") }
      let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Int32($0)) })
      return (texts.map { places[$0] ?? 0 }, names)
    }
    let most = Int(labels.max() ?? 0)
    guard let given = try namesOfClasses(beside: pair.training) else { return (labels, (0...most).map(String.init)) }
    guard given.type.isText else {
      throw wrong("\(given.name) holds \(given.type.name), no names", "save texts: numpy.asarray(names).astype(str)")
    }
    guard given.count > most else {
      throw wrong(
        "\(given.name) has \(grouped(given.count)) names, the largest label is \(grouped(most))", "name every class")
    }
    take(given, as: .classNames)
    return (labels, try given.texts())
  }

  /// - Parameter labels: that array is not taken twice.
  private func namesOfClasses(beside labels: NumPyArray) throws(FileError) -> NumPyArray? {
    for name in roles.names(.classNames) where name != labels.name {
      guard let array = try file.array(name) else { continue }
      // Numbers under that name may be anything.
      if array.type.isText || name.lowercased() != NumPyRoles.ambiguous { return array }
    }
    return nil
  }

  /// Whole numbers from 0 on, or rows with a single 1.
  private func labels(of array: NumPyArray) throws(FileError) -> [Int32] {
    let width = array.shape.dropFirst().reduce(1, *)
    let numbers = try array.numbers()
    let most = Double(options.mostClasses ?? NumPyData.mostClasses)
    if width > 1 {
      return try (0..<array.shape[0]).map { row throws(FileError) in
        guard let hot = oneHot(numbers[row * width..<(row + 1) * width]) else {
          throw wrong(
            "row \(grouped(row)) of \(array.name) is no class: \(width) numbers, not a single 1 among zeros",
            "set model.condition.kind to continuous, for several labels a sample, too")
        }
        return Int32(hot)
      }
    }
    var labels: [Int32] = []
    labels.reserveCapacity(numbers.count)
    for (index, x) in numbers.enumerated() {
      guard x == x.rounded() else {
        throw wrong(
          "\(array.name) of sample \(grouped(index)) is \(x), no class",
          "labels are whole numbers from 0 on; for quantities set model.condition.kind to continuous")
      }
      guard x >= 0, x < most else {
        let remedy = "number the classes from 0 on" + (x < 0 ? "" : ", or raise model.condition.size")
        throw wrong(
          "label \(Int(max(-9e15, min(9e15, x)))) of sample \(grouped(index)) is not from 0 to \(grouped(Int(most) - 1))",
          remedy + "; for quantities set model.condition.kind to continuous")
      }
      labels.append(Int32(x))
    }
    return labels
  }
}
