import Files

/// What a user means, who may not know the kinds: by what lies on the disk.
extension DatasetSource {
  /// A source as a recipe keeps it, and what to say where it is not what was written.
  public struct Understood: Equatable, Sendable {
    /// Read by `init(_:)`, whatever the disk holds by then.
    public let text: String
    public let note: String?
  }

  /// Takes `KIND:PATH` as it is, `~` written out, and finds the kind of a path without one.
  ///
  /// Ranks may see different disks: one of them is to ask.
  /// - Throws: where it cannot be told what is meant; the message has the option to use.
  public static func understood(_ text: String) throws(DatasetError) -> Understood {
    if !Directories.exists(text) { try refuseAddress(text) }
    if let (kind, path) = split(text) { return try understood(kind: kind, path: path, text) }
    if Kind(written: text)?.isBuiltIn == true {
      _ = try DatasetSource(text)
      let isHidden = Directories.isDirectory(text)
      return Understood(
        text: text.lowercased(),
        note: isHidden ? "\(text) are the data in the program; the directory here is ./\(text)" : nil)
    }
    let path = try expanded(text)
    guard Directories.exists(path) else {
      if ofName(path) != nil, nearName(path) == nil { return Understood(text: path, note: nil) }
      throw missing(path, text)
    }
    let source = try found(at: path)
    // Files that name their kind need no words.
    if ofName(path) == source, source.isTableOrArrays { return Understood(text: path, note: nil) }
    return Understood(text: source.description, note: "\(text) is taken for \(source)")
  }

  /// The kind, and what is behind its colon; nil where no kind stands before one.
  private static func split(_ text: String) -> (Kind, String)? {
    guard let colon = text.firstIndex(of: ":"), let kind = Kind(written: String(text[..<colon])) else { return nil }
    return (kind, String(text[text.index(after: colon)...]))
  }

  private static func understood(kind: Kind, path: String, _ text: String) throws(DatasetError) -> Understood {
    let path = try expanded(path)
    let source = try DatasetSource("\(kind.rawValue):\(path)")
    let asked = Understood(text: "\(kind.rawValue):\(path)", note: nil)
    guard Directories.exists(path) else { return asked }
    let wantsDirectory = source.isOfDirectory
    if source.isTableOrArrays, !Directories.isDirectory(path), let format = ForeignFormat.of(file: path),
      !path.lowercased().hasSuffix("gz")
    {
      throw refused(path, "is \(format.name), which is not read", format.remedy)
    }
    // A file where its directory is wanted, or the other way round.
    guard kind != .npy, wantsDirectory != Directories.isDirectory(path) else { return asked }
    let others =
      wantsDirectory ? [try? found(at: path)] : ((try? DataDirectory.sources(in: path)) ?? []).map(Optional.some)
    let meant = others.compactMap { $0 }.filter { $0.isSameKind(as: source) }
    guard meant.count == 1 else { return asked }
    return Understood(text: meant[0].description, note: "\(text) is taken for \(meant[0])")
  }

  private static func expanded(_ path: String) throws(DatasetError) -> String {
    do throws(FileError) { return try HomeDirectory.expanded(path) } catch {
      throw refused(error.path, error.reason, error.remedy)
    }
  }

  /// - Precondition: something is there.
  private static func found(at path: String) throws(DatasetError) -> DatasetSource {
    Directories.isDirectory(path) ? try found(inDirectory: path) : try found(inFile: path)
  }

  private static func found(inDirectory path: String) throws(DatasetError) -> DatasetSource {
    let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    let names = try DataDirectory.visibleNames(in: path)
    if names.contains("recipe.yaml"), names.contains("checkpoints") {
      throw refused(path, "is the directory of a run, no data", "go on with it by --resume \(path)")
    }
    let sources = try DataDirectory.sources(in: path)
    if let only = sources.first, sources.count == 1 { return only }
    guard sources.isEmpty else {
      let listed = sources.prefix(5).map(\.description).joined(separator: " or ")
      throw refused(
        path, "holds \(sources.count) sets of data",
        "name one of them: \(listed)\(sources.count > 5 ? ", and more" : "")")
    }
    if let file = names.first(where: { ForeignFormat.of(file: $0) != nil }),
      let format = ForeignFormat.of(file: "\(path)/\(file)")
    {
      throw refused("\(path)/\(file)", "is \(format.name), which is not read", format.remedy)
    }
    throw refused(
      path, names.isEmpty ? "is an empty directory" : "is a directory without data that its names tell",
      "put class folders of pictures, MNIST's or CIFAR's files, .npz, .npy or .csv there, or write \(formsInWords)")
  }

