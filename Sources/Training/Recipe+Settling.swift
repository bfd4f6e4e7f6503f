import Datasets
import Files

// What a recipe leaves to its data, settled once they are read.

extension Recipe {
  /// This recipe with what it leaves to the data decided by them; it is what a run keeps.
  ///
  /// - Throws: `Failure` naming the key where the recipe asks for what these data are not.
  public func settled(by dataset: Dataset) throws -> Recipe {
    var recipe = self
    recipe.model.conditionKind = model.conditionKind.settled(by: dataset)
    try checkLayout(of: dataset)
    if (try? DatasetSource(data.source))?.isTable != true { try checkColumns(of: dataset) }
    return recipe
  }

  /// This recipe with what it leaves to the data as a run has it that is gone on with.
  public func settled(like saved: Recipe) -> Recipe {
    var recipe = self
    if model.conditionKind == .automatic { recipe.model.conditionKind = saved.model.conditionKind }
    if data.layout == .automatic || saved.data.layout == .automatic { recipe.data.layout = saved.data.layout }
    return recipe
  }

  private func checkLayout(of dataset: Dataset) throws {
    let kind = dataset.layout.kind
    if data.layout != .automatic, data.layout.rawValue != kind.rawValue {
      throw Failure(
        "data.layout: \(data.layout.rawValue), but \(data.source) holds \(kind); use --recipe \(kind), or set it to "
          + kind.rawValue, code: .configuration)
    }
    if data.flip, kind != .images {
      throw Failure(
        "data.flip: left for right is for images, the data are \(kind); set it to false", code: .configuration)
    }
  }

  /// Columns are named in tables; what was packed from one has kept them.
  private func checkColumns(of dataset: Dataset) throws {
    let (columns, quantities) = (dataset.layout.columns.map(\.name), dataset.layout.conditions.map(\.name))
    let given = [
      ("data.label", data.label != nil, dataset.hasLabels, "no labels (array y)"),
      ("data.conditions", !data.conditions.isEmpty, data.conditions == quantities, Self.list(quantities, "quantities")),
      ("data.columns", !data.columns.isEmpty, data.columns == columns, Self.list(columns, "columns")),
    ]
    for (key, isGiven, fits, what) in given where isGiven && !fits {
      throw Failure(
        "\(key): it names columns of a table, but \(data.source) is none and has \(what); leave it out",
        code: .configuration)
    }
  }

  private static func list(_ names: [String], _ what: String) -> String {
    names.isEmpty ? "no \(what)" : "\(what) \(clipped(names.joined(separator: ", ")))"
  }
}

extension Recipe.ConditionKind {
  /// Labels, quantities or both, as the data have them; neither are one class.
  func settled(by dataset: Dataset) -> Recipe.ConditionKind {
    guard self == .automatic else { return self }
    return switch (dataset.hasLabels, dataset.hasQuantities) {
    case (_, false): .classes
    case (false, true): .continuous
    case (true, true): .mixed
    }
  }
}
