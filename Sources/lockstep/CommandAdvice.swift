import ArgumentParser
import Checkpoints
import Datasets
import Files
import Training

/// What a command line that was not understood is likely to mean.
struct CommandAdvice {
  let words: CommandWords

  init(_ words: CommandWords) { self.words = words }

  /// What to say in place of the parser's `text`; nil where the parser has said it all.
  func instead(of text: String) -> String? {
    if words.commands.count == 1 { return ofCommand }
    if let (name, value) = words.unknownOption {
      return "unknown option '\(clipped(name))'" + (ofOption(name, value).map { ": \($0)" } ?? "")
    }
    if text.contains("nexpected argument"), let word = unexpectedWord(text) { return ofWord(word) }
    if text.hasPrefix("Missing expected argument '<RUN"), let runs = ofRuns {
      return "name a run directory, such as \(runs)"
    }
    return nil
  }

  // MARK: Commands

  private var subcommands: [String] {
    words.command.configuration.subcommands.compactMap { $0.configuration.commandName }
  }

  /// Where no command was named.
  private var ofCommand: String? {
    guard let word = words.arguments.first else { return nil }
    if word.first == "-" {
      let later = words.arguments.first(where: subcommands.contains)
      let users = LockstepCommand.configuration.subcommands.filter {
        CommandWords.options(of: $0).contains(String(word.prefix { $0 != "=" }))
      }
      guard let named = later ?? users.first?.configuration.commandName else {
        return "unknown option '\(clipped(word))': the command comes first, as in lockstep train"
      }
      let rest = words.arguments.filter { $0 != later }.map { clipped($0) }.joined(separator: " ")
      return "the command comes first: lockstep \(named) \(rest)"
    }
    let unknown = "there is no command \(clipped(word))"
    let rest = words.arguments.dropFirst().map { " \(clipped($0))" }.joined()
    if let found = nearest(to: word, among: subcommands) { return "\(unknown); did you mean lockstep \(found)\(rest)?" }
    if let found = CommandNames.command(meantBy: word.lowercased()) {
      return "\(unknown); did you mean lockstep \(found)?"
    }
    if let meant = path(word) { return "\(unknown); did you mean lockstep \(meant)\(rest)?" }
    if let recipe = nearest(to: word, among: Recipe.embedded.map(\.name)) {
      return "\(unknown); did you mean lockstep train --recipe \(recipe)\(rest)?"
    }
    return "\(unknown); there are \(subcommands.joined(separator: ", "))"
  }

  /// The command and the option that take what lies at a path.
  private func path(_ word: String) -> String? {
    guard Directories.exists(word) || word.hasPrefix("~") else { return nil }
    if word.hasSuffix(".yaml") || word.hasSuffix(".yml") { return "train --recipe \(word)" }
    if word.hasSuffix(".safetensors") || Directories.exists(RunDirectory(word).checkpoints.directory) {
      return "inspect \(word)"
    }
    guard let understood = try? DatasetSource.understood(word) else { return nil }
    return "train --data \(understood.text)"
  }

  // MARK: Options

  private func ofOption(_ name: String, _ value: String?) -> String? {
    let bare = name.drop { $0 == "-" }
    let known = words.options
    let like = { (option: String) in option.lowercased().filter { $0 != "-" && $0 != "_" } }
    let normalized = like(String(bare))
    if let same = known.first(where: { $0.count > 2 && like($0) == normalized }) { return "did you mean \(same)?" }
    if let epochs = ofEpochs(normalized, value) { return epochs }
    if let advice = OptionNames.advice(for: normalized, in: words.commandName, value: value),
      isPossible(advice, known)
    {
      return advice
    }
    if known.contains("--set"), let setting = ofSetting(String(bare), value, isExact: true) { return setting }
    if let near = nearest(to: "--\(bare)", among: known) { return "did you mean \(near)?" }
    if known.contains("--set"), let setting = ofSetting(String(bare), value, isExact: false) { return setting }
    let users = LockstepCommand.configuration.subcommands.filter { CommandWords.options(of: $0).contains(name) }
    guard let user = users.first?.configuration.commandName else { return nil }
    return "it is an option of lockstep \(user)"
  }

  /// Whether the option that an advice begins with is one of the command's.
  private func isPossible(_ advice: String, _ known: [String]) -> Bool {
    let start = "did you mean --"
    guard advice.hasPrefix(start) else { return true }
    return known.contains("--" + advice.dropFirst(start.count).prefix { $0.isLetter || $0 == "-" })
  }

