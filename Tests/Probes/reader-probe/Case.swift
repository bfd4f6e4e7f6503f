/// One thing to be read: files under a directory of its own, and what reading them may take.
struct Case {
  /// What was done to it, for the report.
  let kind: String
  /// Path below the directory and content.
  var files: [(name: String, bytes: [UInt8])]
  /// Memory that the format may need beyond the files' size and the constant: what a picture is unpacked to, for example.
  var allowance = 0

  init(_ kind: String, _ name: String, _ bytes: [UInt8]) {
    self.kind = kind
    files = [(name, bytes)]
  }

  init(_ kind: String, files: [(name: String, bytes: [UInt8])], allowance: Int = 0) {
    self.kind = kind
    self.files = files
    self.allowance = allowance
  }

  var byteCount: Int { files.reduce(0) { $0 + $1.bytes.count } }
}

/// A reader of the program with the files that are made for it.
protocol CaseMaker {
  /// A case of its own for every state of the dice.
  func makeCase(_ dice: inout Dice) -> Case
  /// Reads it as the program does, and everything in it.
  ///
  /// - Throws: what the reader throws.
  func read(_ directory: String, _ dice: inout Dice) throws
}

/// What is fed, in the order in which it is run; the weights share out the files.
enum Reader: String, CaseIterable {
  case checkpoint, model, recipe, idx, semeion, cifar10, cifar100, png, jpeg, folder, array, table, labels, webp,
    metrics
  case machine, space

  var weight: Int {
    switch self {
    case .checkpoint: 46
    // Not among all: what a model needs is for its recipe to say. `--reader model` tries it.
    case .model: 0
    case .recipe: 40
    case .idx: 24
    case .semeion: 10
    case .cifar10: 8
    case .cifar100: 4
    case .png: 30
    case .jpeg: 28
    case .folder: 6
    case .array: 40
    case .table: 30
    case .labels: 10
    case .webp: 8
    case .metrics: 16
    case .machine: 10
    case .space: 10
    }
  }

  func maker() throws -> any CaseMaker {
    switch self {
    case .checkpoint: try CheckpointCases()
    case .model: ModelCases()
    case .recipe: RecipeCases()
    case .idx: IDXCases()
    case .semeion: SemeionCases()
    case .cifar10: CIFARCases(isHundred: false)
    case .cifar100: CIFARCases(isHundred: true)
    case .png: PNGCases()
    case .jpeg: JPEGCases()
    case .folder: FolderCases()
    case .array: ArrayCases()
    case .table: TableCases()
    case .labels: LabelCases()
    case .webp: WebPCases()
    case .metrics: MetricsCases()
    case .machine: MachineCases()
    case .space: SpaceCases()
    }
  }
}
