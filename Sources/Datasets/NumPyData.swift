import Files
import NumPyFiles
import Tensors

/// Arrays of NumPy: `x` and `y`, with `x_test` and `y_test` where there are some, as users of Keras, PyTorch and
/// scikit-learn save them.
enum NumPyData {
  /// Names that arrays may have.
  static let samples = ["x_train", "x", "X_train", "X", "images", "train_images", "data", "arr_0"]
  static let testSamples = ["x_test", "X_test", "test_images"]
  static let labels = ["y_train", "y", "labels", "train_labels", "label"]
  static let testLabels = ["y_test", "test_labels"]
  static let conditions = ["c_train", "c", "conditions"]
  static let testConditions = ["c_test", "test_conditions"]
  static let classNames = ["class_names", "classes"]
  static let columnNames = ["column_names"]
  static let conditionNames = ["condition_names"]
  /// The layout, in files that were packed.
  static let layout = "lockstep_layout"
  static let mostClasses = 65_536

  static func load(path: String, options: LoadingOptions) throws(DatasetError) -> Dataset {
    do throws(FileError) {
      let file = try NumPyFile(path: path)
      var arrays = NumPyArrays(file: file, options: options)
      return try arrays.dataset()
    } catch { throw DatasetError(error) }
  }
}

/// The arrays of one file as they become a data set.
struct NumPyArrays {
  let file: NumPyFile
  let options: LoadingOptions
  private var used: Set<String> = []
  private var notes: [String] = []

  init(file: NumPyFile, options: LoadingOptions) {
    self.file = file
    self.options = options
  }

  func wrong(_ reason: String, _ remedy: String) -> FileError {
    FileError(path: file.path, reason: reason, remedy: remedy)
  }

  private mutating func array(_ names: [String]) throws(FileError) -> NumPyArray? {
    for name in names {
      guard let array = try file.array(name) else { continue }
      used.insert(name)
      return array
    }
    return nil
  }

