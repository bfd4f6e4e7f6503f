import Files

/// A page that shows a run, or several side by side; it needs nothing but itself.
public struct RunReport {
  /// A run as the page shows it.
  public struct Run {
    public var name: String
    public let history: RunHistory
    /// Text, as it was written.
    public let recipe: String
    /// Iteration and bytes of pictures of samples, oldest first.
    public let pictures: [(name: String, png: [UInt8])]
    /// What the newest evaluation drew beside its samples, by file name.
    public var details: [(name: String, png: [UInt8])] = []
    /// Of the rows of the pictures of samples; empty where they have none.
    public var classNames: [String] = []
    /// Of the machine, and the like: a line each.
    public var notes: [String]
    /// What kind samples are of, as `starts.jsonl` has it; nil where it does not tell.
    public private(set) var kind: String?
    /// Names of the columns of vectors and sequences, as many as `starts.jsonl` has.
    public private(set) var columns: [String] = []
    /// Puts sentences about images into words for samples of that kind.
    public var worded: @Sendable (String) -> String = { $0 }

    public init(
      name: String, history: RunHistory, recipe: String, pictures: [(name: String, png: [UInt8])], notes: [String] = []
    ) {
      (self.name, self.history, self.recipe, self.pictures) = (name, history, recipe, pictures)
      self.notes = notes
    }

    /// Reads a run directory.
    ///
    /// - Parameters:
    ///   - pictures: the directory of what evaluations draw beside samples.
    ///   - starts: the file that tells on which machine the run was started.
    public init(
      directory: String, recipe: FilePlace, history: RunHistory, samples: FilePlace, pictures: FilePlace,
      starts: FilePlace
    ) {
      var text = ""
      if let file = try? InputFile(recipe), file.byteCount <= Self.largestRecipe, let bytes = try? file.bytes() {
        text = String(decoding: bytes, as: UTF8.self)
      }
      let names = ((try? Directories.names(in: samples)) ?? []).filter { $0.hasSuffix(".png") }.sorted()
      let shown = Self.pictures(Self.spread(names, 8), in: samples)
      self.init(
        name: directory.split(separator: "/").last.map(String.init) ?? directory, history: history, recipe: text,
        pictures: shown)
      let drawn = ((try? Directories.names(in: pictures)) ?? []).filter { $0.hasSuffix(".png") }.sorted()
      details = Self.pictures(Array(drawn.prefix(Self.mostDetails)), in: pictures)
      let begun = (try? RunHistory(starts))?.lines(ofKind: "start") ?? []
      notes = begun.suffix(5).compactMap { line in
        line.texts["machine"].map { "From iteration \(line.iteration) on: \($0)." }
      }
      kind = begun.last?.texts["samples"]
      columns = begun.last?.lists["columns"] ?? []
      // Earlier versions wrote them as one text, a line each.
      classNames =
        begun.last?.lists["classNames"]
        ?? begun.last?.texts["classNames"]?.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        ?? []
    }

    private static let largestRecipe = 1 << 20
    /// A page is no place for hundreds.
    private static let mostDetails = 16

    private static func pictures(_ names: [String], in directory: FilePlace) -> [(name: String, png: [UInt8])] {
      names.compactMap { name in
        (try? InputFile(directory.appending(name)).bytes()).map { (String(name.dropLast(4)), $0) }
      }
    }

    /// Up to `count` of them, first and last included.
    static func spread<Element>(_ all: [Element], _ count: Int) -> [Element] {
      if all.count <= count { return all }
      return (0..<count).map { all[$0 * (all.count - 1) / (count - 1)] }
    }
  }

  /// What evaluations say, in the order of the page: key, name, and what to read from it.
  public static let measures: [(key: String, name: String, meaning: String)] = [
    ("classAccuracy", "recognised as their class", "by a classifier of the training images; higher is better"),
    ("worstClassAccuracy", "of the worst class", "higher is better"),
    (
      "quantitiesExplained", "show the quantities asked for",
      "share of their variance that the feature network finds in samples; 1 is perfect, 0 none"
    ),
    ("worstQuantityExplained", "of the worst quantity", "higher is better"),
    (
      "worstColumnDistance", "worst column", "Kolmogorov–Smirnov distance; 0 is the same distribution, 1 none in common"
    ),
    ("meanColumnDistance", "mean of columns", "lower is better"),
    ("slicedWasserstein", "sliced Wasserstein distance", "in deviations of the columns; lower is better"),
    ("correlationDistance", "difference of correlations", "mean over pairs of numbers; lower is better"),
    ("frechetDistance", "Fréchet distance", "of the classifier's features; lower is better, real images are the floor"),
    ("intraClassFrechetDistance", "Fréchet distance within classes", "lower is better"),
    ("kernelDistance", "kernel distance", "around 0, above or below, for images like the training images"),
    ("kernelDistanceError", "its standard error", ""),
    ("precision", "precision", "share of samples among real images"),
    ("recall", "recall", "share of real images among samples"),
    ("density", "density", "1 for real images; above: samples crowd together"),
    ("coverage", "coverage", "share of real images with a sample near by; falls when a run narrows"),
    ("classSpread", "spread within a class", "over that of real images; near 0: all alike"),
    ("roughness", "roughness", "over that of real images; above 1 speckle, below 1 blur"),
    ("nearestTrainingRatio", "distance to training images", "over that of held-out images; well below 1: repeats them"),
    ("copiedShare", "copies", "share nearer to a training image than 99 % of held-out images are"),
    ("trainAccuracy", "discriminator right on training images", ""),
    ("testAccuracy", "discriminator right on held-out images", "far below training images: it knows those by heart"),
    ("fakeAccuracy", "discriminator right on samples", ""),
  ]

