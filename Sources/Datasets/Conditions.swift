import Tensors

/// The condition of every image of a set: a one-hot class, or quantities measured on the image.
///
/// Random and wrong conditions depend on (seed, purpose, step, global sample) alone.
public struct Conditions: Sendable {
  public enum Kind: Sendable { case classes, continuous }

  public let kind: Kind
  /// Length of a condition vector.
  public let size: Int
  public let count: Int
  /// Classes that images have, from 0 on; random conditions are among them.
  public let knownClasses: Int
  private let labels: ArraySlice<Int32>
  private let rows: ArraySlice<Float>
  private let seed: UInt64

  /// One-hot classes.
  ///
  /// - Parameter knownClasses: how many of them the data have, if not all.
  /// - Precondition: every label is below `knownClasses` ≤ `classCount`.
  public init(classesOf images: ImageSet, classCount: Int, knownClasses: Int? = nil, seed: UInt64) {
    kind = .classes
    size = classCount
    self.knownClasses = knownClasses ?? classCount
    count = images.count
    labels = images.labels
    rows = []
    self.seed = seed
  }

  /// Rows of `size` numbers, one per image.
  public init(rows: ArraySlice<Float>, size: Int, seed: UInt64) {
    precondition(size > 0 && rows.count % size == 0, "\(rows.count) numbers in rows of \(size)")
    kind = .continuous
    self.size = size
    knownClasses = 0
    count = rows.count / size
    labels = []
    self.rows = rows
    self.seed = seed
  }

  /// Writes the condition of image `index` to `target`, of `size` floats.
  public func write(conditionOf index: Int, to target: UnsafeMutablePointer<Float>) {
    switch kind {
    case .classes: write(class: Int(labels[labels.startIndex + index]), to: target)
    case .continuous: for k in 0..<size { target[k] = rows[rows.startIndex + index * size + k] }
    }
  }

  /// Writes a random condition: a class, each as likely, or that of a random image.
  public func write(
    randomFor purpose: RandomPurpose, step: Int, sample: UInt32, to target: UnsafeMutablePointer<Float>
  ) {
    let stream = RandomStream(seed: seed, purpose: purpose)
    switch kind {
    case .classes:
      write(class: stream.integer(below: knownClasses, iteration: UInt64(step), sample: sample), to: target)
    case .continuous:
      write(conditionOf: stream.integer(below: count, iteration: UInt64(step), sample: sample), to: target)
    }
  }

  /// Writes a condition that image `index` does not have: another class, each as likely, or that of another image.
  public func write(
    wrongFor index: Int, step: Int, sample: UInt32, to target: UnsafeMutablePointer<Float>
  ) {
    let stream = RandomStream(seed: seed, purpose: .mismatchedLabels)
    switch kind {
    case .classes:
      let others = knownClasses - 1
      let shift = others > 0 ? 1 + stream.integer(below: others, iteration: UInt64(step), sample: sample) : 0
      write(class: (Int(labels[labels.startIndex + index]) + shift) % knownClasses, to: target)
    case .continuous:
      let shift = count > 1 ? 1 + stream.integer(below: count - 1, iteration: UInt64(step), sample: sample) : 0
      write(conditionOf: (index + shift) % count, to: target)
    }
  }

  /// Writes the one-hot vector of a class.
  public func write(class label: Int, to target: UnsafeMutablePointer<Float>) {
    for k in 0..<size { target[k] = k == label ? 1 : 0 }
  }
}
