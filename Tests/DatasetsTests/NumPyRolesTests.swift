import Files
import NumPyFiles
import Testing

@testable import Datasets

/// Which arrays are taken for what, and what is said of the others.
@Suite struct NumPyRolesTests {
  private let directory: TemporaryDirectory
  private var path: String { directory.path + "/d.npz" }

  init() throws { directory = try TemporaryDirectory() }

  private func load(_ entries: [NPZ.Entry], _ condition: ConditionForm = .automatic) throws -> Dataset {
    try NPZ.write(to: path, arrays: entries)
    var options = LoadingOptions()
    options.condition = condition
    return try DatasetSource.numpy(path: path).load(options)
  }

  private func message(_ entries: [NPZ.Entry], _ condition: ConditionForm = .automatic) -> String {
    do {
      _ = try load(entries, condition)
      return "(loaded)"
    } catch { return "\(error)" }
  }

  private static let pixels = (0..<40 * 16).map { UInt8($0 % 251) }
  private static let labels = (0..<40).map { Int64($0 % 4) }
  private static let quantities = (0..<80).map { Float($0) / 7 }

  private func samples(_ name: String, _ count: Int = 40) -> NPZ.Entry {
    stored(name, [count, 4, 4], .uint8, Array(Self.pixels.prefix(16 * count)))
  }
  private func labels(_ name: String) -> NPZ.Entry { stored(name, [40], .int64, Self.labels) }
  private func quantities(_ name: String) -> NPZ.Entry { stored(name, [40, 2], .float32, Self.quantities) }

  @Test(
    "names in use elsewhere are understood in any case and order",
    arguments: [
      ("x", "y"), ("X", "Y"), ("X_train", "y_train"), ("Xtrain", "Ytrain"), ("train_x", "train_y"), ("data", "target"),
      ("images", "labels"), ("train_images", "train_labels"), ("features", "targets"), ("TrainX", "label"),
      ("arr_0", "arr_1"), ("samples", "classes"), ("IMAGES", "Class"),
    ])
  func names(x: String, y: String) throws {
    let data = try load([labels(y), samples(x)])
    #expect(data.classCount == 4 && data.training.count == 36)
    #expect((0..<36).allSatisfy { data.training.label(at: $0) == data.training.selection.row(of: $0) % 4 })
    #expect(data.notes[0] == "samples from \(x) (40 × 4 × 4 uint8), labels from \(y) (40 int64)")
    #expect(!data.notes.contains { $0.contains("not used") })
  }

  @Test("labels, quantities, both or neither: automatic takes what there is")
  func automatic() throws {
    let both = try load([samples("x"), labels("y"), quantities("c")])
    #expect(both.hasLabels && both.hasQuantities && both.training.conditions?.width == 2)
    let few = try load([samples("x"), quantities("c")])
    #expect(!few.hasLabels && few.hasQuantities)
    let none = try load([samples("x")])
    #expect(!none.hasLabels && !none.hasQuantities)
    let measured = try load([samples("x"), stored("target", [40], .float32, Array(Self.quantities.prefix(40)))])
    #expect(!measured.hasLabels && measured.layout.conditions.count == 1)
    #expect(measured.notes.contains { $0.hasSuffix("of sample 1): it is taken for quantities") })
    let several = try load([samples("x"), stored("y", [40, 2], .uint8, (0..<80).map { UInt8($0 % 3 > 0 ? 1 : 0) })])
    #expect(!several.hasLabels && several.training.conditions?.width == 2)
    let hot = try load([samples("x"), stored("y", [40, 2], .uint8, (0..<80).map { UInt8(($0 + $0 / 2) % 2) })])
    #expect(hot.classCount == 2 && !hot.hasQuantities)
  }

