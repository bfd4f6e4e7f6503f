import Files
import Tensors

/// CIFAR-10 and CIFAR-100 in their binary version: records of label bytes and 32×32 red, green and blue planes.
///
/// - Source: Krizhevsky: Learning Multiple Layers of Features from Tiny Images, 2009.
public enum CIFAR: Sendable {
  case ten
  /// With its 100 fine labels.
  case hundred

  static let side = 32
  static let planeBytes = side * side
  private static let mostNameBytes = 1 << 16

  var name: String { self == .ten ? "cifar10" : "cifar100" }
  var classCount: Int { self == .ten ? 10 : 100 }
  /// The last of them is the class.
  var labelBytes: Int { self == .ten ? 1 : 2 }
  var recordBytes: Int { labelBytes + 3 * Self.planeBytes }
  private var testName: String { self == .ten ? "test_batch.bin" : "test.bin" }
  private var namesName: String { self == .ten ? "batches.meta.txt" : "fine_label_names.txt" }
  private var trainingForm: String { self == .ten ? "data_batch_*.bin" : "train.bin" }

  private func isTraining(_ file: String) -> Bool {
    self == .ten ? file.hasPrefix("data_batch_") && file.hasSuffix(".bin") : file == "train.bin"
  }

  /// Whether a file of this name is one of its own.
  func isFile(_ name: String) -> Bool { isTraining(name) || name == testName }

  /// Whether a directory with these names holds it, if only in the version for Python.
  func isHere(_ names: [String]) -> Bool {
    switch self {
    case .ten: names.contains(where: isTraining) || names.contains("data_batch_1")
    case .hundred:
      names.contains("train.bin") && names.contains { $0 == "test.bin" || $0 == namesName }
        || ["train", "test", "meta"].allSatisfy(names.contains)
    }
  }

  /// Reads the training files that are there, in the order of their names, and the test file.
  ///
  /// Without a test file the last tenth of the training images is held out, and a note says so.
  /// - Throws: when no training file is there, a size is no multiple of a record's, a label is no class, or the list of
  ///   class names has another length.
  public func load(directory: String, options: LoadingOptions = LoadingOptions()) throws(DatasetError) -> Dataset {
    try load(Self.names(in: directory), in: directory, options: options)
  }

  static func names(in directory: String) throws(DatasetError) -> [String] {
    do throws(FileError) { return try Directories.names(in: directory) } catch { throw DatasetError(error) }
  }

  /// - Parameter files: the names of what is in the directory.
  func load(
    _ files: [String], in directory: String, options: LoadingOptions
  ) throws(DatasetError) -> Dataset {
    let trainingFiles = files.filter(isTraining).map { "\(directory)/\($0)" }
    guard !trainingFiles.isEmpty else {
      let isPython = files.contains(self == .ten ? "data_batch_1" : "train")
      throw DatasetError(
        file: directory, reason: "no \(trainingForm) in it",
        remedy: isPython
          ? "these are the files for Python; take the binary version"
          : "name the directory that holds the binary version's files, as in \(name):DIR", cause: .missing)
    }
    let classNames =
      files.contains(namesName) ? try classNames(in: "\(directory)/\(namesName)") : (0..<classCount).map(String.init)
    let training = try images(of: trainingFiles, options)
    if files.contains(testName) {
      return Dataset(
        name: name, classNames: classNames, training: training,
        test: try images(of: ["\(directory)/\(testName)"], options))
    }
    let held = training.count / 10
    guard held > 0 else {
      throw DatasetError(
        file: directory, reason: "no \(testName), and \(training.count) images are too few to hold some out",
        remedy: "add \(testName)")
    }
    let kept = training.count - held
    return Dataset(
      name: name, classNames: classNames, training: training[0..<kept], test: training[kept..<training.count],
      notes: [
        "no \(testName) in \(directory): the last \(grouped(held)) of \(grouped(training.count)) images are held out"
      ], complaints: [])
  }

