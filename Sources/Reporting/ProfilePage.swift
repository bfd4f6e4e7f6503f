/// A page that shows where the time and the memory of an iteration go; it needs nothing but itself.
public struct ProfilePage {
  public struct Table {
    public let title: String
    public let note: String
    public let header: [String]
    public let rows: [[String]]

    public init(title: String, note: String = "", header: [String], rows: [[String]]) {
      (self.title, self.note, self.header, self.rows) = (title, note, header, rows)
    }
  }

  /// A share of an iteration.
  public struct Bar {
    public let name: String
    public let milliseconds: Double

    public init(name: String, milliseconds: Double) { (self.name, self.milliseconds) = (name, milliseconds) }
  }

  public let title: String
  public let summary: [String]
  public let bars: [Bar]
  public let roofline: Roofline?
  public let memory: [MemoryMap]
  public let batches: BatchCurve?
  public let tables: [Table]

  public init(
    title: String, summary: [String], bars: [Bar] = [], roofline: Roofline? = nil, memory: [MemoryMap] = [],
    batches: BatchCurve? = nil, tables: [Table]
  ) {
    (self.title, self.summary, self.bars, self.roofline) = (title, summary, bars, roofline)
    (self.memory, self.batches, self.tables) = (memory, batches, tables)
  }

  public var html: String {
    var body = "<h1>\(HTML.escaped(title))</h1>\n<p class=\"verdict\">"
    body += summary.map(HTML.escaped).joined(separator: "<br>") + "</p>\n"
    if !bars.isEmpty { body += "<h2>Time of an iteration</h2>\n\(stackedBar)\n" }
    if let batches { body += "<h2>Size of the batch</h2>\n\(batches.svg)\n" }
    if let roofline {
      body += "<h2>Roofline</h2>\n\(roofline.svg)\n"
      body +=
        "<p class=\"note\">A dot is an operation, its area the time it takes. Operations per byte are those of the method in "
        + "use (Winograd's transforms not counted) over bytes as if nothing stayed in a cache. Lines are measured: products, "
        + "and sums of arrays of each size. What finds its numbers where the operation before has left them can lie above."
        + "</p>\n"
    }
    for table in tables { body += Self.html(of: table) }
    if !memory.isEmpty {
      body +=
        "<h2>Memory of the programs</h2>\n<p class=\"note\">From left to right the operations in their order; upwards "
      body +=
        "the arena that all programs share. A rectangle is a value from the operation that makes it to its last reader."
      body += "</p>\n" + memory.map { "<figure>\($0.svg)</figure>\n" }.joined()
    }
    return HTML.page(title: title, body: body)
  }

  private static func html(of table: Table) -> String {
    "<h2>\(HTML.escaped(table.title))</h2>\n" + HTML.table(header: table.header, rows: table.rows)
      + (table.note.isEmpty ? "" : "<p class=\"note\">\(HTML.escaped(table.note))</p>") + "\n"
  }

  /// One bar, its parts side by side, names below.
  private var stackedBar: String {
    let width = 1000.0
    let total = bars.reduce(0) { $0 + $1.milliseconds }
    guard total > 0 else { return "" }
    var (x, parts, names) = (0.0, "", "")
    for (index, bar) in bars.enumerated() {
      let size = bar.milliseconds / total * width
      let color = LineChart.colors[index % LineChart.colors.count]
      let words = "\(bar.name), \(HTML.number(bar.milliseconds)) ms, \(HTML.number(100 * bar.milliseconds / total)) %"
      parts +=
        "<rect x=\"\(SVG.short(x))\" y=\"0\" width=\"\(SVG.short(max(0.5, size)))\" height=\"34\" fill=\"\(color)\">"
        + "<title>\(HTML.escaped(words))</title></rect>"
      names +=
        "<span style=\"display:inline-block;margin-right:1.2em\"><span style=\"color:\(color)\">■</span> "
        + "\(HTML.escaped(words))</span>"
      x += size
    }
    return "<svg width=\"100%\" viewBox=\"0 0 1000 34\">\(parts)</svg><p class=\"note\">\(names)</p>"
  }
}

/// Images per second by the size of the batch.
public struct BatchCurve {
  public let points: [(batch: Int, imagesPerSecond: Double)]
  /// The line through the times, where they lie near one.
  public let line: [(batch: Int, imagesPerSecond: Double)]

  public init(
    points: [(batch: Int, imagesPerSecond: Double)], line: [(batch: Int, imagesPerSecond: Double)]
  ) {
    (self.points, self.line) = (points, line)
  }

  var svg: String {
    let series = [("measured", points), ("fixed + per image", line)].filter { !$0.1.isEmpty }.map { name, points in
      LineChart.Series(name: name, points: points.map { (x: Double($0.batch), y: $0.imagesPerSecond) })
    }
    return LineChart(title: "images per second by batch", series: series).svg.map { "<figure>\($0)</figure>" } ?? ""
  }
}

/// Numbers in drawings.
enum SVG {
  /// With a tenth.
  static func short(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
  }
}