  /// - Parameter isExact: nothing that only is spelled alike: an option may be meant.
  private func ofSetting(_ name: String, _ value: String?, isExact: Bool) -> String? {
    let recipe = recipe ?? Recipe()
    let set = { (key: String) in "--set \(key)=\(clipped(Self.written(value, for: key, in: recipe)))" }
    let word = { (text: String) in String(text.split(separator: ".").last ?? "").filter { $0 != "-" && $0 != "_" } }
    switch MeantKeys(of: name, among: recipe.entries.map(\.path)) {
    case .allOf(let keys): return "did you mean \(keys.prefix(4).map(set).joined(separator: " "))?"
    case .anyOf(let keys) where keys.contains { editDistance(word($0), word(name)) < (isExact ? 1 : 3) }:
      return "did you mean \(keys.prefix(4).map(set).joined(separator: " or "))?"
    case .anyOf, nil: return nil
    case .ofKind(let kind, let keys):
      return "did you mean \(keys.prefix(4).map(set).joined(separator: " "))? It belongs to model.kind=\(kind.rawValue)"
    case .advice(let text): return text
    }
  }

  /// A switch of other programs is a key that is true or false here.
  private static func written(_ value: String?, for key: String, in recipe: Recipe) -> String {
    let entry = recipe.entries.first { $0.path == key }
    guard entry?.form == Bool.kind else {
      // `64x48`, height first.
      let sides = value?.split { "x×,".contains($0) } ?? []
      let isSide = key == "data.height" || key == "data.width"
      return isSide && sides.count == 2 ? String(sides[key == "data.height" ? 0 : 1]) : value ?? "VALUE"
    }
    return ["0", "no", "off", "false"].contains(value?.lowercased()) ? "false" : "true"
  }

  /// How many iterations epochs are, where the number of samples is known.
  private func ofEpochs(_ name: String, _ value: String?) -> String? {
    let isKimg = name == "kimg" || name == "totalkimg"
    guard isKimg || ["epochs", "epoch", "nepochs", "numepochs", "maxepochs", "nepoch"].contains(name) else {
      return nil
    }
    guard words.options.contains("--iterations") else { return nil }
    let batch = recipe?.training.batchSize ?? 64
    if isKimg {
      let iterations = value.flatMap(Int.init).map { "\(max(1, ($0 &* 1000 + batch - 1) / batch))" } ?? "N"
      return "count iterations, each shows training.batchSize=\(batch) images: --iterations \(iterations)"
    }
    guard let recipe, let samples = recipe.knownTrainingCount else {
      return "count iterations: an epoch is the training samples, which `lockstep data check` counts, over "
        + "training.batchSize=\(batch): --iterations N"
    }
    let each = max(1, (samples + batch - 1) / batch)
    let given = value.flatMap(Int.init).flatMap { $0 > 0 && $0 <= 1_000_000 ? $0 : nil }
    return
      "count iterations: \(grouped(samples)) training samples in batches of \(batch) make \(grouped(each)) an epoch: "
      + "--iterations \(given.map { "\($0 * each)" } ?? "N")"
  }

  /// As far as it can be understood.
  private var recipe: Recipe? {
    let name = words.value(of: "--recipe") ?? Recipe.embedded[0].name
    let isFile = name.contains("/") || name.hasSuffix(".yaml") || name.hasSuffix(".yml")
    guard let text = isFile ? try? RecipeFile.text(of: name) : try? Recipe.embedded(named: name).yaml,
      var recipe = try? Recipe(yaml: text, origin: name)
    else { return nil }
    for setting in words.values(of: "--set") { try? recipe.apply(setting: setting) }
    if let data = words.value(of: "--data") { recipe.data.source = data }
    return recipe
  }

  // MARK: Words

  private func unexpectedWord(_ text: String) -> String? {
    text.split(separator: "'", omittingEmptySubsequences: false).dropFirst().first.map(String.init)
  }

  private func ofWord(_ word: String) -> String {
    let unexpected = "unexpected argument '\(clipped(word))'"
    if !subcommands.isEmpty {
      let found = nearest(to: word, among: subcommands).map { "; did you mean \(words.name) \($0)?" }
      return "\(unexpected)\(found ?? ": there are \(subcommands.joined(separator: ", "))")"
    }
    let dashes = word.prefix { "–—−‐‑".contains($0) }
    if !dashes.isEmpty {
      return "\(unexpected): its dash is no hyphen; write --\(word.drop { "–—−‐‑-".contains($0) })"
    }
    let known = words.options
    if known.contains("--set"), word.contains("="), !word.hasPrefix("-") {
      return "\(unexpected); did you mean --set \(word)?"
    }
    if known.contains("--resume"), Directories.exists(RunDirectory(word).checkpoints.directory) {
      return "\(unexpected); did you mean --resume \(word)?"
    }
    guard known.contains("--recipe") else { return unexpected }
    if let path = path(word) {
      let option = path.hasPrefix("inspect") ? "--resume \(word)" : String(path.dropFirst("train ".count))
      return "\(unexpected); did you mean \(option)?"
    }
    let recipe = nearest(to: word, among: Recipe.embedded.map(\.name))
    return unexpected + (recipe.map { "; did you mean --recipe \($0)?" } ?? "")
  }

  /// Runs in `runs/`.
  private var ofRuns: String? {
    let runs = RunDirectory.runs(in: "runs")
    return runs.isEmpty ? nil : runs.prefix(3).joined(separator: ", ")
  }
}
