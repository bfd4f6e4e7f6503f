import Files
import Tensors

/// IDX, the format of MNIST and its relatives: a big-endian header (0, 0, type, rank, extents) and bytes; plain or gzip.
///
/// - Source: LeCun, Cortes, Burges: The MNIST database of handwritten digits.
public enum IDX {
  /// Reads `train-…` and `t10k-…` images and labels from a directory, by MNIST's names with or without `.gz`.
  ///
  /// With both pairs present, `t10k` is held out. With one, its last 2,000 images are (a fifth, if fewer than 10,000).
  /// - Throws: when a file is missing, cut short, no IDX file, its images and labels differ in number, or a label is no
  ///   class.
  public static func load(
    directory: String, classCount: Int = 10, limits: ReadingLimits = ReadingLimits()
  ) throws(DatasetError) -> Dataset {
    let large = try pair(in: directory, prefix: "train", classCount: classCount, limits)
    let small = try pair(in: directory, prefix: "t10k", classCount: classCount, limits)
    let classNames = (0..<classCount).map(String.init)
    switch (large, small) {
    case (let training?, let test?):
      guard training.imageShape == test.imageShape else {
        throw DatasetError(
          file: directory, reason: "training images of \(training.imageShape), test images of \(test.imageShape)",
          remedy: "put files of one data set into the directory")
      }
      return Dataset(name: "idx", classNames: classNames, training: training, test: test)
    case (let images?, nil), (nil, let images?):
      let held = min(2_000, images.count / 5)
      guard held > 0 else {
        throw DatasetError(
          file: directory, reason: "\(images.count) images are too few to hold some out",
          remedy: "add a test file or at least 5 images")
      }
      let trainingCount = images.count - held
      return Dataset(
        name: "idx", classNames: classNames, training: images[0..<trainingCount],
        test: images[trainingCount..<images.count])
    case (nil, nil):
      throw DatasetError(
        file: directory, reason: "no train-images-idx3-ubyte[.gz] and no t10k-images-idx3-ubyte[.gz] in it",
        remedy: "name the directory that holds the IDX files, as in idx:DIR", cause: .missing)
    }
  }

  /// Images and labels of one pair of files; nil when neither is there.
  private static func pair(
    in directory: String, prefix: String, classCount: Int, _ limits: ReadingLimits
  ) throws(DatasetError) -> ImageSet? {
    let imagesName = "\(prefix)-images-idx3-ubyte"
    let labelsName = "\(prefix)-labels-idx1-ubyte"
    let imagesPath = existing(imagesName, in: directory)
    let labelsPath = existing(labelsName, in: directory)
    guard let imagesPath, let labelsPath else {
      if imagesPath == nil && labelsPath == nil { return nil }
      let missing = imagesPath == nil ? imagesName : labelsName
      throw DatasetError(
        file: "\(directory)/\(missing)[.gz]", reason: "missing, its partner is there",
        remedy: "copy both the images and the labels")
    }
    let (extents, pixels) = try values(of: imagesPath, rank: 3, limits)
    let (_, labels) = try values(of: labelsPath, rank: 1, limits)
    guard labels.count == extents[0] else {
      throw DatasetError(
        file: labelsPath, reason: "\(grouped(labels.count)) labels for \(grouped(extents[0])) images",
        remedy: "the two files do not belong together, copy both again")
    }
    if let index = labels.firstIndex(where: { $0 >= classCount }) {
      throw DatasetError(
        file: labelsPath, reason: "label \(labels[index]) of image \(grouped(index)) is not below \(classCount)",
        remedy: "set the recipe's number of classes, or copy the file again")
    }
    return ImageSet(
      imageShape: [extents[1], extents[2], 1], pixels: pixels[...], labels: labels.map(Int32.init)[...])
  }

  /// As they are published, or with a dot before `idx`, as some archives write them.
  private static func spellings(_ name: String) -> [String] {
    [name, name.replacing("-idx", with: ".idx")].flatMap { [$0, "\($0).gz"] }
  }

  private static func existing(_ name: String, in directory: String) -> String? {
    spellings(name).map { "\(directory)/\($0)" }.first(where: Directories.exists)
  }

