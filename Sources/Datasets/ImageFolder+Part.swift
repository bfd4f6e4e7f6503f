import Files

extension ImageFolder {
  /// The images of one directory by their class: all of a data set, or those to train or to test on.
  struct Part {
    let names: [String]
    /// Of every class.
    let files: [[String]]
    var notes: [String] = []
    var complaints: [String] = []

    var entries: [Entry] {
      files.enumerated().flatMap { label, files in files.map { Entry(path: $0, label: label) } }
    }

    init(names: [String], files: [[String]]) {
      self.names = names
      self.files = files
    }

    /// - Parameter classes: the class of every file.
    init(_ classes: [(file: String, name: String)]) {
      names = ClassNames.sorted(classes.map(\.name))
      let labels = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
      var files = [[String]](repeating: [], count: names.count)
      for (file, name) in classes.sorted(by: { $0.file < $1.file }) {
        if let label = labels[name] { files[label].append(file) }
      }
      self.files = files
    }

    /// Classes are folders; or what a list beside them says, where folders are none; or one for all.
    ///
    /// - Parameter lists: tables that may name files and classes, the likeliest first.
    init(of scan: FolderScan, lists: [String], _ options: LoadingOptions) throws(DatasetError) {
      if let listed = try ImageLabels.json(in: scan) {
        self = listed
        return
      }
      let listed = try ImageLabels.table(lists, of: scan, options)
      if let listed, !listed.isByFolder {
        self = listed.part
        return
      }
      if scan.folders.isEmpty, !scan.images.isEmpty {
        self.init(names: [Dataset.unlabelled], files: [scan.images.map { "\(scan.path)/\($0)" }])
        notes = ["no class folders in \(scan.path): all \(grouped(scan.images.count)) images are of one class"]
        if let table = lists.first {
          complaints = ["\(table) is not used: none of its columns names images of \(scan.path)"]
        }
        notes += scan.notes(onOthers: scan.others.map { "\(scan.path)/\($0)" }) + scan.systemNotes
        return
      }
      try self.init(classFoldersOf: scan)
      if options.labelColumn != nil {
        complaints.append("data.label is not used: classes are the folders of \(scan.path)")
      }
      if let listed { notes.append("\(listed.path) is not used: the folders tell the same classes") }
    }

    private init(classFoldersOf scan: FolderScan) throws(DatasetError) {
      guard !scan.folders.isEmpty else { throw scan.noImages(asked: "class folders") }
      var (names, files): ([String], [[String]]) = ([], [])
      var (others, nested, nestedImages): ([String], [String], Int) = ([], [], 0)
      let sorted = ClassNames.sorted(scan.folders)
      guard sorted.count == scan.folders.count else {
        // Equal as texts, other bytes.
        let twins = Dictionary(grouping: scan.folders) { $0 }.values.first { $0.count > 1 } ?? []
        throw DatasetError(
          file: scan.path,
          reason: "\(twins.count) class folders are called \((twins.first ?? "").debugDescription), "
            + "in different Unicode forms",
          remedy: "put their images into one")
      }
      for name in sorted {
        let folder = try FolderScan("\(scan.path)/\(name)", looksAtImages: false)
        guard !folder.images.isEmpty else { throw folder.noImagesInClass() }
        names.append(name)
        files.append(folder.images.map { "\(folder.path)/\($0)" })
        others += folder.others.map { "\(folder.path)/\($0)" }
        for inner in folder.folders {
          nested.append("\(folder.path)/\(inner)")
          nestedImages += FolderScan.countImages(below: "\(folder.path)/\(inner)")
        }
      }
      self.init(names: names, files: files)
      notes = scan.notes(onOthers: others) + scan.notes(onImagesBeside: "the class folders") + scan.systemNotes
      if let first = nested.first {
        let count =
          nested.count == 1 ? "a folder inside a class folder" : "\(grouped(nested.count)) folders inside class folders"
        notes.append("not used: \(count), as \(first), with \(grouped(nestedImages)) images in all")
      }
    }
  }
}
