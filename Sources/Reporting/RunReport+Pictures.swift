extension RunReport {
  /// What evaluations draw: the names of their files.
  public static let interpolations = "interpolations"
  public static let neighbours = "neighbours"
  public static let attentionPrefix = "attention-"

  static func picture(_ picture: (name: String, png: [UInt8]), scale: Int, rows: [String] = []) -> String {
    // The size of a PNG is in its header.
    let width = number(in: picture.png, at: 16)
    let size = width > 0 && width * scale <= 4000 ? " width=\"\(width * scale)\"" : ""
    let image = "<img\(size) alt=\"samples\" src=\"data:image/png;base64,\(HTML.base64(picture.png))\">"
    // Names beside rows that are too low for them would be in the way.
    let named = rows.isEmpty || number(in: picture.png, at: 20) * scale < 11 * rows.count ? "" : names(rows)
    return "<figure><div class=\"rows\">\(named)\(image)</div>"
      + "<figcaption>\(HTML.escaped(picture.name))</figcaption></figure>\n"
  }

  private static func names(_ rows: [String]) -> String {
    "<div class=\"names\">" + rows.map { "<span>\(HTML.escaped(String($0.prefix(24))))</span>" }.joined() + "</div>"
  }

  private static func number(in png: [UInt8], at offset: Int) -> Int {
    png.count > 24 ? png[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } : 0
  }

  /// Interpolations and nearest neighbours.
  static func details(_ run: Run) -> String {
    var body = ""
    if let found = run.details.first(where: { $0.name == interpolations }) {
      body += "<h2>Between two samples</h2>\n" + picture(found, scale: 3, rows: Array(run.classNames.prefix(8)))
      body +=
        "<p class=\"note\">Each row goes from one noise vector to another under one condition. A generator that has "
        + "learned its data changes gradually; one that has learned samples by heart jumps from one to the next.</p>\n"
    }
    if let found = run.details.first(where: { $0.name == neighbours }) {
      body += run.worded("<h2>Nearest training images</h2>\n")
      body += picture(found, scale: 3, rows: ["sample", "nearest", "second"])
      if let ranks = run.history.last("evaluation")?.texts["neighbourRanks"] {
        body += run.worded(
          "<p class=\"note\">Held-out images that are as near to a training image: \(HTML.escaped(ranks)).</p>\n")
      }
      body += run.worded(
        "<p class=\"note\">Of 64 samples those nearest to a training image, by the classifier's features; nearest first. A "
          + "sample that less than 1 % of held-out images come as near as is a copy. Features see what tells classes apart: "
          + "compare the images themselves.</p>\n")
    }
    return body
  }

  /// Curves of what layers show, what stands out, and maps.
  static func attention(_ run: Run) -> String {
    guard let last = run.history.last("evaluation") else { return "" }
    let names = last.numbers.names.filter { $0.contains("/") }
    if names.isEmpty { return "" }
    let layers = Set(names.map(layer)).sorted()
    var body = "<h2>Attention</h2>\n"
    if let findings = last.texts["attention"] { body += "<p class=\"verdict\">\(HTML.escaped(findings))</p>\n" }
    for layer in layers {
      let series = names.filter { self.layer($0) == layer }.map {
        LineChart.Series(
          name: String($0.dropFirst(layer.count + 1)), points: run.history.series($0, of: "evaluation"))
      }
      body += LineChart(title: layer, series: series).svg ?? ""
    }
    body += run.details.filter { $0.name.hasPrefix(attentionPrefix) }.map {
      picture((String($0.name.dropFirst(attentionPrefix.count)), $0.png), scale: 1)
    }.joined()
    let places =
      run.kind.map { $0 == "images" } ?? true
      ? " Of images, each has a place marked and beside it where that looks." : ""
    return body
      + "<p class=\"note\">An entropy near 1 means that every place sees the mean of all; an own weight near 1 that it sees "
      + "itself only; a gate near 0 that the layer passes its input on. Maps: bright for the largest weight of each. Of "
      + "tokens, a row asks and a column is asked, the mean of 64 samples first.\(places)</p>\n"
  }

  private static func layer(_ name: String) -> String { name.split(separator: "/").dropLast().joined(separator: "/") }

  /// Entropy and gate of the layers that runs share, or have alone.
  static func attention(comparing runs: [Run]) -> String {
    let names = Set(runs.flatMap { $0.history.last("evaluation")?.numbers.names ?? [] })
      .filter { $0.hasSuffix("/entropy") || $0.hasSuffix("/gate") }.sorted()
    let charts = names.compactMap { name in
      LineChart(
        title: name,
        series: runs.map { LineChart.Series(name: $0.name, points: $0.history.series(name, of: "evaluation")) }
      ).svg
    }
    return charts.isEmpty ? "" : "<h2>Attention</h2>\n" + charts.joined()
  }

  /// The keys of recipes that differ.
  static func recipes(comparing runs: [Run]) -> String {
    let differences = RecipeDifferences(of: runs.map(\.recipe)).rows
    if differences.isEmpty { return "<p class=\"note\">The recipes are equal.</p>\n" }
    return "<h2>Where the recipes differ</h2>\n" + HTML.table(header: [""] + runs.map(\.name), rows: differences)
  }
}