  private static func found(inFile path: String) throws(DatasetError) -> DatasetSource {
    if let named = ofName(path) { return named }
    let (directory, name) = parted(path)
    if IDX.isStandardName(name) { return .idx(directory: directory) }
    if name.lowercased().contains("idx3-ubyte") || name.lowercased().contains("idx1-ubyte") {
      throw refused(
        path, "is an IDX file under another name than MNIST's",
        "link it as train-images-idx3-ubyte, its labels as train-labels-idx1-ubyte, and name idx:DIR")
    }
    for kind in [CIFAR.ten, .hundred] where kind.isFile(name) { return .cifar(kind, directory: directory) }
    if FolderScan.isImage(name) {
      throw refused(path, "is one picture", "name the directory that holds a folder of pictures for each class")
    }
    if let format = ForeignFormat.of(file: path) {
      throw refused(path, "is \(format.name), which is not read", format.remedy)
    }
    return try found(byContent: path)
  }

  /// A file whose name says nothing.
  private static func found(byContent path: String) throws(DatasetError) -> DatasetSource {
    let start: [UInt8]
    do throws(FileError) {
      let file = try InputFile(path: path)
      start = try file.bytes(in: 0..<min(file.byteCount, 4096))
    } catch { throw DatasetError(error) }
    if start.starts(with: [0x93] + Array("NUMPY".utf8)) { return .numpy(path: path) }
    if start.starts(with: Array("PK".utf8)), NumPyData.isArchive(path) { return .numpy(path: path) }
    if let format = ForeignFormat.of(bytes: start, file: path) {
      throw refused(path, "is \(format.name), which is not read", format.remedy)
    }
    let line = String(decoding: start.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    let fields = line.split { " ".contains($0) }
    if fields.count == 266, fields.allSatisfy({ Double($0) != nil }) { return .semeion(file: path) }
    let isTable = start.allSatisfy { $0 >= 9 } && line.contains { ",;\t".contains($0) }
    throw refused(
      path, "is there, but its name and first bytes tell no kind of data",
      isTable ? "if it is a table, a sample a line, write csv:\(path)" : "write \(formsInWords)")
  }

  /// Directory and name.
  private static func parted(_ path: String) -> (directory: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let directory = path[..<slash]
    return (directory.isEmpty ? "/" : String(directory), String(path[path.index(after: slash)...]))
  }

  private static func refuseAddress(_ text: String) throws(DatasetError) {
    if let range = text.firstRange(of: "://") {
      let path = text[range.upperBound...]
      let isFile = text.lowercased().hasPrefix("file://")
      throw refused(
        text, "is an address, not a path",
        isFile ? "write \(path)" : "download it, and name the file or the directory that it is unpacked in")
    }
    let start = Array(text.prefix(3))
    if start.count == 3, start[0].isLetter, start[1] == ":", start[2] == "\\" || start[2] == "/" {
      let path = text.dropFirst(3).map { $0 == "\\" ? "/" : $0 }
      throw refused(
        text, "is a path of Windows", "under its Linux subsystem it is /mnt/\(start[0].lowercased())/\(String(path))")
    }
  }

  private static func missing(_ path: String, _ text: String) -> DatasetError {
    // Of a word, or of what stands before a colon, a kind was meant.
    let near = nearName(path)
    let isWord = !path.contains { "./$*".contains($0) } && near == nil
    if isWord || path.prefix(while: { $0 != "/" }).contains(":") {
      do throws(DatasetError) { _ = try DatasetSource(text) } catch { return error }
    }
    let remedy =
      if path.contains("$") {
        "the shell writes $NAME out, outside of single quotes; here it is not"
      } else if path.contains("*") { "patterns are not looked up here; name a directory or a file" } else if let near {
        "did you mean \(near)?"
      } else { "check the path" }
    return DatasetError(file: path, reason: "there is no such file or directory", remedy: remedy, cause: .missing)
  }

  /// What lies beside a path that is not there, and has nearly its name.
  private static func nearName(_ path: String) -> String? {
    let (directory, name) = parted(path)
    let beside = (try? DataDirectory.visibleNames(in: directory)) ?? []
    return nearest(to: name, among: beside).map { path.contains("/") ? "\(directory)/\($0)" : $0 }
  }

  private static func refused(_ path: String, _ reason: String, _ remedy: String) -> DatasetError {
    DatasetError(file: path, reason: reason, remedy: remedy, cause: .wrongSource)
  }

  private var isTableOrArrays: Bool {
    switch self {
    case .numpy, .table: true
    case .digits, .idx, .semeion, .cifar, .folder, .synthetic: false
    }
  }

  private var isOfDirectory: Bool {
    switch self {
    case .idx, .cifar, .folder: true
    case .digits, .semeion, .numpy, .table, .synthetic: false
    }
  }

  private func isSameKind(as other: DatasetSource) -> Bool {
    switch (self, other) {
    case (.idx, .idx), (.semeion, .semeion), (.folder, .folder), (.numpy, .numpy), (.table, .table): true
    case (.cifar(let kind, _), .cifar(let otherKind, _)): kind == otherKind
    default: false
    }
  }
}
