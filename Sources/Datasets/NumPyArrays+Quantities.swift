import Files
import NumPyFiles

extension NumPyArrays {
  /// Quantities of every stored sample, training before test, scaled by the training samples.
  mutating func conditionRows(
    of pair: Pair, split: Split, packed: [Column]?
  ) throws(FileError) -> (rows: ConditionRows, columns: [Column]) {
    take(pair.training, as: .quantities)
    take(pair.test, as: .quantities, of: .test)
    let first = pair.training
    let width = first.shape.dropFirst().reduce(1, *)
    let given = try roles.names(.conditionNames).first.flatMap(file.array)
    take(given, as: .conditionNames)
    let known = packed.flatMap { $0.count == width ? $0 : nil }
    let names = try given.map(texts) ?? known?.map(\.name) ?? (1...max(1, width)).map { "c\($0)" }
    guard width > 0, width <= NumPyData.mostClasses, names.count == width, !first.type.isText else {
      throw wrong(
        "\(first.name) has \(Self.shown(first)) \(first.type.name), \(names.count) names", "give numbers [N, K]")
    }
    var numbers: [Double] = []
    for (array, count) in [(first, split.storedTraining), (pair.test, split.storedTest)] {
      guard let array else { continue }
      guard array.shape.first == count, array.shape.dropFirst().reduce(1, *) == width, !array.type.isText else {
        throw wrong("\(array.name) has \(Self.shown(array)) for \(grouped(count)) samples", "give one row a sample")
      }
      numbers += try array.numbers()
    }
    var scan = NumberScan(columns: width, rowSize: width)
    for x in numbers { scan.add(x) }
    guard scan.nonFiniteCount == 0 else {
      let error = DatasetError.nonFinite(
        scan, of: numbers.count / width, what: first.name, names: names, file: file.path)
      throw wrong(error.reason, "mend them, or leave such samples out")
    }
    if let known {
      return (ConditionRows(width: width, values: numbers.map { Float($0) }[...]), known)
    }
    let columns = scan.scaled(names: names, keepsFlags: true)
    let values = numbers.indices.map { Float(columns[$0 % width].value(of: numbers[$0])) }
    return (ConditionRows(width: width, values: values[...]), columns)
  }

  /// Refuses quantities beside a condition that has no use for them.
  func refuseIdleQuantities() throws(DatasetError) {
    guard options.condition == .classes, let x = roles.names(.samples).first, let c = roles.names(.quantities).first,
      let samples = try? file.header(x), let header = try? file.header(c), !header.type.isText,
      let count = header.shape.first, count == samples.shape.first
    else { return }
    throw DatasetError(
      file: file.path,
      reason: "array \(c) (quantities \(Self.shown(header.shape))) is not used under model.condition.kind classes",
      remedy: "--set model.condition.kind=continuous or mixed uses it, automatic chooses by the data",
      cause: .wrongSource)
  }
}
