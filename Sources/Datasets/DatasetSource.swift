import Files

/// Where a run's data come from, as `KIND` or `KIND:PATH` on the command line and in a recipe.
public enum DatasetSource: Hashable, Sendable, CustomStringConvertible {
  /// The embedded UCI digits.
  case digits
  /// A directory with IDX files under MNIST's names.
  case idx(directory: String)
  /// The Semeion text file.
  case semeion(file: String)
  /// A directory with the binary files of CIFAR-10 or CIFAR-100.
  case cifar(CIFAR, directory: String)
  /// A directory of image files, in a folder per class or listed with their classes.
  case folder(directory: String)
  /// An `.npz` or `.npy` file, or a directory of `.npy` files.
  case numpy(path: String)
  /// A text file of columns; see `TableText` and `TableForm`.
  case table(file: String)
  /// Computed data: `waves`, `process`.
  case synthetic(Synthetic)

  /// What may be written, for messages and help.
  public static let forms = [
    "digits", "idx:DIR", "semeion:FILE", "cifar10:DIR", "cifar100:DIR", "folder:DIR",
    "npz:FILE", "npy:DIR", "csv:FILE", "waves", "process",
  ]

  /// Words before the colon.
  enum Kind: String, CaseIterable {
    case digits, waves, process, idx, semeion, cifar10, cifar100, folder, npz, npy, csv, tsv

    /// In upper or lower case.
    init?(written text: String) { self.init(rawValue: text.lowercased()) }

    /// Computed or in the program: these take no path.
    var isBuiltIn: Bool { self == .digits || self == .waves || self == .process }

    /// What other programs call it.
    static let otherNames: [String: Kind] = [
      "digit": .digits, "mnist": .idx, "fashion-mnist": .idx, "fashionmnist": .idx, "fashion_mnist": .idx,
      "kmnist": .idx, "emnist": .idx, "ubyte": .idx, "cifar": .cifar10, "cifar-10": .cifar10, "cifar-100": .cifar100,
      "cifar_10": .cifar10, "cifar_100": .cifar100, "images": .folder, "image": .folder, "imagefolder": .folder,
      "image_folder": .folder, "image-folder": .folder, "photos": .folder, "dir": .folder, "directory": .folder,
      "path": .folder, "png": .folder, "jpg": .folder, "jpeg": .folder, "numpy": .npz, "array": .npz, "arrays": .npz,
      "table": .csv, "text": .csv, "txt": .csv, "tab": .tsv,
    ]
  }

  /// By its form alone: no file is looked for.
  ///
  /// - Throws: when the kind is unknown or its path is missing; the message names the known kinds.
  public init(_ text: String) throws(DatasetError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let path = parts.count > 1 ? parts[1] : ""
    guard let kind = Kind(written: parts[0]) else {
      guard let named = Self.ofName(text) else { throw Self.unknownKind(text, parts[0], path) }
      self = named
      return
    }
    func needed(_ what: String) throws(DatasetError) -> String {
      guard !path.isEmpty else { throw Self.wrongForm(text, "\(kind.rawValue) needs \(what)") }
      return path
    }
    switch kind {
    case .digits where parts.count > 1: throw Self.wrongForm(text, "digits are built in and take no path")
    case .waves where parts.count > 1, .process where parts.count > 1:
      throw Self.wrongForm(text, "\(kind.rawValue) are computed and take no path")
    case .digits: self = .digits
    case .waves: self = .synthetic(.waves)
    case .process: self = .synthetic(.process)
    case .semeion: self = .semeion(file: try needed("a file"))
    case .npz, .npy: self = .numpy(path: try needed("a file"))
    case .csv, .tsv: self = .table(file: try needed("a file"))
    case .idx: self = .idx(directory: try needed("a directory"))
    case .cifar10: self = .cifar(.ten, directory: try needed("a directory"))
    case .cifar100: self = .cifar(.hundred, directory: try needed("a directory"))
    case .folder: self = .folder(directory: try needed("a directory"))
    }
  }

  /// A file whose name says what it holds; nil for all others.
  static func ofName(_ path: String) -> DatasetSource? {
    let name = path.lowercased()
    if [".npz", ".npy"].contains(where: name.hasSuffix) { return .numpy(path: path) }
    if [".csv", ".tsv", ".csv.gz", ".tsv.gz"].contains(where: name.hasSuffix) { return .table(file: path) }
    return name.split(separator: "/").last == "semeion.data" ? .semeion(file: path) : nil
  }

  private static func unknownKind(_ text: String, _ kind: String, _ path: String) -> DatasetError {
    let meant =
      Kind.otherNames[kind.lowercased()]?.rawValue ?? nearest(to: kind, among: Kind.allCases.map(\.rawValue))
    let isBuiltIn = meant.flatMap(Kind.init(rawValue:))?.isBuiltIn ?? false
    let guess = meant.map { " (did you mean \(isBuiltIn ? $0 : "\($0):\(path.isEmpty ? "PATH" : path)")?)" } ?? ""
    return wrongForm(text, "no kind of data is called \(kind.debugDescription)\(guess)")
  }

  private static func wrongForm(_ text: String, _ reason: String) -> DatasetError {
    DatasetError(
      file: "data \(text.debugDescription)", reason: reason, remedy: "write \(formsInWords)", cause: .wrongSource)
  }

  /// `digits, idx:DIR or semeion:FILE`.
  static var formsInWords: String {
    forms.dropLast().joined(separator: ", ") + " or " + (forms.last ?? "")
  }