  @Test("an array that nothing is made of is named, with what would make something of it")
  func unused() throws {
    let notes = try load([
      samples("x"), labels("y"), samples("images"), labels("target"), quantities("c"), quantities("momenta"),
      stored("weights", [40], .float32, Array(Self.quantities.prefix(40))),
      stored("mask", [40, 4, 4], .bool, Self.pixels),
      samples("x_val", 10), stored("y_test", [4], .int64, Array(Self.labels.prefix(4))),
    ]).notes.filter { $0.contains("not used") }
    #expect(
      notes == [
        "array images (40 × 4 × 4 uint8) is not used: samples are from x",
        "array target (40 int64) is not used: labels are from y",
        "array momenta (40 × 2 float32) is not used: call it c to have it as quantities",
        "array weights (40 float32) is not used: call it c to have it as quantities",
        "array mask (40 × 4 × 4 bool) is not used",
        "array x_val (10 × 4 × 4 uint8) is not used: call it x_test, or y_test, to have it held out",
        "array y_test (4 int64) is not used: there are no held-out samples x_test",
      ])
    let told = try load([samples("x"), labels("y"), quantities("c")], .continuous).notes
    #expect(
      told.contains(
        "array y (40 int64) is not used under model.condition.kind continuous: --set model.condition.kind=mixed uses labels "
          + "and quantities"))
    let words = try load([
      samples("x"), NPZ.Entry("y", texts: Self.labels.map { "\($0)" }), NPZ.Entry("class_names", texts: ["a"]),
    ])
    #expect(words.notes.contains("array class_names (1 text) is not used: labels are texts, which name their classes"))
  }

  @Test("quantities under classes are refused, unless a run has read the data before")
  func idle() throws {
    let entries = [samples("x"), labels("y"), quantities("c")]
    let text = message(entries, .classes)
    #expect(
      text.contains(
        "array c (quantities 40 × 2) is not used under model.condition.kind classes; --set model.condition.kind=continuous"
      ))
    var options = LoadingOptions()
    options.keep(SampleDescription())
    let known = try DatasetSource.numpy(path: path).load(options)
    #expect(known.hasLabels && !known.hasQuantities)
    #expect(
      known.notes.contains { $0.hasPrefix("array c (40 × 2 float32) is not used under model.condition.kind classes") })
  }

  @Test("labels or quantities of one part only are refused by their names")
  func oneSided() {
    let test = samples("x_test", 20)
    let half = stored("y_test", [20], .int64, Array(Self.labels.prefix(20)))
    #expect(message([samples("x"), test, half]).contains("labels of the test part only: y_test"))
    #expect(message([samples("x"), test, labels("y")]).contains("labels of the training part only: y"))
    #expect(message([samples("x"), test, quantities("c")]).contains("quantities of the training part only: c"))
    #expect(message([labels("y_train"), samples("x_test")]).contains("no array of samples among y_train, x_test"))
  }

  @Test("of arrays without names the second is labels if it can be, else it is named")
  func positional() throws {
    let words = try load([samples("arr_0"), NPZ.Entry("arr_1", texts: Self.labels.map { "c\($0)" })])
    #expect(words.classNames == ["c0", "c1", "c2", "c3"])
    let numbers = try load([samples("arr_0"), quantities("arr_1")])
    #expect(!numbers.hasLabels && !numbers.hasQuantities)
    #expect(numbers.notes.contains("array arr_1 (40 × 2 float32) is not used: call it c to have it as quantities"))
    let other = try load([labels("arr_0"), samples("x"), labels("arr_1")])
    #expect(!other.hasLabels)
  }

  @Test("a series is not taken for grey images, nor images for vectors; the message names the recipe")
  func series() throws {
    let x = stored("x", [40, 12, 3], .float32, (0..<1_440).map { Float($0 % 97) / 97 })
    #expect(message([x]).contains("for series [N, T, C] use --recipe sequences"))
    #expect(
      message([stored("x", [40, 2, 600], .uint8, [UInt8](repeating: 9, count: 48_000))]).contains("--recipe sequences"))
    #expect(
      message([stored("x", [40, 12, 6], .float64, (0..<2_880).map { Double($0) })]).contains("--recipe sequences"))
    try NPZ.write(to: path, arrays: [x])
    var options = LoadingOptions()
    options.kind = .vectors
    let error = #expect(throws: DatasetError.self) { try DatasetSource.numpy(path: path).load(options) }
    #expect(error?.remedy == "for series [N, T, C] use --recipe sequences, for images --recipe images")
    options.kind = .sequences
    #expect(try DatasetSource.numpy(path: path).load(options).imageShape == [1, 12, 3])
  }
}
