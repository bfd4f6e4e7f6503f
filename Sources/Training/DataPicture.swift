import Datasets
import Reporting
import Tensors

/// What a data set shows: a row of samples to train on, from all classes, above a row of those held out.
public struct DataPicture {
  private let samples: [Float]
  private let count: Int
  private let shape: Shape
  private let layout: SampleLayout
  private let columns: Int

  /// - Parameter columns: samples in a row, fewer where there are fewer to train on.
  public init(_ dataset: Dataset, columns most: Int = 10) {
    columns = min(most, dataset.training.count)
    shape = dataset.imageShape
    layout = dataset.layout
    var samples: [Float] = []
    var count = 0
    var sample = [Float](repeating: 0, count: dataset.imageShape.count)
    for set in [dataset.training, dataset.test] {
      for index in Self.choice(of: set, classCount: dataset.classCount, count: columns) {
        sample.withUnsafeMutableBufferPointer { if let start = $0.baseAddress { set.write(index: index, to: start) } }
        samples += sample
        count += 1
      }
    }
    (self.samples, self.count) = (samples, count)
  }

  /// Samples of as many classes as there is room for, spread over each.
  static func choice(of set: ImageSet, classCount: Int, count: Int) -> [Int] {
    let count = min(count, set.count)
    var members = [[Int]](repeating: [], count: classCount)
    for index in 0..<set.count { members[set.label(at: index)].append(index) }
    let classes = members.filter { !$0.isEmpty }
    var wanted = [Int](repeating: 0, count: classes.count)
    for place in 0..<count { wanted[place * classes.count / count] += 1 }
    let chosen = zip(classes, wanted).flatMap { indices, wanted in
      let some = min(wanted, indices.count)
      return (0..<some).map { indices[$0 * indices.count / some] }
    }
    // Small classes leave room.
    let rest = (0..<set.count).lazy.filter { !chosen.contains($0) }
    return chosen + rest.prefix(count - chosen.count)
  }

  /// Writes a PNG: images, small ones enlarged, others as lines.
  public func write(to path: String) throws {
    try samples.withUnsafeBufferPointer { samples in
      guard layout.kind == .images else {
        return try SamplePicture.write(samples, count: count, shape: shape, layout: layout, columns: columns, to: path)
      }
      try ImageGrid.writePNG(
        samples, shape: Shape([count] + shape.dimensions), columns: columns, scale: max(1, 64 / shape[0]), to: path)
    }
  }
}
