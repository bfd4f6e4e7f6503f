import Tensors

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
