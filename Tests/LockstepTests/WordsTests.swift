import Foundation
import Testing

extension LockstepTests {
  /// Samples that are no images are not called so.
  @Suite struct WordsTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private let images = /\b[Ii]mages?[ .,;:)\/]/

    @Test(
      "training, evaluation and report of rows and series say rows and series, and columns by name",
      arguments: [
        ("vectors", "rows", "test rows ", "switch"), ("sequences", "series", "test series ", "damping"),
      ])
    func kinds(recipe: String, noun: String, line: String, quantity: String) throws {
      let short = ["evaluation.samples=100", "evaluation.classifierIterations=200"].flatMap { ["--set", $0] }
      let run = try Run(["train", "--recipe", recipe, "--iterations", "30", "--output", "run"] + short, in: scratch)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.errors.contains(" \(noun)/s") && run.output.contains("of training \(noun), "))
      #expect(run.errors.contains("4,000 \(noun) ") && run.errors.contains("(in held-out \(noun): "))
      let judged = try Run("evaluate", "run", in: scratch)
      #expect(judged.output.contains(line) && judged.output.contains("real \(noun)\n"), "\(judged.output)")
      #expect(
        judged.output.contains("of the worst quantity (\(quantity))") || judged.output.contains("worst quantity ("))
      let page = String(decoding: try bytes(of: scratch / "run/report.html"), as: UTF8.self)
      let shown = page.components(separatedBy: "<h2>Recipe").first ?? ""
      #expect(shown.contains("Nearest training \(noun)") && shown.contains("share of real \(noun) among samples"))
      for text in [run.output, run.errors, judged.output, shown.replacing(/data:image[^"]*/, with: "")] {
        #expect(text.matches(of: images).isEmpty)
      }
      let names = try lines(of: scratch / "run/metrics.jsonl").last { $0.contains("\"kind\":\"evaluation\"") } ?? ""
      #expect(names.contains("\"worstColumn\":\"") && names.contains("\"worstQuantity\":\""))
      #expect(shown.contains("Each panel is a "))
    }

    @Test("images are still called images")
    func digits() throws {
      let run = try Run(
        "train", "--recipe", "digits-dense", "--iterations", "5", "--output", "run", in: scratch)
      #expect(run.errors.contains("(held-out images: ") && run.output.contains("of training images, "))
      #expect(
        String(decoding: try bytes(of: scratch / "run/report.html"), as: UTF8.self).contains("<th>real images</th>"))
    }
  }
}
