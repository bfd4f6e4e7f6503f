import Datasets
import Files
import Models
import Tensors

/// Where a run's networks come from: its recipe, or a program that brings its own.
///
///     let source = ModelSource("my-gan") { try MyGAN(imageShape: $0.imageShape, noiseSize: $0.noiseSize, …) }
public struct ModelSource: Sendable {
  /// What networks are made for.
  public struct Request: Sendable {
    public let recipe: Recipe
    /// `[H, W, C]` of what the generator makes.
    public let imageShape: Shape
    /// Numbers of a condition: classes, quantities, or both.
    public let conditionSize: Int
    public let kind: SampleLayout.Kind

    /// As the recipe has it.
    public var noiseSize: Int { recipe.model.noiseSize }
  }

  /// Of `model.kind` and its keys.
  public static let recipe = ModelSource(name: nil) {
    try $0.recipe.makeModel(imageShape: $0.imageShape, conditionSize: $0.conditionSize, kind: $0.kind)
  }

  /// Kept in checkpoints, so that no other model is taken for this one; nil: the recipe's.
  public let name: String?
  let make: @Sendable (Request) throws -> any ConditionalModel

  /// - Parameters:
  ///   - name: of the model, the same whenever its parameters are.
  ///   - make: called whenever a run or a saved model is set up, on every rank.
  public init(_ name: String, make: @escaping @Sendable (Request) throws -> any ConditionalModel) {
    self.init(name: name, make: make)
  }

  private init(name: String?, make: @escaping @Sendable (Request) throws -> any ConditionalModel) {
    (self.name, self.make) = (name, make)
  }

  /// - Parameters:
  ///   - found: what a checkpoint says; nil where its model is the recipe's.
  ///   - path: for the message.
  func check(_ found: String?, in path: String) throws {
    guard found != name else { return }
    let here = name.map { "\"\($0)\"" } ?? "the recipe's"
    throw Failure(
      "\(path): its model is \(found.map { "\"\(clipped($0))\"" } ?? "the recipe's"), this program's is \(here); use the "
        + "program that trained it", code: .configuration)
  }
}
