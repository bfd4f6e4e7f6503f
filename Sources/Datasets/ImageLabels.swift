import Files

/// Classes of images that a file beside them lists, instead of folders.
enum ImageLabels {
  /// Files named by a list, and what they are: found by path from the folder, by name alone, or without ending.
  struct Index {
    let images: [String]
    private let root: String
    private var byPath: [String: Int] = [:]
    private var byName: [String: Int?] = [:]

    init(_ scan: FolderScan) {
      images = scan.allImages
      root = scan.path
      for (place, image) in images.enumerated() {
        byPath[image] = place
        // Nil where two have the name.
        for name in Self.names(of: image) { byName[name] = byName[name] == nil ? .some(place) : .some(nil) }
      }
    }

    /// Its path without ending, and its name with and without.
    private static func names(of path: String) -> Set<String> {
      let name = last(path)
      return [stem(path), name, stem(name)]
    }

    private static func last(_ path: String) -> String {
      path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }

    private static func stem(_ path: String) -> String {
      String(path.dropLast(FolderScan.ending(of: last(path)).count))
    }

    /// The image that is meant; a full path is a better match than a part of one.
    func find(_ text: String) -> (place: Int, isPath: Bool)? {
      var text = String(text.map { $0 == "\\" ? "/" : $0 })
      if text.hasPrefix("./") { text.removeFirst(2) }
      guard !text.isEmpty else { return nil }
      if let place = byPath[text] { return (place, true) }
      // A list may count from the folder around this one.
      let folder = Self.last(root) + "/"
      if text.hasPrefix(folder), let place = byPath[String(text.dropFirst(folder.count))] { return (place, true) }
      if let place = byName[text] ?? nil { return (place, false) }
      let name = Self.last(text)
      guard FolderScan.isImage(name), let place = byName[name] ?? nil else { return nil }
      return (place, false)
    }

    func path(_ place: Int) -> String { "\(root)/\(images[place])" }
  }

  /// What a list says of the images of a folder.
  struct Listed {
    let path: String
    let part: ImageFolder.Part
    /// Whether each class is one folder, and each folder one class.
    let isByFolder: Bool
  }

  /// - Parameter rows: file and class, as the list has them.
  static func part(
    of rows: [(file: String, name: String)], in index: Index, list path: String
  ) throws(DatasetError) -> ImageFolder.Part {
    var names = [String?](repeating: nil, count: index.images.count)
    var missing: [String] = []
    for (file, name) in rows {
      guard let (place, _) = index.find(file) else {
        missing.append(file)
        continue
      }
      guard names[place] == nil || names[place] == name else {
        throw DatasetError(
          file: path, reason: "\(file) has two classes, \(names[place] ?? "") and \(name)",
          remedy: "list every image once; several labels an image go into an .npz as y, one column each")
      }
      names[place] = name
    }
    let found = names.indices.compactMap { place in names[place].map { (file: index.path(place), name: $0) } }
    guard !found.isEmpty else {
      throw DatasetError(
        file: path,
        reason: "none of the \(grouped(rows.count)) images that it lists is there, as \(missing.first ?? "")",
        remedy: "put them beside it, or remove it")
    }
    var part = ImageFolder.Part(found)
    if let first = missing.first {
      part.complaints.append(
        "\(grouped(missing.count)) of \(grouped(rows.count)) images that \(path) lists are not there, the first \(first)"
      )
    }
    let unlisted = names.indices.filter { names[$0] == nil }
    if let first = unlisted.first {
      part.complaints.append(
        "\(grouped(unlisted.count)) of \(grouped(names.count)) images are not used, since \(path) does not list them, "
          + "the first \(index.path(first))")
    }
    return part
  }

  static func bytes(of path: String) throws(DatasetError) -> [UInt8] {
    do throws(FileError) { return try InputFile(path: path).bytes() } catch { throw DatasetError(error) }
  }
}

// The list of StyleGAN's data sets.
extension ImageLabels {
  private static let jsonName = "dataset.json"

  /// The images that `dataset.json` names with their classes; nil where there is no such list.
  ///
  ///     {"labels": [["00000/img00000000.png", 3], …]}        {"labels": null}: all are of one class
  static func json(in scan: FolderScan) throws(DatasetError) -> ImageFolder.Part? {
    guard scan.others.contains(jsonName) else { return nil }
    let path = "\(scan.path)/\(jsonName)"
    let text = try bytes(of: path)
    let value: JSONValue
    do throws(JSONReader.Problem) { value = try JSONReader.read(text) } catch {
      throw DatasetError(file: path, reason: "is no JSON (\(error.reason))", remedy: "write it again, or remove it")
    }
    guard case .object(let members) = value, let labels = members["labels"] else {
      // Some other program's file.
      return nil
    }
    let index = Index(scan)
    if labels == .null {
      // Its folders only keep numbers of files small.
      guard scan.folders.allSatisfy({ $0.utf8.count == 5 && Int($0) != nil }), !index.images.isEmpty else { return nil }
      var part = ImageFolder.Part(names: [Dataset.unlabelled], files: [index.images.indices.map(index.path)])
      part.notes = ["\(path) has no labels: all \(grouped(index.images.count)) images are of one class"]
      return part
    }
    var part = try part(of: rows(labels, path), in: index, list: path)
    part.notes.append("classes are those of \(path)")
    return part
  }

  private static func rows(_ labels: JSONValue, _ path: String) throws(DatasetError) -> [(file: String, name: String)] {
    func wrong(_ place: Int) -> DatasetError {
      DatasetError(
        file: path, reason: "entry \(grouped(place + 1)) of labels is no file with the number or name of its class",
        remedy: "write [[\"img0.png\", 3], …]")
    }
    guard case .array(let entries) = labels else { throw wrong(0) }
    var rows: [(file: String, name: String)] = []
    for (place, entry) in entries.enumerated() {
      guard case .array(let pair) = entry, pair.count == 2, case .text(let file) = pair[0] else { throw wrong(place) }
      switch pair[1] {
      case .number(let number) where number == number.rounded() && number.magnitude < 1e9:
        rows.append((file, String(Int(number))))
      case .text(let name) where !name.isEmpty: rows.append((file, name))
      case .array(let values):
        // One-hot, as some write it.
        guard let hot = values.firstIndex(of: .number(1)), values.count(where: { $0 == .number(0) }) == values.count - 1
        else { throw wrong(place) }
        rows.append((file, String(hot)))
      default: throw wrong(place)
      }
    }
    guard !rows.isEmpty else { throw wrong(0) }
    return rows
  }
}
