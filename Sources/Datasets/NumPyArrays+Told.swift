import Files
import NumPyFiles

// Which arrays tell of the samples: labels, quantities, or both.

extension NumPyArrays {
  /// What the networks are to be told of a sample, as asked or, where that is automatic, as there is.
  mutating func told(_ split: Split, packed: SampleLayout?) throws(FileError) -> (labels: Pair?, quantities: Pair?) {
    // Only what is asked for has to be whole.
    switch options.condition {
    case .classes: return (try labels(split, packed), nil)
    case .mixed: return (try labels(split, packed), try pair(.quantities, split))
    case .continuous:
      if let quantities = try pair(.quantities, split) { return (nil, quantities) }
      return (nil, try labels(split, packed))
    case .automatic:
      let (labels, quantities) = (try labels(split, packed), try pair(.quantities, split))
      guard let given = labels, let number = try numberThatIsNoClass(in: given) else { return (labels, quantities) }
      guard quantities == nil else { return (nil, quantities) }
      notes.append("\(given.training.name) holds no classes (\(number)): it is taken for quantities")
      return (nil, given)
    }
  }

  /// Nil, too, where packed data have none.
  private func labels(_ split: Split, _ packed: SampleLayout?) throws(FileError) -> Pair? {
    if packed != nil, try isUnlabelled() { return nil }
    return try pair(.labels, split)
  }

  /// The arrays of a role, both parts.
  private func pair(_ role: NumPyRoles.Role, _ split: Split) throws(FileError) -> Pair? {
    var found: NumPyArray?
    for name in roles.names(role) {
      guard let array = try candidate(name, role, split) else { continue }
      found = array
      break
    }
    let test = split.hasOwnTest ? roles.names(role, .test, like: found?.name).first : nil
    guard let found else {
      guard let test else { return nil }
      throw wrong("\(role.noun) of the test part only: \(test)", "add those of the training samples, or leave it out")
    }
    guard split.hasOwnTest == (test != nil) else {
      throw wrong(
        "\(role.noun) of the training part only: \(found.name)", "add those of the test part, \(role.words[0])_test")
    }
    return (found, try test.flatMap(file.array))
  }

  /// An array, where it is what its name may mean.
  private func candidate(
    _ name: String, _ role: NumPyRoles.Role, _ split: Split
  ) throws(FileError) -> NumPyArray? {
    let word = name.lowercased()
    guard role == .labels, [NumPyRoles.ambiguous, NumPyRoles.second].contains(word) else { return try file.array(name) }
    guard let header = try? file.header(name), header.shape == [split.storedTraining],
      let array = try file.array(name)
    else { return nil }
    if word == NumPyRoles.ambiguous { return array }
    // Arrays without names: the second one belongs to the first, if it can be labels.
    guard taken.first?.name == "arr_0", !split.hasOwnTest else { return nil }
    guard !array.type.isText else { return array }
    return try array.numbers().allSatisfy({ $0 == $0.rounded() && $0 >= 0 }) ? array : nil
  }

  /// Packed data without labels had some in files of earlier versions, all 0.
  private func isUnlabelled() throws(FileError) -> Bool {
    guard let names = try roles.names(.classNames).first.flatMap(file.array), names.type.isText else { return false }
    return try names.texts() == [Dataset.unlabelled]
  }

  /// What tells that an array holds quantities: `1.5 of sample 3`; nil where its numbers are classes, or were meant so.
  private func numberThatIsNoClass(in pair: Pair) throws(FileError) -> String? {
    for array in [pair.training, pair.test].compactMap({ $0 }) where !array.type.isText {
      guard array.shape.count <= 2 else {
        throw wrong(
          "\(array.name) has \(Self.shown(array)): labels are [N] or one-hot rows [N, K], quantities [N, K]",
          "reshape it, or leave it out")
      }
      let width = array.shape.count == 2 ? array.shape[1] : 1
      let numbers = try array.numbers()
      if width == 1 {
        if let row = numbers.firstIndex(where: { $0 != $0.rounded() }) {
          return "\(numbers[row]) of sample \(grouped(row))"
        }
        continue
      }
      for row in 0..<numbers.count / max(1, width) where oneHot(numbers[row * width..<(row + 1) * width]) == nil {
        return "row \(grouped(row)) is not a single 1 among zeros"
      }
    }
    return nil
  }

  /// The place of a single 1 among zeros.
  func oneHot(_ row: ArraySlice<Double>) -> Int? {
    guard let hot = row.firstIndex(of: 1), row.allSatisfy({ $0 == 0 || $0 == 1 }), row.reduce(0, +) == 1 else {
      return nil
    }
    return hot - row.startIndex
  }
}