  private static let charts: [(title: String, kind: String, keys: [(key: String, name: String)])] = [
    ("losses", "training", [("discriminatorLoss", "discriminator"), ("generatorLoss", "generator")]),
    (
      "learning rates", "training",
      [("discriminatorLearningRate", "discriminator"), ("generatorLearningRate", "generator")]
    ),
    ("discriminator right", "training", [("realAccuracy", "real"), ("fakeAccuracy", "fakes")]),
    ("recognised as their class", "evaluation", [("classAccuracy", "all"), ("worstClassAccuracy", "worst class")]),
    (
      "show the quantities asked for", "evaluation",
      [("quantitiesExplained", "all"), ("worstQuantityExplained", "worst quantity")]
    ),
    ("columns", "evaluation", [("worstColumnDistance", "worst"), ("meanColumnDistance", "mean")]),
    ("Fréchet distance", "evaluation", [("frechetDistance", "")]),
    ("kernel distance", "evaluation", [("kernelDistance", "")]),
    ("precision and recall", "evaluation", [("precision", "precision"), ("recall", "recall")]),
    ("coverage", "evaluation", [("coverage", "")]),
    ("roughness", "evaluation", [("roughness", "")]),
    ("discriminator, held out", "evaluation", [("trainAccuracy", "training images"), ("testAccuracy", "held out")]),
  ]

  private static let withLevel: Set<String> = ["frechetDistance", "kernelDistance", "coverage", "roughness"]

  /// The page of one run.
  public static func page(_ run: Run) -> String {
    var body = "<h1>\(HTML.escaped(run.name))</h1>\n"
    let history = run.history
    if let evaluation = history.last("evaluation") {
      body += "<p class=\"verdict\">Iteration \(evaluation.iteration). "
      body += HTML.escaped(evaluation.texts["verdict"] ?? "No verdict: nothing judged the samples.") + "</p>\n"
      let floor = history.last("reference")?.numbers ?? [:]
      body += HTML.table(
        header: ["", "samples", run.worded("real images"), ""],
        rows: measures.compactMap { measure in
          evaluation.numbers[measure.key].map {
            [
              name(of: measure, evaluation.texts, run.worded), HTML.number($0),
              floor[measure.key].map(HTML.number) ?? "", run.worded(measure.meaning),
            ]
          }
        })
      if let words = kernelNote(evaluation.numbers["kernelDistance"], floor["kernelDistance"]) { body += note(words) }
      if let text = history.last("reference")?.texts["protocol"] {
        body += note("Measured with \(run.worded(text)). Values of another protocol cannot be compared.")
      }
    } else {
      body += "<p class=\"verdict\">There has been no evaluation yet.</p>\n"
    }
    if let last = run.pictures.last {
      body += "<h2>Samples</h2>\n" + picture(last, scale: 3, rows: run.classNames)
      if !run.columns.isEmpty { body += note(legend(run.columns, isSeries: run.kind == "sequences")) }
    }
    body += details(run)
    body += "<h2>Curves</h2>\n" + learningRates(history)
    for chart in charts {
      let level = chart.keys.first.flatMap {
        withLevel.contains($0.key) ? history.last("reference")?.numbers[$0.key] : nil
      }
      let series = chart.keys.map {
        LineChart.Series(name: run.worded($0.name), points: history.series($0.key, of: chart.kind))
      }
      body += LineChart(title: chart.title, series: series, level: level).svg ?? ""
    }
    body += attention(run)
    if run.pictures.count > 1 {
      body += "<h2>How samples came about</h2>\n" + run.pictures.map { picture($0, scale: 1) }.joined()
    }
    let incidents = history.lines(ofKind: "health")
    if !incidents.isEmpty {
      body += "<h2>Health</h2>\n"
      let count = history.count(ofKind: "health")
      if count > 50 { body += "<p class=\"note\">The last 50 of \(count).</p>\n" }
      body += HTML.table(
        header: ["iteration", "detector", "action", "reason"],
        rows: incidents.suffix(50).map {
          ["\($0.iteration)", $0.texts["detector"] ?? "", $0.texts["action"] ?? "", $0.texts["reason"] ?? ""]
        })
    }
    if !run.recipe.isEmpty { body += "<h2>Recipe</h2>\n<pre>\(HTML.escaped(run.recipe))</pre>\n" }
    let notes =
      run.notes + (history.omissions.map { [$0] } ?? [])
      + (history.skipped > 0 ? ["\(history.skipped) lines of metrics could not be read."] : [])
    body += notes.map(note).joined()
    return HTML.page(title: run.name, body: body)
  }

