import Files

/// What the samples of a model stand for: their layout and the names of the classes. Checkpoints, exported networks and
/// packed data keep them as lists, most as JSON, so that no name can be mistaken for two.
///
///     {"classNames":["cat","dog"],"columns":[],"conditions":[{"center":0.5,"name":"age","unit":2}],"kind":"images"}
public struct SampleDescription: Sendable, Equatable {
  public var layout: SampleLayout
  /// Empty where they are not known.
  public var classNames: [String]

  public init(layout: SampleLayout = SampleLayout(), classNames: [String] = []) {
    self.layout = layout
    self.classNames = classNames
  }

  /// The key of it among a file's metadata.
  public static let metadataKey = "samples"

  public var json: String {
    var members = layout.members
    members["classNames"] = .array(classNames.map(JSONValue.text))
    return JSONValue.object(members).text
  }

  /// Reads `json`; nil where it is something else.
  public init?(json: String) {
    guard case .object(let members)? = try? JSONReader.read(Array(json.utf8)), let layout = SampleLayout(members),
      let names = members["classNames"]?.texts
    else { return nil }
    self.init(layout: layout, classNames: names)
  }

  /// Of a checkpoint, a network or a run that was exported. Those of earlier versions have a text for the layout, names
  /// joined by ends of lines, or neither: then they are of images. Nil where the metadata are damaged.
  public init?(metadata: [String: String]) {
    if let json = metadata[Self.metadataKey] {
      self.init(json: json)
      return
    }
    self.init(
      layout: SampleLayout(text: metadata["layout"] ?? ""), classNames: Self.names(joined: metadata["classNames"] ?? "")
    )
  }

  /// Names as earlier versions wrote them, one a line. An empty one is a name, too: without it the others would move.
  package static func names(joined text: String) -> [String] {
    text.isEmpty ? [] : text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }
}

extension Dataset {
  public var sampleDescription: SampleDescription { SampleDescription(layout: layout, classNames: classNames) }

  /// Refuses classes that could not be asked for: without a name, or two of one name.
  func checkedClassNames(of source: String) throws(DatasetError) -> Dataset {
    var seen: Set<String> = []
    for (label, name) in classNames.enumerated() {
      guard !name.allSatisfy(\.isWhitespace) else {
        throw DatasetError(
          file: source, reason: "class \(grouped(label)) of \(grouped(classCount)) has no name",
          remedy: "name every class")
      }
      guard seen.insert(name.trimmed).inserted else {
        let twin = classNames[..<label].contains(name) ? "" : " but for blanks"
        throw DatasetError(
          file: source, reason: "two classes are called \(clipped(name.debugDescription))\(twin)",
          remedy: "name each once")
      }
    }
    return self
  }
}
