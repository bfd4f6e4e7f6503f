import Files
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A directory with a folder of PNG and JPEG files per class: `class/name.png`, or `train/class/…` and `test/class/…`.
///
/// Classes and images come in the order of their names. Without `test/`, a tenth of each class is held out, spread
/// evenly over its names (at least one image where there are two).
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
    /// The test images were taken out of the training images.
    var isSplit = false
  }

  /// Decodes every image, once, to bytes at the resolution and with the channels asked for.
  ///
  /// - Throws: when the folders are not as described, a class folder has no image, a class of `test/` is not in `train/`,
  ///   an image cannot be read (but see `LoadingOptions.skipsUnreadable`) or is too small, or images differ in size or
  ///   channels where the options do not say what to make of it.
  public static func load(
    directory: String, options: LoadingOptions = LoadingOptions()
  ) throws(DatasetError) -> Dataset {
    try load(contents(of: directory), of: directory, options: options)
  }

  static func load(
    _ contents: Contents, of directory: String, options: LoadingOptions
  ) throws(DatasetError) -> Dataset {
    var loader = ImageLoader(options)
    let training = try loader.images(of: contents.training, classNames: contents.classNames)
    let test = try loader.images(of: contents.test, classNames: nil)
    guard test.count > 0 else {
      throw DatasetError(
        file: directory, reason: "no image is left to be held out", remedy: "add images, or a folder test/ with some")
    }
    var notes = contents.notes
    if contents.isSplit {
      notes.append(
        "no test/ in \(directory): \(grouped(test.count)) of \(grouped(test.count + training.count)) images are held out, "
          + "spread over the classes")
    }
    return Dataset(
      name: "folder", classNames: contents.classNames, training: training, test: test, notes: notes,
      complaints: loader.complaints)
  }

  static func contents(of directory: String) throws(DatasetError) -> Contents {
    let names = try folders(in: directory)
    // Parts hold folders. With images in them, beside other classes, `train` and `test` are classes; some data have such.
    let hasOthers = names.contains { $0 != "train" && $0 != "test" }
    var parts: Set<String> = []
    for part in ["train", "test"] where names.contains(part) {
      let inside = try folders(in: "\(directory)/\(part)")
      if !hasOthers || !inside.isEmpty { parts.insert(part) }
    }
    guard parts.contains("train") else {
      guard !parts.contains("test") else {
        throw DatasetError(
          file: directory, reason: "has a folder test/ but none named train/",
          remedy: "put the training images' class folders into train/")
      }
      return try contents(splitting: directory)
    }
    let training = try classes(in: "\(directory)/train")
    var contents = Contents(
      classNames: training.names, training: training.entries.flatMap { $0 }, test: [], notes: training.notes)
    let unused = names.filter { $0 != "train" && $0 != "test" }
    if !unused.isEmpty {
      contents.notes.append("not used beside train/ and test/ in \(directory): \(unused.joined(separator: ", "))")
    }
    guard parts.contains("test") else {
      hold(outOf: training.entries, directory: directory, in: &contents)
      return contents
    }
    let test = try classes(in: "\(directory)/test")
    for (name, entries) in zip(test.names, test.entries) {
      guard let label = contents.classNames.firstIndex(of: name) else {
        throw DatasetError(
          file: "\(directory)/test/\(name)", reason: "the class \(name) is not in \(directory)/train",
          remedy: "add training images of it, or remove this folder")
      }
      contents.test += entries.map { Entry(path: $0.path, label: label) }
    }
    contents.notes += test.notes
    return contents
  }

  private static func contents(splitting directory: String) throws(DatasetError) -> Contents {
    let all = try classes(in: directory)
    var contents = Contents(classNames: all.names, training: [], test: [], notes: all.notes)
    hold(outOf: all.entries, directory: directory, in: &contents)
    return contents
  }

  /// Divides each class: ⌊n/10⌋ of its n images, or one of two to nine, are held out.
  private static func hold(outOf classes: [[Entry]], directory: String, in contents: inout Contents) {
    contents.training = []
    for entries in classes {
      let held = max(entries.count / 10, entries.count > 1 ? 1 : 0)
      for (i, entry) in entries.enumerated() {
        let isHeld = (i + 1) * held / entries.count > i * held / entries.count
        if isHeld { contents.test.append(entry) } else { contents.training.append(entry) }
      }
    }
    contents.isSplit = true
  }

  private static func classes(
    in directory: String
  ) throws(DatasetError) -> (names: [String], entries: [[Entry]], notes: [String]) {
    let names = try folders(in: directory)
    guard !names.isEmpty else {
      throw DatasetError(
        file: directory, reason: "no class folders in it",
        remedy: "put the images of each class into a folder of its own, as in \(directory)/cat/1.png")
    }
    var entries: [[Entry]] = []
    var others: [String] = []
    for (label, name) in names.enumerated() {
      let folder = "\(directory)/\(name)"
      let files = try visibleNames(in: folder)
      let images = files.filter(isImage)
      guard !images.isEmpty else { throw noImages(in: folder) }
      entries.append(images.map { Entry(path: "\(folder)/\($0)", label: label) })
      others += files.filter { !isImage($0) }.map { "\(folder)/\($0)" }
    }
    guard let other = others.first else { return (names, entries, []) }
    let wanted = endings.joined(separator: ", ")
    return (names, entries, ["not used, since no \(wanted): \(grouped(others.count)) in \(directory), as \(other)"])
  }

  private static func noImages(in folder: String) -> DatasetError {
    let isTooHigh = ((try? folders(in: folder)) ?? []).isEmpty == false
    return DatasetError(
      file: folder, reason: "no PNG or JPEG files in this class folder" + (isTooHigh ? ", only more folders" : ""),
      remedy: isTooHigh ? "name the directory whose folders are the classes" : "add images or remove the folder")
  }

  static let endings = [".png", ".jpg", ".jpeg"]

  private static func isImage(_ name: String) -> Bool {
    let name = name.lowercased()
    return endings.contains(where: name.hasSuffix)
  }

  /// Sorted, without hidden ones.
  private static func visibleNames(in directory: String) throws(DatasetError) -> [String] {
    do throws(FileError) { return try Directories.names(in: directory).filter { !$0.hasPrefix(".") } } catch {
      throw DatasetError(error)
    }
  }

  private static func folders(in directory: String) throws(DatasetError) -> [String] {
    var folders: [String] = []
    for name in try visibleNames(in: directory) {
      var status = stat()
      if stat("\(directory)/\(name)", &status) == 0 {
        if status.st_mode & S_IFMT == S_IFDIR { folders.append(name) }
      } else if errno != ENOENT {
        // A link that leads nowhere is nothing; what is there but cannot be looked at may be a class.
        throw DatasetError(FileError(path: "\(directory)/\(name)", action: "look at", code: errno))
      }
    }
    return folders
  }
}
