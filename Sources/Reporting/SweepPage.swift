/// A page that shows the trials of a sweep; it needs nothing but itself.
public struct SweepPage {
  public let title: String
  public let header: [String]
  public let rows: [[String]]
  public let note: String
  /// A value over iterations for some of them.
  public let curves: [(name: String, points: [(x: Double, y: Double)])]
  /// The search space, as it was written.
  public let space: String

  public init(
    title: String, header: [String], rows: [[String]], note: String,
    curves: [(name: String, points: [(x: Double, y: Double)])], space: String
  ) {
    (self.title, self.header, self.rows, self.note) = (title, header, rows, note)
    (self.curves, self.space) = (curves, space)
  }

  public var html: String {
    let chart = LineChart(
      title: "by trial, over iterations", series: curves.map { .init(name: $0.name, points: $0.points) }
    ).svg
    return HTML.page(
      title: title,
      body: """
        <h1>\(HTML.escaped(title))</h1>
        \(HTML.table(header: header, rows: rows))
        <p class="note">\(HTML.escaped(note))</p>
        \(chart.map { "<figure>\($0)</figure>" } ?? "")
        <h2>Search space</h2><pre>\(HTML.escaped(space))</pre>
        """)
  }
}
