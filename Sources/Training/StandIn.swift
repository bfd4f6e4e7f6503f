import Communication
import Datasets
import Files
import Tensors

/// Noise in the place of a recipe's data, where a command only wants to know what their shape costs.
public struct StandIn: Sendable {
  public let kind: SampleLayout.Kind
  /// `[H, W, C]`, of sequences `[1, T, C]`, of vectors `[1, 1, D]`.
  public let imageShape: Shape
  public let classes: Int
  /// Quantities of a sample that the data would bring.
  public let conditions: Int
  public let training: Int
  public let test: Int

  /// Data as `shape` says: `32x32x3` and `28x28` are images, `7` is a vector; `48x2` is a sequence where `data.layout`
  /// or the recipe's own data say so.
  ///
  /// - Parameter samples: in all; a tenth is held out.
  /// - Throws: `Failure` where the shape is none.
  public init(shape text: String, classes: Int, samples: Int, for recipe: Recipe) throws {
    let extents = text.split(omittingEmptySubsequences: false) { "x×X".contains($0) }.map { Int($0) ?? 0 }
    let isSequence =
      recipe.data.layout == .sequences
      || recipe.data.layout == .automatic && recipe.data.source == "waves" && extents.count == 2
    let kind: SampleLayout.Kind =
      isSequence ? .sequences : extents.count == 1 || recipe.data.layout == .vectors ? .vectors : .images
    let shape: [Int] =
      switch (kind, extents.count) {
      case (.images, 2): extents + [1]
      case (.images, 3): extents
      case (.sequences, 1): [1, extents[0], 1]
      case (.sequences, 2): [1] + extents
      case (.vectors, 1): [1, 1, extents[0]]
      default: []
      }
    let isRight =
      kind == .images
      ? shape.count == 3 && shape.prefix(2).allSatisfy((4...512).contains) && [1, 3].contains(shape[2])
      : shape.count == 3 && shape.allSatisfy { (1...65_536).contains($0) } && shape.reduce(1, *) <= 65_536
    guard isRight else {
      let form =
        switch kind {
        case .images: "write HxWxC with sides from 4 to 512 and 1 or 3 channels, as in 32x32x3"
        case .sequences: "of sequences write TxC, as in 48x2"
        case .vectors: "of vectors write D, as in 7, at most 65,536"
        }
      throw Failure("--shape \(clipped(text)): \(form)", code: .usage)
    }
    self.init(
      kind: kind, shape: shape, classes: classes, training: samples - samples / 10, test: max(1, samples / 10), recipe)
  }

  /// Data sets whose shape is known; nil for those of users.
  ///
  /// - Sources: MNIST has 60,000 + 10,000 images, CIFAR-10 and CIFAR-100 have 50,000 + 10,000, Semeion has 1,593.
  public init?(knownFor recipe: Recipe) {
    guard let source = try? DatasetSource(recipe.data.source) else { return nil }
    switch source {
    case .idx: self.init(kind: .images, shape: [28, 28, 1], classes: 10, training: 60_000, test: 10_000, recipe)
    case .cifar(.ten, _):
      self.init(kind: .images, shape: [32, 32, 3], classes: 10, training: 50_000, test: 10_000, recipe)
    case .cifar(.hundred, _):
      self.init(kind: .images, shape: [32, 32, 3], classes: 100, training: 50_000, test: 10_000, recipe)
    case .semeion: self.init(kind: .images, shape: [16, 16, 1], classes: 10, training: 1_275, test: 318, recipe)
    case .digits, .folder, .numpy, .table, .synthetic: return nil
    }
  }

  private init(kind: SampleLayout.Kind, shape: [Int], classes: Int, training: Int, test: Int, _ recipe: Recipe) {
    var shape = shape
    if kind == .images {
      if let size = try? recipe.resolution() { (shape[0], shape[1]) = (size.height, size.width) }
      shape[2] = recipe.data.channels ?? shape[2]
    }
    let size = recipe.model.conditionSize
    let named = recipe.data.conditions.isEmpty ? 2 : recipe.data.conditions.count
    switch recipe.model.conditionKind {
    case .classes: (self.classes, conditions) = (min(classes, size ?? classes), 0)
    // The data would say it; what is no image has quantities unless a column with the class is named.
    case .automatic where kind == .images || recipe.data.label != nil:
      (self.classes, conditions) = (min(classes, size ?? classes), 0)
    case .automatic: (self.classes, conditions) = (1, size ?? named)
    // Images are measured.
    case .continuous: (self.classes, conditions) = (1, kind == .images ? 0 : size ?? named)
    case .mixed: (self.classes, conditions) = (classes, size.map { max(1, $0 - classes) } ?? named)
    }
    (self.kind, imageShape, self.training, self.test) = (kind, Shape(shape), training, test)
  }

  /// Fewer samples than there would be, where they would fill the memory: see `Dataset.noise`. One rank of a node makes
  /// them.
  public func dataset(on communicator: any Communicator) throws -> Dataset {
    try Recipe.shared(
      communicator.nodeRank == 0
        ? .noise(
          kind: kind, imageShape: imageShape, classes: classes, conditions: conditions, training: training, test: test)
        : nil, on: communicator)
  }

  /// What the data themselves would take; images a byte a value, others four.
  public var byteCount: Int {
    (training + test) * (imageShape.count * (kind == .images ? 1 : 4) + 4 + 4 * conditions)
  }

  /// `60,000 images 28×28×1 of 10 classes`
  public var words: String {
    let told =
      conditions > 0 ? "under \(conditions) quantities" : classes > 1 ? "of \(classes) classes" : "of no classes"
    return "\(grouped(training)) \(kind) \(SampleLayout(kind: kind).shown(imageShape)) \(told)"
  }
}

extension Recipe {
  /// Training samples of data in the program, or of data sets that everybody has alike; nil for those of users.
  public var knownTrainingCount: Int? {
    if let standIn = StandIn(knownFor: self) { return standIn.training }
    switch try? DatasetSource(data.source) {
    case let source? where [.digits, .synthetic(.waves), .synthetic(.process)].contains(source):
      return try? source.load().training.count
    case .some, nil: return nil
    }
  }
}
