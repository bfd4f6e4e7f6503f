/// Where a run's data come from, as `KIND` or `KIND:PATH` on the command line and in a recipe.
public enum DatasetSource: Hashable, Sendable, CustomStringConvertible {
  /// The embedded UCI digits.
  case digits
  /// A directory with IDX files under MNIST's names.
  case idx(directory: String)
  /// The Semeion text file.
  case semeion(file: String)

  /// What may be written, for messages and help.
  public static let forms = ["digits", "idx:DIR", "semeion:FILE"]

  /// - Throws: when the kind is unknown or its path is missing; the message names the known kinds.
  public init(_ text: String) throws(DatasetError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let (kind, path) = (parts[0], parts.count > 1 ? parts[1] : nil)
    switch (kind, path) {
    case ("digits", nil): self = .digits
    case ("digits", _?): throw Self.wrongForm(text, "digits are built in and take no path")
    case ("idx", let path?) where !path.isEmpty: self = .idx(directory: path)
    case ("idx", _): throw Self.wrongForm(text, "idx needs a directory")
    case ("semeion", let path?) where !path.isEmpty: self = .semeion(file: path)
    case ("semeion", _): throw Self.wrongForm(text, "semeion needs a file")
    default: throw Self.wrongForm(text, "no kind of data is called \(kind.debugDescription)")
    }
  }

  private static func wrongForm(_ text: String, _ reason: String) -> DatasetError {
    DatasetError(
      file: "data \(text.debugDescription)", reason: reason, remedy: "write \(formsInWords)", cause: .wrongSource)
  }

  /// `digits, idx:DIR or semeion:FILE`.
  private static var formsInWords: String {
    forms.dropLast().joined(separator: ", ") + " or " + (forms.last ?? "")
  }

  public var description: String {
    switch self {
    case .digits: "digits"
    case .idx(let directory): "idx:\(directory)"
    case .semeion(let file): "semeion:\(file)"
    }
  }

  /// Reads the data; `resolution` resizes them on the way (nil: digits 16×16, others as stored).
  public func load(resolution: Resolution? = nil, classCount: Int = 10) throws(DatasetError) -> Dataset {
    let dataset: Dataset
    switch self {
    case .digits: return Digits.load(resolution: resolution ?? Resolution(height: 16, width: 16))
    case .idx(let directory): dataset = try IDX.load(directory: directory, classCount: classCount)
    case .semeion(let file): dataset = try Semeion.load(file: file)
    }
    guard let resolution else { return dataset }
    return dataset.resized(to: resolution)
  }
}
