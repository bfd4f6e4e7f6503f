import Testing

@testable import Training

@Suite struct RecipeTests {
  /// What the message of a recipe that cannot be used says.
  private func refusal(_ yaml: String, settings: [String] = []) -> Failure? {
    do {
      _ = try Recipe(yaml: yaml, origin: "mine.yaml", settings: settings)
      return nil
    } catch let failure as Failure {
      return failure
    } catch {
      return Failure("\(error)", code: .software)
    }
  }

  /// A right value for a key, other than the one it has.
  private func otherValue(_ entry: RecipeFields.Entry) -> String {
    if entry.form.hasPrefix("a text") { return #""it's: \"x\" #1 \\ é\x01""# }
    if entry.form.hasPrefix("true or false") { return entry.text == "true" ? "false" : "true" }
    if entry.form.hasSuffix("the lower first") { return "[16.0, 48.0]" }
    if entry.form.hasPrefix("a list") { return "[48, 16]" }
    if entry.form.hasPrefix("one of") {
      let all = entry.form.dropFirst("one of ".count).split(separator: ", ").map(String.init)
      return all.last { $0 != entry.text } ?? entry.text
    }
    if entry.form.hasSuffix("1 or 3") { return "3" }
    return entry.form.hasPrefix("a whole number") ? "17" : "0.1875"
  }

  @Test(
    "columns keep their names through a recipe, whatever they are called",
    arguments: [
      "none", "null", "~", "", "true", "1", "1.5e3", "a, b", "[x]", "- a", "k: v", "it's", "a\"b", " x ", "Möln", "#1",
    ])
  func columnNames(name: String) throws {
    var recipe = Recipe()
    recipe.data.label = name
    recipe.data.columns = [name, "other", name]
    let read = try Recipe(yaml: recipe.yaml, origin: "mine.yaml")
    #expect(read.data.label == name && read.data.columns == [name, "other", name])
    #expect(try Recipe(yaml: "data: {label: none}", origin: "", settings: []).data.label == nil)
    #expect(try Recipe(yaml: "", origin: "", settings: [#"data.label="none""#]).data.label == "none")
  }

  @Test("every key changes by --set, alone, and reads back from the YAML of the recipe")
  func roundTrip() throws {
    let defaults = Recipe().entries
    #expect(defaults.count > 50)
    // Another kind of model has other keys, and there is one version only.
    for (index, entry) in defaults.enumerated() where !["model.kind", "version"].contains(entry.path) {
      var recipe = Recipe()
      try recipe.apply(setting: "\(entry.path)=\(otherValue(entry))")
      let changed = recipe.entries.indices.filter { recipe.entries[$0].text != defaults[$0].text }
      let isOnlyChoice = entry.form.hasPrefix("one of") && !entry.form.contains(",")
      #expect(changed == (isOnlyChoice ? [] : [index]), "\(entry.path)")
      let again = try Recipe(yaml: recipe.yaml, origin: "written")
      #expect(again.entries.map(\.text) == recipe.entries.map(\.text), "\(entry.path)")
      #expect(again.yaml == recipe.yaml)
    }
  }

  @Test("embedded recipes are right, written in full they read back, and bear their names")
  func embedded() throws {
    for embedded in Recipe.embedded {
      let recipe = try Recipe(yaml: embedded.yaml, origin: embedded.name)
      #expect(recipe.name == embedded.name)
      #expect(try Recipe(yaml: recipe.yaml, origin: "").yaml == recipe.yaml)
    }
    #expect(throws: Failure.self) { try Recipe.embedded(named: "digit-dense") }
    let dense = try Recipe(yaml: Recipe.embedded(named: "digits-dense").yaml, origin: "")
    #expect(dense.yaml.contains("imageLayerScale: 0.2\n"))
    // The reference is the defaults.
    #expect(try Recipe(yaml: Recipe.embedded(named: "dense-reference").yaml, origin: "").yaml == Recipe().yaml)
  }

  @Test(
    "an unknown key is refused with its line and the nearest one",
    arguments: [
      (
        "training:\n  bachSize: 5",
        "mine.yaml line 2: there is no key training.bachSize; did you mean training.batchSize?"
      ),
      ("batchSize: 5", "mine.yaml line 1: there is no key batchSize; did you mean training.batchSize?"),
      (
        "seed: 1\ntraning:\n  batchSize: 5",
        "line 3: there is no key traning.batchSize; did you mean training.batchSize?"
      ),
      ("Seeds: 1", "there is no key Seeds; did you mean seed?"),
      ("qwertyuiop: 1", "there is no key qwertyuiop; `lockstep recipes --keys` lists all"),
      ("training: 5", "training is a group of keys, such as training.batchSize"),
      ("training:\n  batchSize: {a: 1}", "there is no key training.batchSize.a"),
    ])
  func unknown(yaml: String, message: String) throws {
    let failure = try #require(refusal(yaml))
    #expect(failure.description.contains(message), "\(failure)")
    #expect(failure.code == .configuration)
  }

  @Test(
    "a wrong type or range is refused with the line, the key, the value and what it must be",
    arguments: [
      ("training:\n  batchSize: many", "mine.yaml line 2: training.batchSize: many is not a whole number"),
      ("training:\n\n  batchSize: 0", "mine.yaml line 3: training.batchSize: 0 must be from 1 to 1,048,576"),
      ("training: {beta1: 1}", "line 1: training.beta1: 1 must be from 0 to below 1"),
      ("training: {epsilon: .nan}", "training.epsilon: .nan is not a number"),
      ("training: {loss: hinged}", "training.loss: hinged is not one of binaryCrossEntropy"),
      ("training: {generatorLearningRate: 20}", "20 must be above 0, at most 10"),
      ("seed: 99999999999999999999", "is not a whole number"),
      ("seed: [1]", "seed: a list or a group is not a whole number"),
      ("seed:", "seed: (empty) is not a whole number"),
      ("model: {generator: {hiddenBefore: []}}", "must be at least one width from 1 to 65,536"),
      ("model: {generator: {hiddenBefore: 128}}", "128 is not a list such as [128, 64]"),
      ("model: {generator: {attention: {gate: yes}}}", "gate: yes is not true or false"),
    ])
  func wrong(yaml: String, message: String) throws {
    let failure = try #require(refusal(yaml))
    #expect(failure.description.contains(message), "\(failure)")
    #expect(failure.code == .configuration)
  }

  @Test("every number has a bound, and none beyond it is taken", arguments: Recipe.ModelKind.allCases)
  func bounds(kind: Recipe.ModelKind) throws {
    var recipe = Recipe()
    recipe.model.kind = kind
    for entry in recipe.entries where entry.path != "seed" {
      let isList = entry.form.hasPrefix("a list")
      guard isList || entry.form.hasPrefix("a whole number") || entry.form.hasPrefix("a number") else { continue }
      // Names of columns are no numbers.
      guard entry.path != "data.conditions", entry.path != "data.columns" else { continue }
      for number in ["\(Int.max)", "1e38", "-1", "\(Int.min)"] {
        let value = isList ? "[\(number), \(number)]" : number
        #expect(throws: Failure.self, "\(entry.path)=\(value)") {
          var copy = recipe
          try copy.apply(setting: "\(entry.path)=\(value)")
        }
      }
    }
    #expect(refusal("evaluation: {samples: 1000000000000}")?.description.contains("from 1 to 10,000,000") == true)
    #expect(try Recipe(yaml: "evaluation: {samples: 10000000}", origin: "").evaluation.samples == 10_000_000)
  }

