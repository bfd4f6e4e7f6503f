import Testing

@testable import Reporting

@Suite struct RunReportTests {
  private let metrics = """
    {"iteration":0,"kind":"reference","protocol":"features: a <b>; samples: 100","frechetDistance":0.25}
    {"iteration":1,"kind":"training","discriminatorLoss":1.5,"generatorLoss":-0.5}
    {"iteration":2,"kind":"training","discriminatorLoss":1.25,"generatorLoss":0.5}
    {"iteration":2,"kind":"evaluation","classAccuracy":0.75,"frechetDistance":2.5,"verdict":"All <well> & good.","generator/attention8/entropy":0.5}
    {"iteration":2,"kind":"health","detector":"spike","action":"warn","reason":"a \\"norm\\""}
    no JSON at all
    {"iteration":3,"kind":"trai
    """

  private func run(_ name: String = "<script>alert(1)</script>", _ metrics: String? = nil) -> RunReport.Run {
    RunReport.Run(
      name: name, history: RunHistory(bytes: Array((metrics ?? self.metrics).utf8)), recipe: "name: \"<x>\"",
      pictures: [("iteration-1", [1, 2, 3]), ("iteration-2", [4, 5])])
  }

  @Test("lines are read one by one, and a torn one is counted, not trusted")
  func history() {
    let history = run().history
    #expect(history.lines.count == 5 && history.skipped == 2)
    #expect(history.series("discriminatorLoss", of: "training").map(\.y) == [1.5, 1.25])
    #expect(history.series("discriminatorLoss", of: "training").map(\.x) == [1, 2])
    #expect(history.last("evaluation")?.texts["verdict"] == "All <well> & good.")
    #expect(history.last("nothing") == nil)
  }

  @Test("what metrics are written with is read back: NaN, control characters, truth values")
  func written() throws {
    let line = LineBuffer(capacity: 256)
    line.beginObject()
    line.field("iteration", 3)
    line.field("kind", text: "evaluation")
    line.field("frechetDistance", Double.nan)
    line.field("classAccuracy", 0.5)
    line.field("isLast", true)
    line.field("reason", text: "a\nb \"c\" \\ ü")
    line.endObject()
    let history = RunHistory(bytes: Array(line.contents))
    #expect(history.skipped == 0)
    let read = try #require(history.last("evaluation"))
    #expect(read.texts["reason"] == "a\nb \"c\" \\ ü")
    #expect(read.numbers == ["iteration": 3, "classAccuracy": 0.5])
  }