  /// Whether `load` would look for a file of this name.
  static func isStandardName(_ name: String) -> Bool {
    ["train", "t10k"].contains { part in
      ["images-idx3-ubyte", "labels-idx1-ubyte"].contains { spellings("\(part)-\($0)").contains(name) }
    }
  }

  /// Extents and bytes of one file of unsigned bytes.
  ///
  /// Never takes more memory than the file has bytes (unpacked), whatever its header says.
  static func values(
    of path: String, rank: Int, _ limits: ReadingLimits = ReadingLimits()
  ) throws(DatasetError) -> (extents: [Int], values: [UInt8]) {
    let input = try PackedInput(path: path, limits: limits)
    let headerSize = 4 + 4 * rank
    var header = [UInt8](repeating: 0, count: headerSize)
    let headerRead = try read(input, into: &header)
    let magic: [UInt8] = [0, 0, 8, UInt8(rank)]
    guard Array(header[0..<4]) == magic || headerRead < 4 else {
      let what = rank == 1 ? "labels" : "images"
      throw DatasetError(
        file: path,
        reason: "starts with \(hexadecimal(header[0..<4])), IDX \(what) start with \(hexadecimal(magic[...]))",
        remedy: "name an IDX file of unsigned bytes")
    }
    guard headerRead == headerSize else { throw cutShort(path, headerRead, of: headerSize) }
    let extents = (0..<rank).map { axis in
      header[(4 + 4 * axis)..<(8 + 4 * axis)].reduce(0) { $0 << 8 | Int($1) }
    }
    var total = 1
    for extent in extents {
      let (product, isTooLarge) = total.multipliedReportingOverflow(by: extent)
      guard extent > 0, !isTooLarge, product < Int.max / 2 else {
        throw DatasetError(
          file: path, reason: "its header says \(extents.map(grouped).joined(separator: " × "))",
          remedy: "the header is damaged, copy the file again")
      }
      total = product
    }
    try input.check(unpacked: total)
    return (extents, try payload(of: input, byteCount: total, headerSize: headerSize))
  }

  /// Exactly `byteCount` bytes and then the end of the file.
  private static func payload(
    of input: PackedInput, byteCount: Int, headerSize: Int
  ) throws(DatasetError) -> [UInt8] {
    let path = input.file.path
    if !input.isPacked, input.file.byteCount < headerSize + byteCount {
      throw cutShort(path, input.file.byteCount, of: headerSize + byteCount)
    }
    var values: [UInt8] = []
    // A packed file is believed up to 8 times its size, then the array grows with what really comes.
    values.reserveCapacity(input.isPacked ? min(byteCount, 8 * input.file.byteCount) : byteCount)
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    while values.count < byteCount {
      let count = try read(input, into: &chunk)
      values += chunk[0..<min(count, byteCount - values.count + 1)]
      if count < chunk.count { break }
    }
    var probe: [UInt8] = [0]
    let extra = try values.count == byteCount ? read(input, into: &probe) : 0
    guard values.count >= byteCount else {
      throw cutShort(path, headerSize + values.count, of: headerSize + byteCount)
    }
    guard values.count == byteCount && extra == 0 else {
      throw DatasetError(
        file: path, reason: "goes on behind the \(grouped(headerSize + byteCount)) bytes that its header announces",
        remedy: "the header is damaged, copy the file again")
    }
    return values
  }

  private static func read(_ input: PackedInput, into bytes: inout [UInt8]) throws(DatasetError) -> Int {
    var outcome: Result<Int, DatasetError> = .success(0)
    bytes.withUnsafeMutableBytes { buffer in
      do throws(DatasetError) { outcome = .success(try input.read(into: buffer)) } catch { outcome = .failure(error) }
    }
    return try outcome.get()
  }

  private static func cutShort(_ path: String, _ count: Int, of expected: Int) -> DatasetError {
    DatasetError(
      file: path, reason: "\(grouped(count)) bytes of \(grouped(expected))",
      remedy: "the copy was cut short, copy it again")
  }

  private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
    "0x" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