  mutating func dataset() throws(FileError) -> Dataset {
    guard let x = try array(NumPyData.samples) else {
      throw wrong(
        "no array of samples among \(clipped(file.names.joined(separator: ", ")))",
        "call it x, its labels y; or x_train, y_train, x_test and y_test")
    }
    let packedLayout = try array([NumPyData.layout]).map { SampleLayout(text: $0.texts().joined(separator: "\n")) }
    let test = try array(NumPyData.testSamples)
    let shape = try SampleShape(of: x, kind: packedLayout?.kind ?? options.kind)
    if let test { try shape.check(test: test, against: x) }
    let names = try (array(NumPyData.columnNames)?.texts() ?? packedLayout?.columns.map(\.name)) ?? shape.defaultNames
    guard names.count == shape.columns else {
      throw wrong("\(names.count) column names for \(shape.columns) columns", "name every column once")
    }
    let split = Split(training: x.shape[0], test: test?.shape[0])
    guard split.training.count > 0, split.test.count > 0 else {
      throw wrong(
        "\(grouped(x.shape[0])) samples are too few to hold some out", "give at least \(RowSelection.stride)")
    }
    let y = (try array(NumPyData.labels), try test.flatMap { _ throws(FileError) in try array(NumPyData.testLabels) })
    let c = (
      try array(NumPyData.conditions), try test.flatMap { _ throws(FileError) in try array(NumPyData.testConditions) }
    )
    let isClassed = options.condition != .continuous
    let given = try isClassed ? classes(of: y, split: split) : nil
    let rows = try conditionRows(isClassed ? c : c.0 == nil ? y : c, split: split, packed: packedLayout?.conditions)
    if test == nil {
      notes.append("no x_test in \(file.path): one of every ten samples is held out")
    }
    let values = try SampleValues(x, test: test, shape: shape, names: names, packed: packedLayout, options: options)
    let left = file.names.filter { !used.contains($0) }
    if !left.isEmpty { notes.append("arrays not used: \(clipped(left.joined(separator: ", ")))") }
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

  /// The class of every stored sample, training before test; nil where the file has none.
  private mutating func classes(
    of y: (NumPyArray?, NumPyArray?), split: Split
  ) throws(FileError) -> (labels: [Int32], names: [String])? {
    guard let first = y.0 else {
      notes.append("no labels (array y) in \(file.path): all samples are of one class")
      return nil
    }
    guard split.hasOwnTest == (y.1 != nil) else { throw wrong("labels of one part only", "add y_test") }
    var labels: [Int32] = []
    var texts: [String] = []
    for (array, count) in [(first, split.storedTraining), (y.1, split.storedTest)] {
      guard let array else { continue }
      guard array.shape.first == count else {
        throw wrong(
          "\(array.name) has \(Self.shown(array)) labels for \(grouped(count)) samples", "give one label a sample")
      }
      if array.type.isText { texts += array.texts() } else { labels += try self.labels(of: array) }
    }
    if !texts.isEmpty {
      guard labels.isEmpty else { throw wrong("labels are texts in one part and numbers in the other", "use one kind") }
      if let place = texts.firstIndex(where: { $0.allSatisfy(\.isWhitespace) }) {
        let isTest = place >= split.storedTraining
        throw wrong(
          "\(isTest ? y.1?.name ?? first.name : first.name) of sample "
            + "\(grouped(isTest ? place - split.storedTraining : place)) is empty: it has no class",
          "name the class of every sample, or leave such samples out")
      }
      let names = Array(Set(texts)).sorted()
      guard names.count <= NumPyData.mostClasses else { throw wrong("\(grouped(names.count)) classes", "use fewer") }
      let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Int32($0)) })
      return (texts.map { places[$0] ?? 0 }, names)
    }
    let most = Int(labels.max() ?? 0)
    let given = try array(NumPyData.classNames)
    if let given {
      guard given.type.isText, given.count > most else {
        throw wrong(
          "\(given.name) has \(grouped(given.count)) names, the largest label is \(grouped(most))", "name every class")
      }
    }
    return (labels, given?.texts() ?? (0...most).map(String.init))
  }

  /// Whole numbers from 0 on, or rows with a single 1.
  private func labels(of array: NumPyArray) throws(FileError) -> [Int32] {
    let width = array.shape.dropFirst().reduce(1, *)
    let numbers = array.numbers()
    let most = Double(options.mostClasses ?? NumPyData.mostClasses)
    if width > 1 {
      return try (0..<array.shape[0]).map { row throws(FileError) in
        let values = numbers[row * width..<(row + 1) * width]
        guard let hot = values.firstIndex(of: 1), values.allSatisfy({ $0 == 0 || $0 == 1 }), values.reduce(0, +) == 1
        else {
          throw wrong(
            "row \(grouped(row)) of \(array.name) is no class: \(width) numbers, not a single 1 among zeros",
            "set model.condition.kind to continuous, for several labels a sample, too")
        }
        return Int32(hot - row * width)
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
        throw wrong(
          "label \(Int(max(-9e15, min(9e15, x)))) of sample \(grouped(index)) is not from 0 to \(grouped(Int(most) - 1))",
          x < 0 ? "number the classes from 0 on" : "number the classes from 0 on, or raise model.condition.size")
      }
      labels.append(Int32(x))
    }
    return labels
  }

  /// Quantities of every stored sample, training before test, scaled by the training samples.
  private mutating func conditionRows(
    _ c: (NumPyArray?, NumPyArray?), split: Split, packed: [Column]?
  ) throws(FileError) -> (rows: ConditionRows, columns: [Column])? {
    guard let first = c.0, options.condition != .classes else { return nil }
    let width = first.shape.dropFirst().reduce(1, *)
    let names =
      try array(NumPyData.conditionNames)?.texts() ?? packed?.map(\.name) ?? (1...max(1, width)).map { "c\($0)" }
    guard width > 0, width <= NumPyData.mostClasses, names.count == width, !first.type.isText else {
      throw wrong(
        "\(first.name) has \(Self.shown(first)) \(first.type.name), \(names.count) names", "give numbers [N, K]")
    }
    guard split.hasOwnTest == (c.1 != nil) else { throw wrong("conditions of one part only", "add c_test or y_test") }
    var numbers: [Double] = []
    for (array, count) in [(first, split.storedTraining), (c.1, split.storedTest)] {
      guard let array else { continue }
      guard array.shape.first == count, array.shape.dropFirst().reduce(1, *) == width, !array.type.isText else {
        throw wrong("\(array.name) has \(Self.shown(array)) for \(grouped(count)) samples", "give one row a sample")
      }
      numbers += array.numbers()
    }
    var scan = NumberScan(columns: width, rowSize: width)
    for x in numbers { scan.add(x) }
    guard scan.nonFiniteCount == 0 else {
      let error = DatasetError.nonFinite(
        scan, of: numbers.count / width, what: first.name, names: names, file: file.path)
      throw wrong(error.reason, "mend them, or leave such samples out")
    }
    let isPacked = packed.map { !$0.isEmpty } ?? false
    let columns = isPacked ? packed ?? [] : scan.scaled(names: names, keepsFlags: true)
    let values = numbers.indices.map { Float(isPacked ? numbers[$0] : columns[$0 % width].value(of: numbers[$0])) }
    return (ConditionRows(width: width, values: values[...]), columns)
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
  static func shown(_ array: NumPyArray) -> String {
    array.shape.isEmpty ? "one number" : array.shape.map(grouped).joined(separator: " × ")
  }
}

/// How stored samples are split: a part of their own to test on, or every tenth of one.
struct Split {
  let storedTraining: Int
  let storedTest: Int
  let hasOwnTest: Bool

  init(training: Int, test: Int?) {
    storedTraining = training
    storedTest = test ?? 0
    hasOwnTest = test != nil
  }

  var training: RowSelection { RowSelection(part: hasOwnTest ? .all : .training, rows: storedTraining) }
  var test: RowSelection {
    hasOwnTest ? .all(of: storedTest) : RowSelection(part: .heldOut, rows: storedTraining)
  }

  /// - Parameters:
  ///   - labels: of all stored samples, training before test; nil: all of class 0.
  func parts(
    values: SampleValues, shape: Shape, labels: [Int32]?, conditions: ConditionRows?
  ) -> (training: ImageSet, test: ImageSet) {
    func part(_ pixels: PixelBytes, _ selection: RowSelection, offset: Int) -> ImageSet {
      let rows = (0..<selection.count).lazy.map { offset + selection.row(of: $0) }
      return ImageSet(
        imageShape: shape, bytes: pixels, format: values.format, part: selection.part,
        labels: labels.map { labels in rows.map { labels[$0] }[...] }
          ?? ArraySlice(repeating: 0, count: selection.count),
        conditions: conditions.map { all in
          ConditionRows(width: all.width, values: rows.flatMap { all.row($0) }[...])
        })
    }
    return (
      part(values.training, training, offset: 0),
      part(values.test ?? values.training, test, offset: hasOwnTest ? storedTraining : 0)
    )
  }
}