  @Test("a page shows values beside those of real images, and no name becomes markup")
  func page() {
    let page = RunReport.page(run())
    #expect(!page.contains("<script"))
    #expect(page.contains("<title>&lt;script&gt;alert(1)&lt;/script&gt;</title>"))
    #expect(page.contains("All &lt;well&gt; &amp; good."))
    #expect(page.contains("features: a &lt;b&gt;; samples: 100"))
    #expect(page.contains("name: &quot;&lt;x&gt;&quot;"))
    #expect(
      page.contains(
        "<td>Fréchet distance</td><td class=\"number\">2.5</td><td class=\"number\">0.25</td>"))
    #expect(page.contains("a &quot;norm&quot;"))
    #expect(page.contains("2 lines of metrics could not be read."))
    #expect(page.contains("data:image/png;base64,AQID\"") && page.contains("base64,BAU=\""))
    // The whole page: nothing is fetched from anywhere.
    #expect(!page.contains("http"))
  }

  @Test("what evaluations draw is on the page with the names of its rows, and no name becomes markup")
  func details() {
    var run = run("a")
    // As high as three rows of 16 pixels.
    var png = [UInt8](repeating: 0, count: 30)
    (png[19], png[23]) = (40, 50)
    run.details = [("attention-generator-a", [1]), ("interpolations", png), ("neighbours", png), ("other", [7])]
    run.classNames = ["<b>", "two", "three"]
    run.notes = ["From iteration 0 on: <CPU>."]
    let page = RunReport.page(run)
    #expect(page.contains("<span>&lt;b&gt;</span><span>two</span><span>three</span></div><img width=\"120\""))
    #expect(page.contains("<span>nearest</span>") && page.contains("<figcaption>generator-a</figcaption>"))
    #expect(page.contains("From iteration 0 on: &lt;CPU&gt;.") && !page.contains("base64,Bw=="))
    // Rows too low for names, or an image that is none.
    (png[19], png[23]) = (40, 10)
    #expect(!RunReport.picture(("x", png), scale: 3, rows: run.classNames).contains("<span>"))
    #expect(!RunReport.picture(("x", [1, 2]), scale: 3, rows: run.classNames).contains("<span>"))
  }

  @Test("a comparison shows entropy and gate of all runs, and where recipes differ")
  func compared() {
    var other = RunReport.Run(
      name: "b", history: run().history, recipe: "name: \"<y>\"", pictures: [])
    other.name = "b"
    let page = RunReport.page(comparing: [run("a"), other], refusal: nil)
    #expect(page.contains(">generator/attention8/entropy</text>"))
    #expect(page.contains("<td>name</td><td>&quot;&lt;x&gt;&quot;</td><td>&quot;&lt;y&gt;&quot;</td>"))
    #expect(RunReport.page(comparing: [run("a"), run("c")], refusal: nil).contains("The recipes are equal."))
  }

  @Test("a kernel distance below 0 is explained, one above is not")
  func kernel() {
    let metrics = { (value: String) in
      "{\"iteration\":1,\"kind\":\"evaluation\",\"kernelDistance\":\(value),\"kernelDistanceError\":0.25}"
    }
    #expect(RunReport.page(run("a", metrics("-0.5"))).contains("it is an estimate without bias, so where"))
    let floor = "{\"iteration\":0,\"kind\":\"reference\",\"kernelDistance\":-0.01}\n"
    #expect(RunReport.page(run("a", floor + metrics("0.5"))).contains("scatters around 0, by about its standard error"))
    #expect(!RunReport.page(run("a", metrics("0.5"))).contains("without bias"))
    #expect(RunReport.kernelNote(0, nil) == nil && RunReport.kernelNote(.nan, 1) == nil)
  }

  @Test("the worst column and quantity have their names, words those of the kind of samples, and rates are told")
  func names() {
    let metrics = """
      {"iteration":1,"kind":"training","generatorLearningRate":0.5,"discriminatorLearningRate":0.25}
      {"iteration":9,"kind":"training","generatorLearningRate":0.05,"discriminatorLearningRate":0.025}
      {"iteration":9,"kind":"evaluation","worstColumnDistance":0.5,"worstColumn":"<images>","worstQuantityExplained":0.1,"worstQuantity":"load","precision":1}
      """
    var run = run("a", metrics)
    run.worded = { $0.replacing("images", with: "rows") }
    let page = RunReport.page(run)
    #expect(page.contains("<td>worst column (&lt;images&gt;)</td>") && page.contains("of the worst quantity (load)"))
    #expect(page.contains("share of samples among real rows") && page.contains("<th>real rows</th>"))
    #expect(
      page.contains(
        "Learning rates: in iteration 1 generator 0.5, discriminator 0.25; "
          + "in iteration 9 generator 0.05, discriminator 0.025."))
    #expect(page.contains(">learning rates</text>"))
    // A run of an earlier version has none.
    #expect(!RunReport.page(self.run()).contains("earning rates"))
  }

  @Test("a run without evaluations, or without anything, has a page, too", arguments: ["", "{\"iteration\":1}\n"])
  func empty(metrics: String) {
    #expect(RunReport.page(run("a", metrics)).contains("There has been no evaluation yet."))
  }

  @Test("runs are compared row by row, measures only where they may be")
  func comparison() {
    let runs = [run("a"), run("b", "{\"iteration\":7,\"kind\":\"evaluation\",\"frechetDistance\":1}")]
    #expect(
      RunReport.rows(comparing: runs, withMeasures: true) == [
        ["iteration", "2", "7"], ["recognised as their class", "0.75", "–"], ["Fréchet distance", "2.5", "1"],
      ])
    #expect(RunReport.rows(comparing: runs, withMeasures: false) == [["iteration", "2", "7"]])
    let page = RunReport.page(comparing: runs, refusal: "samples < others")
    #expect(page.contains("samples &lt; others") && !page.contains("Fréchet"))
  }

  @Test(
    "base64 is RFC 4648's", arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")])
  func base64(text: String, encoded: String) { #expect(HTML.base64(Array(text.utf8)) == encoded) }

  @Test("a curve keeps its ends and shows finite points only")
  func chart() throws {
    let points = [(x: 0.0, y: 1.0), (x: 1, y: .nan), (x: 2, y: 3)]
    let svg = try #require(LineChart(title: "a<", series: [.init(name: "b", points: points)]).svg)
    #expect(svg.contains("points=\"62.0,202.0 510.0,38.0\"") && svg.contains("a&lt;"))
    #expect(LineChart(title: "", series: [.init(name: "", points: [(x: 0, y: .infinity)])]).svg == nil)
    // Whose difference is not finite.
    let huge = [(x: 0.0, y: 1.7e308), (x: 1, y: -1.7e308), (x: 2, y: 1)]
    #expect(LineChart(title: "", series: [.init(name: "", points: huge)], level: -1.7e308).svg != nil)
  }
}
