import Files
import NumPyFiles
import Tensors

/// Arrays of NumPy: `x` and `y`, with `x_test` and `y_test` where there are some, as users of Keras, PyTorch and
/// scikit-learn save them. `NumPyRoles` has the names.
enum NumPyData {
  /// The layout, in files that were packed.
  static let layout = "lockstep_layout"
  static let mostClasses = 65_536

  /// Whether a zip archive holds arrays.
  static func isArchive(_ path: String) -> Bool { (try? NumPyFile(path: path))?.names.isEmpty == false }

  static func load(path: String, options: LoadingOptions) throws(DatasetError) -> Dataset {
    var arrays: NumPyArrays
    do throws(FileError) {
      arrays = NumPyArrays(file: try NumPyFile(path: path, limits: options.limits), options: options)
    } catch { throw DatasetError(error) }
    if !options.areKnown { try arrays.refuseIdleQuantities() }
    do throws(FileError) { return try arrays.dataset() } catch { throw DatasetError(error) }
  }
}

/// The arrays of one file as they become a data set.
struct NumPyArrays {
  /// What belongs to training samples, and what belongs to those of a part of their own to test on.
  typealias Pair = (training: NumPyArray, test: NumPyArray?)

  let file: NumPyFile
  let options: LoadingOptions
  let roles: NumPyRoles
  /// Names of arrays that were taken, for what, in order.
  private(set) var taken: [(name: String, role: NumPyRoles.Role, part: NumPyRoles.Part)] = []
  var notes: [String] = []

  init(file: NumPyFile, options: LoadingOptions) {
    self.file = file
    self.options = options
    roles = NumPyRoles(file.names)
  }

  func wrong(_ reason: String, _ remedy: String) -> FileError {
    FileError(path: file.path, reason: reason, remedy: remedy)
  }

  mutating func take(_ array: NumPyArray?, as role: NumPyRoles.Role, of part: NumPyRoles.Part = .training) {
    if let array { taken.append((array.name, role, part)) }
  }

  mutating func dataset() throws(FileError) -> Dataset {
    guard let x = try roles.names(.samples).first.flatMap(file.array) else {
      throw wrong(
        "no array of samples among \(clipped(file.names.joined(separator: ", ")))",
        "call it x, its labels y; or x_train, y_train, x_test and y_test")
    }
    let test = try roles.names(.samples, .test, like: x.name).first.flatMap(file.array)
    take(x, as: .samples)
    take(test, as: .samples, of: .test)
    let packed = try file.array(NumPyData.layout).map { array throws(FileError) in
      SampleLayout(text: try texts(array).joined(separator: "\n"))
    }
    let shape = try SampleShape(of: x, kind: packed?.kind ?? options.kind, asksBack: !options.areKnown)
    if let test { try shape.check(test: test, against: x) }
    let split = Split(training: x.shape[0], test: test?.shape[0])
    guard split.training.count > 0, split.test.count > 0 else {
      throw wrong(
        "\(grouped(x.shape[0])) samples are too few to hold some out", "give at least \(RowSelection.stride)")
    }
    let told = try self.told(split, packed: packed)
    let given = try told.labels.map { labels throws(FileError) in try classes(of: labels, split: split) }
    let rows = try told.quantities.map { quantities throws(FileError) in
      try conditionRows(of: quantities, split: split, packed: packed?.conditions)
    }
    let values = try self.values(x, test: test, shape: shape, packed: packed)
    if packed == nil { notes.append(takenInWords) }
    if told.labels == nil, options.condition != .continuous, rows == nil {
      notes.append("no labels (array y) in \(file.path): all samples are of one class")
    }
    if test == nil { notes.append("no x_test in \(file.path): one of every ten samples is held out") }
    notes += unused(split, packed: packed)
    notes += values.notes
    let parts = split.parts(values: values, shape: shape.shape, labels: given?.labels, conditions: rows?.rows)
    let dataset = Dataset(
      name: "npz", classNames: given?.names ?? [Dataset.unlabelled],
      layout: SampleLayout(kind: shape.kind, columns: values.columns, conditions: rows?.columns ?? []),
      training: parts.training, test: parts.test, notes: notes, complaints: values.complaints)
    do throws(DatasetError) {
      return try dropping(values.nonFinite, from: dataset, split: split)
    } catch { throw FileError(path: error.file, reason: error.reason, remedy: error.remedy) }
  }

  private mutating func values(
    _ x: NumPyArray, test: NumPyArray?, shape: SampleShape, packed: SampleLayout?
  ) throws(FileError) -> SampleValues {
    if let packed { return try SampleValues(packed: x, test: test, shape: shape, layout: packed, options: options) }
    let given = shape.kind == .images ? nil : try roles.names(.columnNames).first.flatMap(file.array)
    take(given, as: .columnNames)
    let names = try given.map(texts) ?? shape.defaultNames
    guard names.count == shape.columns else {
      throw wrong("\(names.count) column names for \(shape.columns) columns", "name every column once")
    }
    return try SampleValues(x, test: test, shape: shape, names: names, options: options)
  }

  func texts(_ array: NumPyArray) throws(FileError) -> [String] {
    guard array.type.isText else {
      throw wrong("\(array.name) holds \(array.type.name), no names", "save texts, or leave it out")
    }
    return try array.texts()
  }

  /// Leaves samples out that are not finite, where that is asked for.
  private func dropping(_ rows: [Int], from dataset: Dataset, split: Split) throws(DatasetError) -> Dataset {
    guard !rows.isEmpty else { return dataset }
    let bad = Set(rows)
    let keep = { (set: ImageSet, offset: Int) in
      (0..<set.count).filter { !bad.contains(offset + set.selection.row(of: $0)) }
    }
    let training = dataset.training.selecting(keep(dataset.training, 0))
    let test = dataset.test.selecting(keep(dataset.test, split.hasOwnTest ? split.storedTraining : 0))
    guard training.count > 0, test.count > 0 else {
      throw DatasetError(file: file.path, reason: "no finite sample is left", remedy: "mend the data")
    }
    return dataset.replacing(
      training: training, test: test,
      complaints: ["\(grouped(rows.count)) samples with NaN or infinity are left out of \(file.path)"])
  }

  /// `100 × 28 × 28`
  static func shown(_ array: NumPyArray) -> String { shown(array.shape) }

  static func shown(_ shape: [Int]) -> String {
    shape.isEmpty ? "one number" : shape.map(grouped).joined(separator: " × ")
  }
}
