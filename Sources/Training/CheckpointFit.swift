import Checkpoints
import Datasets
import Evaluation
import Layers
import Tensors

/// Whether a checkpoint holds the weights of a recipe's networks: told before data are read and memory is taken.
public enum CheckpointFit {
  /// The first tensor that the networks need and the file does not hold as they need it, in words; nil where all fit, and
  /// where the file or the networks cannot be looked at: then restoring says why.
  public static func misfit(of recipe: Recipe, in file: SafetensorsFile, models: ModelSource = .recipe) -> String? {
    guard let shape = file.metadata["imageShape"]?.split(separator: "×").compactMap({ Int($0) }), shape.count == 3,
      let size = file.metadata["conditionSize"].flatMap(Int.init),
      let tables = try? tables(
        recipe, Shape(shape), size, (SampleDescription(metadata: file.metadata) ?? SampleDescription()).layout.kind,
        models)
    else { return nil }
    for entry in tables.flatMap(\.entries) {
      guard let found = try? file.shape(of: entry.name) else { return "it has no \(entry.name) \(entry.shape)" }
      if found != entry.shape { return "its \(entry.name) is \(found), theirs \(entry.shape)" }
    }
    return nil
  }

  /// The parameters of both networks, without memory.
  private static func tables(
    _ recipe: Recipe, _ imageShape: Shape, _ conditionSize: Int, _ kind: SampleLayout.Kind, _ models: ModelSource
  ) throws -> [ParameterTable] {
    let model = try models.make(
      .init(
        recipe: recipe, imageShape: imageShape, conditionSize: recipe.model.conditionSize ?? conditionSize, kind: kind))
    let (generator, discriminator) = (ParameterTable(name: "generator"), ParameterTable(name: "discriminator"))
    _ = try EvaluationGraphs(
      EvaluatedNetworks(
        model: model, generator: generator, generatorVectors: SpectralVectors(name: "generator"), average: nil,
        discriminator: discriminator, discriminatorVectors: SpectralVectors(name: "discriminator")),
      seed: UInt64(recipe.seed))
    return [generator, discriminator]
  }
}
