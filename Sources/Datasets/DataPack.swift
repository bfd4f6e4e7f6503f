import Files
import NumPyFiles
import Tensors

/// Writes data sets as one `.npz` that is not packed: runs map it instead of reading it, and all processes of a machine
/// share its pages.
public enum DataPack {
  /// - Throws: when the file cannot be written; nothing is left behind then.
  public static func write(_ dataset: Dataset, to path: String) throws(DatasetError) {
    var entries: [NPZ.Entry] = []
    for (set, suffix) in [(dataset.training, ""), (dataset.test, "_test")] {
      entries.append(samples(set, name: "x" + suffix, layout: dataset.layout))
      if dataset.hasLabels {
        entries.append(
          NPZ.Entry("y" + suffix, [set.count], .int32) { body throws(FileError) in try pass(set.labels, to: body) })
      }
      if let conditions = set.conditions {
        entries.append(
          NPZ.Entry("c" + suffix, [set.count, conditions.width], .float32) { body throws(FileError) in
            try pass(conditions.values, to: body)
          })
      }
    }
    if dataset.hasLabels { entries.append(NPZ.Entry("class_names", texts: dataset.classNames)) }
    entries.append(
      NPZ.Entry(NumPyData.layout, texts: [dataset.layout.text]))
    do throws(FileError) { try NPZ.write(to: path, arrays: entries) } catch { throw DatasetError(error) }
  }

  /// Bytes from 0, black, to 255, white; floats as the networks see them.
  private static func samples(_ set: ImageSet, name: String, layout: SampleLayout) -> NPZ.Entry {
    let isBytes = set.format.elementBytes == 1
    return NPZ.Entry(
      name, [set.count] + layout.extents(of: set.imageShape), isBytes ? .uint8 : .float32
    ) { body throws(FileError) in
      var floats = [Float](repeating: 0, count: set.imageShape.count)
      for index in 0..<set.count {
        var failure: FileError?
        if isBytes {
          failure = Self.failure { () throws(FileError) in try pass(set.bytes(at: index), to: body) }
        } else {
          floats.withUnsafeMutableBufferPointer { if let start = $0.baseAddress { set.write(index: index, to: start) } }
          failure = Self.failure { () throws(FileError) in try pass(floats[...], to: body) }
        }
        if let failure { throw failure }
      }
    }
  }

  private static func failure(of body: () throws(FileError) -> Void) -> FileError? {
    do throws(FileError) { try body() } catch { return error }
    return nil
  }

  private static func pass(
    _ values: ArraySlice<some BitwiseCopyable>, to body: (UnsafeRawBufferPointer) throws(FileError) -> Void
  ) throws(FileError) {
    var failure: FileError?
    values.withUnsafeBytes { bytes in do throws(FileError) { try body(bytes) } catch { failure = error } }
    if let failure { throw failure }
  }
}
