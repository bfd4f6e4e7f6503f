import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What lies in one directory, by name and sorted.
struct FolderScan {
  static let endings = [".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp"]
  /// Of pictures that are not read.
  private static let pictureEndings: Set = [
    ".tif", ".tiff", ".bmp", ".gif", ".heic", ".heif", ".avif", ".jxl", ".jp2", ".svg", ".ppm", ".pgm", ".psd",
  ]
  private static let archiveEndings: Set = [".zip", ".tar", ".tgz", ".gz", ".7z", ".rar", ".xz", ".bz2"]
  /// What systems and programs leave beside a user's files, in lower case.
  static let systemNames: Set = [
    "__macosx", "@eadir", "$recycle.bin", "system volume information", "__pycache__", "lost+found", "thumbs.db",
    "ehthumbs.db", "desktop.ini", "#recycle", "@recycle",
  ]
  /// Folders in folders beyond this are not looked at; a link may lead back.
  private static let deepest = 8

  let path: String
  private(set) var folders: [String] = []
  private(set) var images: [String] = []
  /// Other files.
  private(set) var others: [String] = []
  /// Folders that no user has made; hidden ones, too.
  private(set) var systemFolders: [String] = []

  /// - Parameter looksAtImages: whether what is called like an image may be a folder.
  init(_ path: String, looksAtImages: Bool = true) throws(DatasetError) {
    self.path = path
    let names: [String]
    do throws(FileError) { names = try Directories.names(in: path) } catch { throw DatasetError(error) }
    for name in names {
      let isSystem = name.hasPrefix(".") || Self.systemNames.contains(name.lowercased())
      let isImage = Self.isImage(name)
      if isImage, !isSystem, !looksAtImages {
        images.append(name)
        continue
      }
      guard let isFolder = try Self.isFolder("\(path)/\(name)", isSystem: isSystem) else { continue }
      if isSystem {
        if isFolder { systemFolders.append(name) }
      } else if isFolder {
        folders.append(name)
      } else if isImage {
        images.append(name)
      } else {
        others.append(name)
      }
    }
  }

  /// Nil where nothing is there: a link that leads nowhere is nothing. What is there but cannot be looked at may be a class.
  private static func isFolder(_ path: String, isSystem: Bool) throws(DatasetError) -> Bool? {
    var status = stat()
    if stat(path, &status) == 0 { return status.st_mode & S_IFMT == S_IFDIR }
    guard errno == ENOENT || isSystem else { throw DatasetError(FileError(path: path, action: "look at", code: errno)) }
    return nil
  }

  static func isImage(_ name: String) -> Bool {
    let name = name.lowercased()
    return endings.contains(where: name.hasSuffix)
  }

  /// `.tif` of `a/b.TIF`; empty where there is none.
  static func ending(of path: String) -> String {
    let name = path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
    return name[dot...].lowercased()
  }

  /// Images here and in folders below, relative to here; what cannot be listed counts as empty.
  var allImages: [String] { images + folders.flatMap { Self.images(below: path, $0, depth: 1) } }

  static func countImages(below path: String) -> Int { images(below: path, "", depth: 1).count }

  private static func images(below root: String, _ folder: String, depth: Int) -> [String] {
    let path = folder.isEmpty ? root : "\(root)/\(folder)"
    guard depth < deepest, let scan = try? FolderScan(path, looksAtImages: false) else { return [] }
    let prefix = folder.isEmpty ? "" : folder + "/"
    return scan.images.map { prefix + $0 } + scan.folders.flatMap { images(below: root, prefix + $0, depth: depth + 1) }
  }

  /// Tables in it that may tell the classes of images, the likeliest first.
  ///
  /// - Parameter part: those for `train` or `test` only.
  func lists(for part: String?) -> [String] {
    let tables = others.filter { [".csv", ".tsv"].contains(Self.ending(of: $0)) }
    let order = (part.map { [$0] } ?? []) + ["labels", "metadata", "train"]
    func rank(_ name: String) -> Int {
      order.firstIndex { name.lowercased().hasPrefix($0) } ?? order.count
    }
    let other = part == "train" ? "test" : part == "test" ? "train" : nil
    return tables.filter { name in other.map { !name.lowercased().hasPrefix($0) } ?? true }
      .sorted { (rank($0), $0) < (rank($1), $1) }.map { "\(path)/\($0)" }
  }

  /// A path that is a file is answered by what it is.
  static func checkIsFolder(_ path: String) throws(DatasetError) {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
    let isArchive = archiveEndings.contains(ending(of: path))
    throw DatasetError(
      file: path, reason: isArchive ? "an archive, not a folder" : "a file, not a folder",
      remedy: isArchive ? "unpack it, and name the folder" : "name the folder that holds the images")
  }
}

// What is said of a folder.
extension FolderScan {
  /// `3 .txt, 1 .gif`
  private static func byEnding(_ names: [String]) -> String {
    let kinds = Dictionary(grouping: names) { ending(of: $0) }.sorted {
      ($1.value.count, $0.key) < ($0.value.count, $1.key)
    }
    let listed = kinds.prefix(5).map { "\(grouped($0.value.count)) \($0.key.isEmpty ? "without ending" : $0.key)" }
    return clipped((listed + (kinds.count > 5 ? ["others"] : [])).joined(separator: ", "))
  }

  /// - Parameter files: with their paths.
  func notes(onOthers files: [String]) -> [String] {
    guard let first = files.first else { return [] }
    return ["not used in \(path), since no image by its ending: \(Self.byEnding(files)), as \(first)"]
  }

  func notes(onImagesBeside folders: String) -> [String] {
    guard let first = images.first else { return [] }
    let count = images.count == 1 ? "1 image" : "\(grouped(images.count)) images"
    return ["not used: \(count) beside \(folders), as \(path)/\(first); nothing tells the class"]
  }

  var systemNotes: [String] {
    let told = systemFolders.filter { !$0.hasPrefix(".") || Self.countImages(below: "\(path)/\($0)") > 0 }
    return told.isEmpty ? [] : ["passed over in \(path), since hidden or a system's: \(told.joined(separator: ", "))"]
  }

  func noImagesInClass() -> DatasetError {
    let nested = folders.reduce(0) { $0 + Self.countImages(below: "\(path)/\($1)") }
    if !folders.isEmpty, nested > 0 {
      return DatasetError(
        file: path, reason: "no images in this class folder, but \(grouped(nested)) in folders inside it",
        remedy: "name the directory whose folders are the classes")
    }
    return noImages(asked: "images in this class folder")
  }

  /// - Parameter asked: what was looked for.
  func noImages(asked: String) -> DatasetError {
    let isClass = asked.hasPrefix("images")
    let wanted = "no " + (isClass ? "PNG, JPEG or WebP files in this class folder" : "\(asked) and no images in it")
    let has = others.isEmpty ? "" : ", but \(Self.byEnding(others))"
    let kinds = Set(others.map { Self.ending(of: $0) })
    let remedy =
      !kinds.isDisjoint(with: Self.archiveEndings)
      ? "unpack \(others.first { Self.archiveEndings.contains(Self.ending(of: $0)) } ?? "")"
      : !kinds.isDisjoint(with: Self.pictureEndings)
        ? "save them as PNG or JPEG"
        : isClass
          ? "add images or remove the folder"
          : "put the images of each class into a folder of its own, as in \(path)/cat/1.png"
    return DatasetError(file: path, reason: wanted + has, remedy: remedy)
  }
}
