import Tensors

/// A data set as one stretch of bytes, for the ranks of a node that do not read it themselves: a record of everything but
/// the pixels, then those to train on, then those held out.
public struct PackedDataset {
  private let dataset: Dataset
  private let record: [UInt8]
  /// Pixels start at a cache line.
  private var pixelStart: Int { Self.aligned(8 + record.count) }
  private static func aligned(_ count: Int) -> Int { (count + 63) / 64 * 64 }

  public init(_ dataset: Dataset) {
    self.dataset = dataset
    var record = PackedRecord()
    record.append(dataset.name)
    record.append(dataset.classNames)
    record.append(dataset.notes)
    record.append(dataset.complaints)
    for extent in dataset.imageShape.dimensions { record.append(extent) }
    record.append(dataset.training.labels)
    record.append(dataset.test.labels)
    self.record = record.bytes
  }

  public var byteCount: Int { pixelStart + dataset.training.pixels.count + dataset.test.pixels.count }

  /// - Precondition: `target` holds `byteCount` bytes.
  public func write(to target: UnsafeMutableRawBufferPointer) {
    precondition(target.count == byteCount, "\(target.count) bytes for \(byteCount)")
    target.storeBytes(of: record.count, as: Int.self)
    target[8..<8 + record.count].copyBytes(from: record)
    var start = pixelStart
    for pixels in [dataset.training.pixels, dataset.test.pixels] {
      pixels.withUnsafeBytes { target[start..<start + $0.count].copyBytes(from: $0) }
      start += pixels.count
    }
  }

  /// The data set that was written to `memory`, its pixels where they are.
  public static func read(_ memory: MemoryBlock) -> Dataset {
    let bytes = UnsafeRawBufferPointer(start: memory.address, count: memory.byteCount)
    let recordCount = bytes.load(as: Int.self)
    var reader = PackedReader(UnsafeRawBufferPointer(rebasing: bytes[8..<8 + recordCount]))
    let (name, classNames, notes, complaints) = (reader.text(), reader.texts(), reader.texts(), reader.texts())
    let shape = Shape([reader.number(), reader.number(), reader.number()])
    var start = aligned(8 + recordCount)
    let sets = (0..<2).map { _ -> ImageSet in
      let labels = reader.numbers()
      defer { start += labels.count * shape.count }
      return ImageSet(
        imageShape: shape, bytes: PixelBytes(memory, start..<start + labels.count * shape.count), labels: labels[...])
    }
    var dataset = Dataset(
      name: name, classNames: classNames, training: sets[0], test: sets[1], notes: notes, complaints: complaints)
    dataset.isOfNode = true
    return dataset
  }
}
