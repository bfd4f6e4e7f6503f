import Checkpoints
import Datasets
import Files

/// What a person wants to know of a checkpoint, a line each.
public struct CheckpointSummary {
  public let rows: [(name: String, text: String)]

  /// What the metadata do not tell is left out, and all of a recipe that this version cannot read.
  public init(_ file: SafetensorsFile) throws {
    let metadata = file.metadata
    guard metadata["format"] == "lockstep" else {
      rows = [("tensors", "\(grouped(file.names.count)); no checkpoint of lockstep")]
      return
    }
    let recipe = metadata["recipe"].flatMap { try? Recipe(yaml: $0, origin: "\(file.path): recipe") }
    let description = SampleDescription(metadata: metadata) ?? SampleDescription()
    var rows: [(String, String)] = []
    rows.append(("iteration", Self.iteration(metadata, recipe)))
    if let recipe {
      let decay = recipe.training.averageDecay.map { ", averaged with decay \($0)" } ?? ""
      rows.append(
        (
          "recipe",
          "\(escaped(recipe.name)): \(metadata["model"].map(escaped) ?? recipe.model.kind.rawValue), seed \(recipe.seed), "
            + "batch \(recipe.training.batchSize)\(decay)"
        ))
      rows.append(("data", Self.data(metadata, recipe, description)))
    }
    if !description.classNames.isEmpty {
      let names = clipped(description.classNames.joined(separator: ", "), atMost: 160)
      rows.append(("classes", "\(grouped(description.classNames.count)): \(names)"))
    }
    let quantities = description.layout.conditions.map(\.name)
    if !quantities.isEmpty { rows.append(("quantities", clipped(quantities.joined(separator: ", "), atMost: 160))) }
    for network in ["generator", "discriminator"] { rows.append((network, try Self.network(network, in: file))) }
    if let step = Self.lastStep(metadata) { rows.append(("last step", step)) }
    if let health = metadata["health"] { rows.append(("health", Self.health(HealthMonitor.State(text: health)))) }
    if let ranks = metadata["ranks"], let threads = metadata["threads"] {
      let counted = { (number: String, noun: String) in "\(escaped(number)) \(noun)\(number == "1" ? "" : "s")" }
      rows.append(("trained on", "\(counted(ranks, "rank")) of \(counted(threads, "thread"))"))
    }
    self.rows = rows
  }

  private static func iteration(_ metadata: [String: String], _ recipe: Recipe?) -> String {
    let number = metadata["iteration"].flatMap(Int.init).map(grouped) ?? "not told"
    let phase = metadata["phase"].flatMap { $0 == "0" ? nil : ", phase \(escaped($0)) of the next" } ?? ""
    return number + (recipe.map { " of \(grouped($0.training.iterations))" } ?? "") + phase
  }

  /// The fingerprint is the name, the number of training samples and a digest of them.
  private static func data(_ metadata: [String: String], _ recipe: Recipe, _ description: SampleDescription) -> String {
    let fingerprint = (metadata["data"] ?? "").split(separator: " ")
    let count = fingerprint.dropLast().last.flatMap { Int($0) }.map { "\(grouped($0)) training " } ?? ""
    let extents = (metadata["imageShape"] ?? "").split(separator: "×").compactMap { Int($0) }
    let shape =
      switch description.layout.kind {
      case .images: extents
      case .sequences: Array(extents.dropFirst())
      case .vectors: Array(extents.suffix(1))
      }
    return "\(clipped(recipe.data.source)): \(count)\(description.layout.kind) "
      + shape.map(String.init).joined(separator: "×")
  }

  private static func network(_ name: String, in file: SafetensorsFile) throws -> String {
    // Singular vectors and norm statistics follow from the parameters.
    let parameters = file.names.filter { tensor in
      tensor.hasPrefix("\(name)/") && !["/u", "/v", "/statistics"].contains(where: tensor.hasSuffix)
    }
    let count = try parameters.reduce(0) { try $0 + file.shape(of: $1).count }
    return "\(grouped(count)) parameters in \(grouped(parameters.count)) tensors"
  }

  private static func lastStep(_ metadata: [String: String]) -> String? {
    let numbers = (metadata["report"] ?? "").split(separator: " ").compactMap {
      UInt32($0, radix: 16).map(Float.init(bitPattern:))
    }
    guard numbers.count == 4 else { return nil }
    let rounded = numbers.map { $0.isFinite ? "\(Double((1000 * Double($0)).rounded()) / 1000)" : "\($0)" }
    let percent = numbers.suffix(2).map { $0.isFinite ? "\(Int((100 * $0).rounded())) %" : "\($0)" }
    return "losses D \(rounded[0]), G \(rounded[1]); D right on real \(percent[0]), on fake \(percent[1])"
  }

  private static func health(_ state: HealthMonitor.State) -> String {
    var words: [String] = []
    if state.rollBacks > 0 { words.append("\(Int(state.rollBacks)) roll backs") }
    if state.learningRateFactor != 1 { words.append("learning rates × \(state.learningRateFactor)") }
    if state.skipsInRow > 0 { words.append("\(Int(state.skipsInRow)) updates left out") }
    if state.isSaturated > 0 { words.append("the discriminator is always right") }
    if state.discriminatorOutlier > 0 { words.append("unusual gradients of the discriminator") }
    if state.generatorOutlier > 0 { words.append("unusual gradients of the generator") }
    if state.isCollapsed > 0 { words.append("samples of a class are all alike") }
    return words.isEmpty ? "nothing found" : words.joined(separator: ", ")
  }
}