  /// Where the data lie, as messages name it.
  private var path: String { description.split(separator: ":", maxSplits: 1).last.map(String.init) ?? description }

  public var description: String {
    switch self {
    case .digits: "digits"
    case .idx(let directory): "idx:\(directory)"
    case .semeion(let file): "semeion:\(file)"
    case .cifar(let kind, let directory): "\(kind.name):\(directory)"
    case .folder(let directory): "folder:\(directory)"
    case .numpy(let path): "npz:\(path)"
    case .table(let file): "csv:\(file)"
    case .synthetic(let kind): kind.name
    }
  }

  /// Whether the data are columns that have names.
  public var isTable: Bool { if case .table = self { true } else { false } }

  /// Reads the data; `resolution` resizes them on the way (nil: digits 16×16, others as stored).
  public func load(resolution: Resolution? = nil, classCount: Int = 10) throws(DatasetError) -> Dataset {
    var options = LoadingOptions()
    options.resolution = resolution
    options.classCount = classCount
    return try load(options)
  }

  /// Reads the data and brings them to the size and the channels that `options` ask for.
  public func load(_ options: LoadingOptions) throws(DatasetError) -> Dataset {
    try load(options, listing: listing(options))
  }

  /// The same where it is known what the directories hold.
  ///
  /// - Precondition: `listing` is one of this source.
  public func load(_ options: LoadingOptions, listing: DatasetListing) throws(DatasetError) -> Dataset {
    try read(options, listing).checkedClassNames(of: path).checkedRange(options, of: self)
      .checkedForOverlap().adapted(to: options)
  }

  private func read(_ options: LoadingOptions, _ listing: DatasetListing) throws(DatasetError) -> Dataset {
    switch (self, listing.contents) {
    case (.digits, _):
      let resolution = options.resolution ?? Resolution(height: 16, width: 16)
      return Digits.load(resolution: resolution)
    case (.idx(let directory), _):
      return try IDX.load(directory: directory, classCount: options.classCount, limits: options.limits)
        .ranged(options, file: directory)
    case (.semeion(let file), _): return try Semeion.load(file: file)
    case (.cifar(let kind, let directory), .names(let names)):
      return try kind.load(names, in: directory, options: options).ranged(options, file: directory)
    case (.folder(let directory), .folder(let contents)):
      // Its range is in the units of the files, which decoding has made bytes of.
      return try ImageFolder.load(contents, of: directory, options: options).checkedForLevels(options)
    case (.numpy(let path), _):
      return try NumPyData.load(path: path, options: options).checkedForLevels(options)
    case (.synthetic(let kind), _): return kind.load()
    case (.table(let file), _): return try Table.load(file: file, options: options)
    case (.cifar, _), (.folder, _): preconditionFailure("a listing of other data than \(self)")
    }
  }
}

/// What is made of data while they are read.
public struct LoadingOptions: Sendable {
  /// nil: as stored (digits: 16×16).
  public var resolution: Resolution?
  /// 1 (grey) or 3 (colour); nil: as stored.
  public var channels: Int?
  /// Whether CIFAR and image folders keep their proportions and lose what sticks out, instead of being stretched.
  public var crops = true
  /// Whether images of a folder are turned as their EXIF says.
  public var orients = true
  /// Whether image folders may have files that cannot be read.
  public var skipsUnreadable = false
  /// Classes that IDX files may have.
  public var classCount = 10
  /// Labels of arrays and tables have to be below; nil: as the data have them.
  public var mostClasses: Int?
  /// What arrays and tables hold; nil: as their shape says.
  public var kind: SampleLayout.Kind?
  /// What the networks are told about a sample.
  public var condition = ConditionForm.classes
  /// What numbers of images, in arrays or in their files, stand for black and white; nil: as they show.
  public var range: ClosedRange<Double>?
  /// Of a table or a list of image files: the column with the class. Of a table: those with conditions, those to learn;
  /// empty: all others with numbers.
  public var labelColumn: String?
  public var conditionColumns: [String] = []
  public var columns: [String] = []
  /// Those that a run has learned before.
  private(set) var knownColumns: [String] = []
  /// Whether samples with NaN or infinity, and lines of a table without a number or a class, are left out.
  public var dropsNonFinite = false
  /// What packed files may unpack to, and whether to go on reading.
  public var limits = ReadingLimits()
  /// Whether a run has used these data before: its user is not asked again what could be meant otherwise.
  public private(set) var areKnown = false
  /// What stood for black and white in that run.
  private(set) var knownRange: ClosedRange<Double>?

  public init() {}

  /// Leaves as it was what a run has made of these data that goes on, or is judged.
  public mutating func keep(_ known: SampleDescription) {
    areKnown = true
    switch known.layout.kind {
    case .images:
      let pixels = known.layout.pixels
      knownRange = pixels.number(of: -1)...pixels.number(of: 1)
    // Of tables; others have no choice.
    case .vectors, .sequences: if columns.isEmpty { knownColumns = known.layout.columns.map(\.name) }
    }
  }
}

/// What the networks are told about a sample.
public enum ConditionForm: String, Sendable {
  /// What the data have: labels, quantities, or both.
  case automatic
  /// One of several classes.
  case classes
  /// Numbers.
  case continuous
  /// Both.
  case mixed
}

extension Dataset {
  /// Images brought to size and channels; other samples stay as they are.
  func adapted(to options: LoadingOptions) -> Dataset {
    guard layout.kind == .images else { return self }
    return (options.resolution.map(resized) ?? self).converted(toChannels: options.channels)
  }
}
