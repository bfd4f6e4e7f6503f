import Files
import Tensors

/// A directory of PNG, JPEG and WebP files whose classes are folders, `class/name.png`, or listed in a file beside them;
/// all of them, or those of `train/` and `test/`.
///
/// Classes come in the order of their names, numbers by value, and images by their names. Without `test/`, a tenth of each
/// class is held out, spread evenly over its names (at least one image where there are two).
public enum ImageFolder {
  /// One image file and the number of its class.
  struct Entry: Equatable, Sendable {
    let path: String
    let label: Int
  }

  /// What is in the directory; nothing has been decoded yet.
  struct Contents: Equatable, Sendable {
    var classNames: [String]
    var training: [Entry]
    var test: [Entry]
    var notes: [String] = []
    var complaints: [String] = []
    /// The test images were taken out of the training images.
    var isSplit = false
  }

  /// Decodes every image, once, to bytes at the resolution and with the channels asked for.
  ///
  /// - Throws: when the folders are not as described, a class folder has no image, a class of `test/` is not in `train/`,
  ///   images cannot be read (but see `LoadingOptions.skipsUnreadable`) or are too small, or images differ in size where the
  ///   options do not say what to make of it.
  public static func load(
    directory: String, options: LoadingOptions = LoadingOptions()
  ) throws(DatasetError) -> Dataset {
    try load(contents(of: directory, options: options), of: directory, options: options)
  }

  static func load(
    _ contents: Contents, of directory: String, options: LoadingOptions
  ) throws(DatasetError) -> Dataset {
    var loader = ImageLoader(options, directory: directory)
    let (training, test) = try loader.sets(of: contents)
    guard test.count > 0 else {
      throw DatasetError(
        file: directory, reason: "no image is left to be held out", remedy: "add images, or a folder test/ with some")
    }
    var notes = contents.notes + loader.notes
    if contents.isSplit {
      let spread = contents.classNames == [Dataset.unlabelled] ? "" : ", spread over the classes"
      notes.append(
        "no test/ in \(directory): \(grouped(test.count)) of \(grouped(test.count + training.count)) images are held out"
          + spread)
    }
    return Dataset(
      name: "folder", classNames: contents.classNames,
      layout: SampleLayout(columns: loader.range.map { $0 == .bytes ? [] : [$0.column] } ?? []), training: training,
      test: test, notes: notes, complaints: contents.complaints + loader.complaints)
  }

  static func contents(
    of directory: String, options: LoadingOptions = LoadingOptions()
  ) throws(DatasetError) -> Contents {
    try FolderScan.checkIsFolder(directory)
    let root = try FolderScan(directory)
    // Lists that other programs write count from the top.
    if let listed = try ImageLabels.json(in: root) { return contents(splitting: listed) }
    // Parts hold folders. With images in them, beside other classes, `train` and `test` are classes; some data have such.
    let others = root.folders.filter { $0 != "train" && $0 != "test" }
    var parts: [String: FolderScan] = [:]
    for part in ["train", "test"] where root.folders.contains(part) {
      let inside = try FolderScan("\(directory)/\(part)")
      if others.isEmpty || !inside.folders.isEmpty { parts[part] = inside }
    }
    guard let train = parts["train"] else {
      guard parts["test"] == nil else {
        throw DatasetError(
          file: directory, reason: "has a folder test/ but none named train/",
          remedy: "put the training images' class folders into train/")
      }
      return contents(splitting: try Part(of: root, lists: root.lists(for: nil), options))
    }
    let training = try Part(of: train, lists: train.lists(for: nil) + root.lists(for: "train"), options)
    var contents = contents(splitting: training)
    if !others.isEmpty {
      contents.notes.append("not used beside train/ and test/ in \(directory): \(others.joined(separator: ", "))")
    }
    contents.notes += root.notes(onImagesBeside: "train/ and test/") + root.systemNotes
    guard let test = parts["test"] else { return contents }
    let held = try Part(of: test, lists: test.lists(for: nil) + root.lists(for: "test"), options)
    if held.names == [Dataset.unlabelled], training.names != held.names {
      contents.notes.append("not used, since nothing tells their classes: the images of \(test.path)")
      return contents
    }
    contents.training = training.entries
    (contents.test, contents.isSplit) = ([], false)
    for (label, name) in held.names.enumerated() {
      guard let place = contents.classNames.firstIndex(of: name) else {
        throw DatasetError(
          file: "\(directory)/test/\(name)", reason: "the class \(name) is not in \(directory)/train",
          remedy: "add training images of it, or remove this folder")
      }
      contents.test += held.files[label].map { Entry(path: $0, label: place) }
    }
    contents.notes += held.notes
    contents.complaints += held.complaints
    return contents
  }

  /// Divides each class: ⌊n/10⌋ of its n images, or one of two to nine, are held out.
  private static func contents(splitting part: Part) -> Contents {
    var contents = Contents(
      classNames: part.names, training: [], test: [], notes: part.notes, complaints: part.complaints, isSplit: true)
    for (label, files) in part.files.enumerated() {
      let held = max(files.count / 10, files.count > 1 ? 1 : 0)
      for (i, file) in files.enumerated() {
        let isHeld = (i + 1) * held / files.count > i * held / files.count
        let entry = Entry(path: file, label: label)
        if isHeld { contents.test.append(entry) } else { contents.training.append(entry) }
      }
    }
    return contents
  }
}
