import Files
import NumPyFiles
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
    record.append(dataset.layout.text)
    for extent in dataset.imageShape.dimensions { record.append(extent) }
    for set in [dataset.training, dataset.test] { record.append(set) }
    self.record = record.bytes
  }

  /// Of pixels that have to be handed over: those in a mapped file are found there.
  private var handedOver: [PixelBytes] { [dataset.training.pixels, dataset.test.pixels].filter { $0.mapping == nil } }

  public var byteCount: Int { pixelStart + handedOver.reduce(0) { $0 + $1.count } }

  /// - Precondition: `target` holds `byteCount` bytes.
  public func write(to target: UnsafeMutableRawBufferPointer) {
    precondition(target.count == byteCount, "\(target.count) bytes for \(byteCount)")
    target.storeBytes(of: record.count, as: Int.self)
    target[8..<8 + record.count].copyBytes(from: record)
    var start = pixelStart
    for pixels in handedOver {
      pixels.withUnsafeBytes { target[start..<start + $0.count].copyBytes(from: $0) }
      start += pixels.count
    }
  }

  /// The data set that was written to `memory`, its pixels where they are.
  ///
  /// - Throws: where a file that holds pixels cannot be mapped here.
  public static func read(_ memory: MemoryBlock) throws(DatasetError) -> Dataset {
    let bytes = UnsafeRawBufferPointer(start: memory.address, count: memory.byteCount)
    let recordCount = bytes.load(as: Int.self)
    var reader = PackedReader(UnsafeRawBufferPointer(rebasing: bytes[8..<8 + recordCount]))
    let (name, classNames, notes, complaints) = (reader.text(), reader.texts(), reader.texts(), reader.texts())
    let layout = SampleLayout(text: reader.text())
    let shape = Shape([reader.number(), reader.number(), reader.number()])
    var start = aligned(8 + recordCount)
    var sets: [ImageSet] = []
    for _ in 0..<2 { sets.append(try reader.set(of: shape, memory: memory, start: &start)) }
    var dataset = Dataset(
      name: name, classNames: classNames, layout: layout, training: sets[0], test: sets[1], notes: notes,
      complaints: complaints)
    dataset.isOfNode = true
    return dataset
  }
}

extension PackedRecord {
  private mutating func append(_ format: SampleFormat) {
    switch format {
    case .bytes: append(0)
    case .tabulated(let values):
      append(1)
      append(values[...])
    case .floats(let scaling):
      append(2)
      append(scaling.centers[...])
      append(scaling.factors[...])
      append(scaling.clips ? 1 : 0)
    }
  }

  /// All of a set but pixels in memory.
  fileprivate mutating func append(_ set: ImageSet) {
    append(set.labels)
    append(set.conditions?.width ?? 0)
    if let conditions = set.conditions { append(conditions.values) }
    append(set.pixels.count)
    append(set.selection.part.rawValue)
    append(set.format)
    let mapping = set.pixels.mapping
    append(mapping?.file ?? "")
    append(mapping?.range.lowerBound ?? 0)
  }
}

extension PackedReader {
  private mutating func format() -> SampleFormat {
    switch number() {
    case 0: .bytes
    case 1: .tabulated(floats())
    default: .floats(FloatScaling(centers: floats(), factors: floats(), clips: number() == 1))
    }
  }

  /// - Parameter start: where pixels that were handed over begin in `memory`; goes on behind them.
  fileprivate mutating func set(
    of shape: Shape, memory: MemoryBlock, start: inout Int
  ) throws(DatasetError) -> ImageSet {
    let labels = numbers()
    let width = number()
    let conditions = width > 0 ? ConditionRows(width: width, values: floats()[...]) : nil
    let (count, part) = (number(), RowSelection.Part(rawValue: number()) ?? .all)
    let format = self.format()
    let (file, offset) = (text(), number())
    let pixels: PixelBytes
    if file.isEmpty {
      pixels = PixelBytes(memory, start..<start + count)
      start += count
    } else {
      do throws(FileError) {
        let block = try MappedFile.open(file)
        guard block.byteCount >= offset + count else {
          throw FileError(path: file, reason: "is shorter here than on another process", remedy: "copy the file again")
        }
        pixels = PixelBytes(block, offset..<offset + count, file: file)
      } catch { throw DatasetError(error) }
    }
    return ImageSet(
      imageShape: shape, bytes: pixels, format: format, part: part, labels: labels[...],
      conditions: conditions)
  }
}