  private func classNames(in path: String) throws(DatasetError) -> [String] {
    let text: [UInt8]
    do throws(FileError) {
      let file = try InputFile(path: path)
      guard file.byteCount <= Self.mostNameBytes else {
        throw FileError(
          path: path, reason: "\(grouped(file.byteCount)) bytes are no list of \(classCount) names",
          remedy: "copy the file again, or remove it to go by numbers")
      }
      text = try file.bytes()
    } catch { throw DatasetError(error) }
    let names = String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline)
      .map(\.trimmed).filter { !$0.isEmpty }
    guard names.count == classCount else {
      throw DatasetError(
        file: path, reason: "\(grouped(names.count)) names for \(classCount) classes",
        remedy: "copy the file again, or remove it to go by numbers")
    }
    return names
  }

  private func images(of paths: [String], _ options: LoadingOptions) throws(DatasetError) -> ImageSet {
    var inputs: [InputFile] = []
    do throws(FileError) { for path in paths { inputs.append(try InputFile(path: path)) } } catch {
      throw DatasetError(error)
    }
    for input in inputs where input.byteCount == 0 || input.byteCount % recordBytes != 0 {
      throw DatasetError(
        file: input.path,
        reason: "\(grouped(input.byteCount)) bytes, no multiple of \(grouped(recordBytes)) (one image with its label)",
        remedy: "the copy was cut short or this is no binary file of \(name), copy it again")
    }
    let count = inputs.reduce(0) { $0 + $1.byteCount / recordBytes }
    var packer = Packer(count: count, options)
    for input in inputs {
      // Some hundred kilobytes at a time.
      for first in stride(from: 0, to: input.byteCount, by: 256 * recordBytes) {
        let records: [UInt8]
        do throws(FileError) {
          try options.limits.checkStop(input.path)
          records = try input.bytes(in: first..<min(input.byteCount, first + 256 * recordBytes))
        } catch { throw DatasetError(error) }
        try add(records, to: &packer, path: input.path, firstIndex: first / recordBytes)
      }
    }
    return packer.images
  }

  private func add(
    _ records: [UInt8], to packer: inout Packer, path: String, firstIndex: Int
  ) throws(DatasetError) {
    for start in stride(from: 0, to: records.count, by: recordBytes) {
      let label = Int(records[start + labelBytes - 1])
      let wrong: String? =
        if self == .hundred, records[start] >= 20 {
          "coarse label \(records[start]) is not below 20"
        } else if label >= classCount {
          "label \(label) is not below \(classCount)"
        } else {
          nil
        }
      if let wrong {
        throw DatasetError(
          file: path, reason: "image \(grouped(firstIndex + start / recordBytes)): \(wrong)",
          remedy: "the file is damaged or no binary file of \(name), copy it again")
      }
      packer.add(records[(start + labelBytes)..<(start + recordBytes)], label: label)
    }
  }
}

/// Images as they are put together: planes become pixels, in the channels and at the resolution asked for.
private struct Packer {
  private let channels: Int
  private var fitting: Fitting
  private var pixel: [UInt8]
  private var pixels: [UInt8] = []
  private var labels: [Int32] = []

  init(count: Int, _ options: LoadingOptions) {
    let resolution = options.resolution ?? Resolution(height: CIFAR.side, width: CIFAR.side)
    channels = options.channels ?? 3
    fitting = Fitting(to: resolution, crops: options.crops)
    pixel = [UInt8](repeating: 0, count: 3 * CIFAR.planeBytes)
    pixels.reserveCapacity(count * resolution.height * resolution.width * channels)
    labels.reserveCapacity(count)
  }

  var images: ImageSet {
    ImageSet(
      imageShape: [fitting.resolution.height, fitting.resolution.width, channels], pixels: pixels[...],
      labels: labels[...])
  }

  mutating func add(_ planes: ArraySlice<UInt8>, label: Int) {
    planes.withUnsafeBufferPointer { planes in
      pixel.withUnsafeMutableBufferPointer { pixel in
        for i in 0..<CIFAR.planeBytes {
          pixel[3 * i] = planes[i]
          pixel[3 * i + 1] = planes[CIFAR.planeBytes + i]
          pixel[3 * i + 2] = planes[2 * CIFAR.planeBytes + i]
        }
      }
    }
    Channels.convert(&pixel, count: CIFAR.planeBytes, from: 3, to: channels)
    let size = Resolution(height: CIFAR.side, width: CIFAR.side)
    fitting.append(pixel, size: size, channels: channels, to: &pixels)
    labels.append(Int32(label))
  }
}
