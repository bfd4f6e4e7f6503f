import Files

/// What data a directory holds, by the names in it: no file is opened.
enum DataDirectory {
  /// As many directories in a directory are looked into.
  private static let mostLooked = 64

  /// All that could be meant by `path`, where they lie; of data in directories inside where there are none beside them.
  static func sources(in path: String, depth: Int = 2) throws(DatasetError) -> [DatasetSource] {
    let names = try visibleNames(in: path)
    var found: [DatasetSource] = []
    if names.contains(where: IDX.isStandardName) { found.append(.idx(directory: path)) }
    found += [CIFAR.ten, .hundred].filter { $0.isHere(names) }.map { .cifar($0, directory: path) }
    let folders = names.filter { Directories.isDirectory("\(path)/\($0)") }
    let known = Set(folders)
    let files = names.filter { !known.contains($0) }
    let hasPictures = hasPictures(path, files, folders)
    if hasPictures { found.append(.folder(directory: path)) }
    found += arrays(files, in: path)
    for file in files {
      switch DatasetSource.ofName("\(path)/\(file)") {
      case .numpy(let file)? where file.lowercased().hasSuffix(".npz"): found.append(.numpy(path: file))
      // A table beside pictures is about them.
      case .table(let file)? where !hasPictures: found.append(.table(file: file))
      case .semeion(let file)?: found.append(.semeion(file: file))
      default: break
      }
    }
    guard found.isEmpty, depth > 0 else { return found }
    // What may not be looked into is not meant.
    for folder in folders.prefix(mostLooked) {
      found += (try? sources(in: "\(path)/\(folder)", depth: depth - 1)) ?? []
    }
    return found
  }

  /// One array for samples makes a data set of the directory; others are data by themselves.
  private static func arrays(_ files: [String], in path: String) -> [DatasetSource] {
    let arrays = files.filter { $0.lowercased().hasSuffix(".npy") }
    let isWhole = !NumPyRoles(arrays.map { String($0.dropLast(4)) }).names(.samples).isEmpty
    return isWhole ? [.numpy(path: path)] : arrays.map { .numpy(path: "\(path)/\($0)") }
  }

  /// Pictures themselves, folders of them, or parts with folders of them.
  private static func hasPictures(_ path: String, _ files: [String], _ folders: [String]) -> Bool {
    if files.contains(where: FolderScan.isImage) || files.contains("dataset.json") { return true }
    for folder in folders.prefix(mostLooked) {
      let inside = (try? visibleNames(in: "\(path)/\(folder)")) ?? []
      if inside.contains(where: FolderScan.isImage) { return true }
      guard folder == "train" || folder == "test" else { continue }
      for inner in inside.prefix(mostLooked) where Directories.isDirectory("\(path)/\(folder)/\(inner)") {
        let names = (try? visibleNames(in: "\(path)/\(folder)/\(inner)")) ?? []
        if names.contains(where: FolderScan.isImage) { return true }
      }
    }
    return false
  }

  /// Without hidden ones, and what macOS puts into archives.
  static func visibleNames(in path: String) throws(DatasetError) -> [String] {
    do throws(FileError) {
      return try Directories.names(in: path).filter {
        !$0.hasPrefix(".") && !FolderScan.systemNames.contains($0.lowercased())
      }
    } catch { throw DatasetError(error) }
  }
}