  private static func note(_ text: String) -> String { "<p class=\"note\">\(HTML.escaped(text))</p>\n" }

  /// A page is no place for hundreds of names.
  private static let mostNamed = 16

  private static func legend(_ columns: [String], isSeries: Bool) -> String {
    let names = columns.prefix(mostNamed).map { clipped($0, atMost: 40) }.joined(separator: ", ")
    let rest = columns.count > mostNamed ? " and \(columns.count - mostNamed) more" : ""
    return isSeries
      ? "Each panel is a series over its steps, a line a column: \(names)\(rest)."
      : "Each panel is a row; its line goes through the columns, left to right: \(names)\(rest)."
  }

  /// What a measure is called, with the column or the quantity that is the worst.
  ///
  /// - Parameters:
  ///   - texts: of the evaluation.
  ///   - worded: puts words about images into those for samples of a kind.
  public static func name(
    of measure: (key: String, name: String, meaning: String), _ texts: [String: String],
    _ worded: (String) -> String = { $0 }
  ) -> String {
    let worst = ["worstColumnDistance": "worstColumn", "worstQuantityExplained": "worstQuantity"][measure.key]
    return worded(measure.name) + (worst.flatMap { texts[$0] }.map { " (\($0))" } ?? "")
  }

  /// Why kernel distances can be below 0; nil where none is.
  public static func kernelNote(_ values: Double?...) -> String? {
    guard values.contains(where: { $0.map { $0 < 0 } ?? false }) else { return nil }
    return
      "A kernel distance below 0 is no mistake: it is an estimate without bias, so where there is no difference it "
      + "scatters around 0, by about its standard error; read it as 0."
  }

  /// Those of the newest line, and those of the first.
  private static func learningRates(_ history: RunHistory) -> String {
    let lines = history.lines(ofKind: "training").filter { $0.numbers["generatorLearningRate"] != nil }
    guard let first = lines.first, let last = lines.last else { return "" }
    let rates = { (line: RunHistory.Line) in
      ["generator", "discriminator"].map { network in
        "\(network) " + (line.numbers["\(network)LearningRate"].map(HTML.number) ?? "–")
      }.joined(separator: ", ")
    }
    return note(
      "Learning rates: in iteration \(first.iteration) \(rates(first)); in iteration \(last.iteration) \(rates(last)).")
  }

  /// Several runs on one page.
  ///
  /// - Parameter refusal: why measures are not compared: the runs measured in different ways.
  public static func page(comparing runs: [Run], refusal: String?) -> String {
    var body = "<h1>\(runs.map { HTML.escaped($0.name) }.joined(separator: " · "))</h1>\n"
    if let refusal { body += "<p class=\"verdict\">\(HTML.escaped(refusal))</p>\n" }
    body += HTML.table(header: [""] + runs.map(\.name), rows: rows(comparing: runs, withMeasures: refusal == nil))
    body += "<h2>Curves</h2>\n"
    for chart in charts where refusal == nil || chart.kind == "training" {
      for key in chart.keys {
        let title = key.name.isEmpty ? chart.title : "\(chart.title): \(key.name)"
        let series = runs.map { LineChart.Series(name: $0.name, points: $0.history.series(key.key, of: chart.kind)) }
        body += LineChart(title: title, series: series).svg ?? ""
      }
    }
    body += attention(comparing: runs)
    body += recipes(comparing: runs)
    body += "<h2>Samples</h2>\n"
    for run in runs {
      if let last = run.pictures.last { body += picture((run.name + ", " + last.name, last.png), scale: 2) }
    }
    return HTML.page(title: runs.map(\.name).joined(separator: ", "), body: body)
  }

  /// A row per value, a column per run.
  public static func rows(comparing runs: [Run], withMeasures: Bool) -> [[String]] {
    let evaluations = runs.map { $0.history.last("evaluation") }
    let worded = runs.allSatisfy { $0.kind == runs.first?.kind } ? runs.first?.worded : nil
    var rows = [["iteration"] + evaluations.map { $0.map { "\($0.iteration)" } ?? "–" }]
    for measure in measures where withMeasures || measure.key.hasSuffix("Accuracy") && !measure.key.contains("lass") {
      let values = evaluations.map { $0?.numbers[measure.key].map(HTML.number) ?? "–" }
      if values.contains(where: { $0 != "–" }) { rows.append([worded?(measure.name) ?? measure.name] + values) }
    }
    return rows
  }

  /// Writes a page; it is there whole or not at all.
  public static func write(_ page: String, to path: String) throws(FileError) { try write(page, to: FilePlace(path)) }

  public static func write(_ page: String, to place: FilePlace) throws(FileError) {
    let bytes = Array(page.utf8)
    try AtomicFile.write(to: place, isDurable: false) { writer throws(FileError) in try writer.write(bytes) }
  }
}