  @Test("a name is one part of a path where runs are named by it; a checkpoint's may be another")
  func names() throws {
    for (name, isRight) in [
      ("a", true), ("7", true), ("_x", true), ("Größe-1.b_数", true), ("e\u{301}", true), ("", false), (".", false),
      ("..", false), ("-n", false), (".x", false), ("a/b", false), ("a b", false), ("a\n", false), ("a\u{202E}", false),
      ("a:b", false), (String(repeating: "é", count: 50), true), (String(repeating: "é", count: 51), false),
    ] {
      var recipe = Recipe()
      recipe.name = name
      #expect(Recipe.isName(name) == isRight, "\(name.debugDescription)")
      #expect(try Recipe(yaml: recipe.yaml, origin: "the checkpoint's recipe").name == name)
      if !isRight { #expect(throws: Failure.self) { try recipe.checkName(origin: "mine.yaml") } }
    }
  }

  @Test("--set splits at the first =, takes YAML values, and wins over the file")
  func settings() throws {
    let recipe = try Recipe(
      yaml: "seed: 3", origin: "",
      settings: [
        "seed=4", "seed=5", "name=a=b", "model.generator.hiddenAfter=[32, 16]", "training.averageDecay=0.5",
        "model.generator.tokens=", "data.source=idx:/some/where",
      ])
    #expect(recipe.seed == 5)
    #expect(recipe.name == "a=b")
    #expect(recipe.model.generator.hiddenAfter == [32, 16])
    #expect(recipe.training.averageDecay == 0.5)
    #expect(recipe.model.generator.tokens == nil)
    #expect(recipe.data.source == "idx:/some/where")
  }

  @Test(
    "a wrong --set is refused",
    arguments: [
      ("seed", "--set seed: write path=value", Failure.Code.usage), ("=5", "write path=value", .usage),
      ("sed=5", "--set: there is no key sed; did you mean seed?", .configuration),
      ("seed=", "--set: seed: (empty) is not a whole number", .configuration),
      ("seed=[1", "--set seed: [1 is not YAML", .configuration),
      ("seed=x", "--set: seed: x is not a whole number", .configuration),
    ])
  func wrongSettings(setting: String, message: String, code: Failure.Code) throws {
    let failure = try #require(refusal("", settings: [setting]))
    #expect(failure.description.contains(message), "\(failure)")
    #expect(failure.code == code)
  }

  @Test(
    "odd YAML is either read as it is meant or refused in one line",
    arguments: [
      ("", nil), ("# nothing\n", nil), ("---\nseed: 1\n", nil), ("training:\n  # batchSize: 3\n", nil),
      ("training: {}", nil), ("training.batchSize: 3", nil), ("\u{FEFF}seed: 1", nil), ("seed: 1\r\nname: x\r\n", nil),
      ("seed: &s 1\ntraining: {batchSize: *s}", nil),
      ("- 1\n- 2", "a recipe is groups of `key: value` lines"), ("seed", "a recipe is groups"),
      ("null", "a recipe is groups"),
      ("seed: 1\nseed: 2", "seed is given twice"),
      ("training.batchSize: 3\ntraining: {batchSize: 4}", "is given twice"),
      ("training:\n\tbatchSize: 3", "line 2: not YAML: indent by spaces, not by tabs"),
      ("seed: *s", "line 1: not YAML: found undefined alias"),
      ("seed: [1, 2", "not YAML: did not find expected ',' or ']'"),
      ("a: b: c", "line 1: not YAML: mapping values are not allowed in this context"),
      ("seed: 1\n---\nseed: 2", "not YAML: but found another document"),
      ("seed: \u{1}", "not YAML: control characters"),
      ("? [a]\n: 1", "line 1: a key is not a plain word"),
    ] as [(String, String?)])
  func oddities(yaml: String, message: String?) {
    let failure = refusal(yaml)
    guard let message else {
      #expect(failure == nil)
      return
    }
    #expect(failure?.description.contains(message) == true, "\(String(describing: failure))")
    #expect(failure?.description.contains("\n") == false)
    #expect(failure?.code == .configuration)
  }

  @Test("small texts that stand for endless trees end soon")
  func bombs() {
    var aliases = "a0: &a0 {}\n"
    for level in 1...64 { aliases += "a\(level): &a\(level) {x: *a\(level - 1), y: *a\(level - 1)}\n" }
    #expect(refusal(aliases)?.description.contains("128 aliases, as *name, are more than 8") == true)
    // Few aliases, but of a long list; then as a key, whose every value the parser would compare.
    let hundred = "a: &a {" + (0..<2_000).map { "k\($0): 1" }.joined(separator: ", ") + "}\n"
    let six = (0..<6).map { "b\($0): *a\n" }.joined()
    #expect(refusal(hundred + six)?.description.contains("more than 10,000 values") == true)
    let key = "a0: &a0 [1]\na1: &a1 [*a0, *a0]\n? *a1\n: 1"
    #expect(refusal(key)?.description.contains("lists, groups or aliases as keys") == true)
    let depth = String(repeating: "{a: ", count: 200_000)
    #expect(refusal(depth)?.description.contains("not YAML") == true)
    // A value as long as the file is named by its beginning only.
    let long = refusal("seed: \(String(repeating: "x", count: 900_000))")?.description
    #expect(long.map { $0.count < 200 } == true)
    // One character of a hundred thousand accents, and a key that would end the line.
    let accents = refusal("seed: e" + String(repeating: "\u{301}", count: 100_000))?.description
    #expect(accents.map { $0.unicodeScalars.count < 200 } == true)
    #expect(refusal("\"a\\nb\\e[31m\": 1")?.description.contains(#"there is no key a\nb\u{1B}[31m"#) == true)
    // Thousands of keys would each have the name of their group in their path.
    let group = "? " + String(repeating: "k", count: 500_000) + "\n:\n" + (0..<9_000).map { "  a\($0): 1\n" }.joined()
    #expect(refusal(group)?.description.contains("there is no key kkk") == true)
    let nested = String(repeating: "{\"\": ", count: 9) + "1" + String(repeating: "}", count: 9)
    #expect(refusal(nested)?.description.contains("more than 8 groups in one another") == true)
  }
}
