import Files

// A table of files and classes.
extension ImageLabels {
  /// What columns with the class are called, the likeliest first.
  private static let labelNames = [
    "label", "labels", "class", "class_name", "classname", "class_label", "target", "category", "y", "classes",
    "class_id", "label_name",
  ]

  /// A table read as words.
  private struct Words {
    var names: [String]
    var rows: [(line: Int, cells: [String])] = []
    /// What was decided while it was read.
    var notes: [String] = []
    /// The column with files.
    var file = 0
  }

  /// The first of the tables that lists images of the folder; nil where none does.
  static func table(
    _ paths: [String], of scan: FolderScan, _ options: LoadingOptions
  ) throws(DatasetError) -> Listed? {
    guard !paths.isEmpty else { return nil }
    let index = Index(scan)
    guard !index.images.isEmpty else { return nil }
    for path in paths {
      let found: Words?
      do throws(DatasetError) { found = try words(of: path, index, options.limits) } catch {
        // A table of something else may lie beside class folders.
        guard scan.folders.isEmpty || error.cause == .stopped else { continue }
        throw error
      }
      guard let words = found else { continue }
      guard let label = labelColumn(words, options) else {
        // Where folders are classes it is not needed.
        guard scan.folders.isEmpty else { continue }
        let others = words.names.indices.filter { $0 != words.file }.map { words.names[$0] }
        throw DatasetError(
          file: path,
          reason: options.labelColumn.map {
            "lists images, but has no column \($0.debugDescription), as data.label asks for"
          }
            ?? "lists images, but which column has their class is not clear",
          remedy: "name it in data.label; there are \(clipped(others.joined(separator: ", "), atMost: 200))")
      }
      var rows: [(file: String, name: String)] = []
      for (line, cells) in words.rows {
        guard !TableCell.isMissing(cells[label]) else {
          let shown = cells[label].isEmpty ? "" : " (\(clipped(cells[label].debugDescription)))"
          throw DatasetError(
            file: path, reason: "line \(grouped(line)): no class of \(cells[words.file])\(shown)",
            remedy: "give it one, under another word if it is called so, or remove the line")
        }
        rows.append((cells[words.file], cells[label]))
      }
      var part = try part(of: rows, in: index, list: path)
      part.notes += words.notes
      part.notes.append("classes are those of \(path), column \(words.names[label])")
      return Listed(path: path, part: part, isByFolder: isByFolder(part))
    }
    return nil
  }

  /// Nil where no column names images.
  private static func words(
    of path: String, _ index: Index, _ limits: ReadingLimits
  ) throws(DatasetError) -> Words? {
    let form = try TableForm(try TableText(path: path, limits: limits))
    var words = Words(names: form.names, notes: form.text.notes)
    var parser = TableParser(form.text, separator: form.separator, from: form.start)
    var fields: [TableParser.Field] = []
    while try parser.next(into: &fields) {
      // What is missing at the end of a line is empty.
      let cells = words.names.indices.map { fields.indices.contains($0) ? parser.content(fields[$0]) : "" }
      words.rows.append((parser.line, cells))
    }
    var best = 0
    for column in words.names.indices {
      // A full path counts more than a number that happens to be a name, too.
      let score = words.rows.reduce(0) { $0 + (index.find($1.cells[column]).map { $0.isPath ? 3 : 1 } ?? 0) }
      if score > best { (words.file, best) = (column, score) }
    }
    guard best > 0 else { return nil }
    if index.find(words.names[words.file]) != nil {
      // The first line is no header.
      words.rows.insert((1, words.names), at: 0)
      words.names = words.names.indices.map { String($0 + 1) }
    }
    return words
  }

  private static func labelColumn(_ words: Words, _ options: LoadingOptions) -> Int? {
    if let asked = options.labelColumn { return words.names.firstIndex(of: asked) }
    let names = words.names.map { $0.lowercased() }
    let known = labelNames.lazy.compactMap { name in names.firstIndex(of: name) }.first { $0 != words.file }
    return known ?? (names.count == 2 ? 1 - words.file : nil)
  }

  private static func isByFolder(_ part: ImageFolder.Part) -> Bool {
    let folders = part.files.map { Set($0.map { $0[..<($0.lastIndex(of: "/") ?? $0.startIndex)] }) }
    return part.names.count > 1 && folders.allSatisfy { $0.count == 1 } && Set(folders).count == folders.count
  }
}
