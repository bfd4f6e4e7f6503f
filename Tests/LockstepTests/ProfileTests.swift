import Foundation
import Testing

extension LockstepTests {
  @Suite struct ProfileTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func json(_ arguments: String..., ranks: Int? = nil) throws -> [String: Any] {
      let run = try Run(["profile", "--json"] + arguments, ranks: ranks, in: scratch)
      #expect(run.status == 0, "\(run.errors)")
      return try #require(JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    }

    private func sum(_ list: Any?, _ key: String) throws -> Double {
      try #require(list as? [[String: Any]]).reduce(0) { $0 + ($1[key] as? Double ?? 0) }
    }

    /// Of the time of an iteration, as the issue of every profile is.
    private static let leastAccounted = 0.97

    @Test("operations, parts and layers are the same time, and nearly all of an iteration")
    func accounts() throws {
      let profile = try json("--recipe", "digits", "--iterations", "20")
      let number = { (key: String) in profile[key] as? Double ?? .nan }
      #expect(number("accountedShare") >= Self.leastAccounted && number("accountedShare") <= 1)
      let operations = try sum(profile["operations"], "milliseconds")
      for key in ["parts", "layers"] {
        #expect(abs(try sum(profile[key], "milliseconds") - operations) <= 1e-4 * operations, "\(key)")
      }
      #expect(
        abs(operations + number("batchMilliseconds") - number("accountedShare") * number("measuredMilliseconds")) < 1e-3
      )
      #expect(
        number("measuredMilliseconds") > 0.5 * (number("discriminatorMilliseconds") + number("generatorMilliseconds")))
      #expect(number("roofGigaflopsPerSecond") > 1)
      let all = try #require(profile["operations"] as? [[String: Any]])
      #expect(Set(all.compactMap { $0["bound"] as? String }) == ["products", "bytes", "others"])
      // Winograd's method has less to do than the definition says, and never more.
      let performed = all.map { ($0["performedOperations"] as? Int ?? 0, $0["operations"] as? Int ?? 0) }
      #expect(performed.allSatisfy { $0.0 <= $0.1 } && performed.contains { 3 * $0.0 < $0.1 })
      let programs = try #require(profile["programs"] as? [[String: Any]])
      #expect(
        programs.map { $0["name"] as? String } == [
          "discriminator", "discriminator update", "generator", "generator update",
        ])
      for program in programs {
        let arena = try #require(program["arenaBytes"] as? Int)
        #expect(try #require(program["fullestBytes"] as? Int) <= arena)
        for place in try #require(program["places"] as? [[String: Any]]) {
          #expect((place["offset"] as? Int ?? 0) + (place["bytes"] as? Int ?? 0) <= arena)
          #expect((place["first"] as? Int ?? 1) <= (place["last"] as? Int ?? 0))
        }
      }
    }

    @Test("two ranks say how long they wait, and one of them writes the page", .underMPI)
    func ranks() throws {
      let run = try Run(
        ["profile", "--iterations", "5", "--recipe", "digits-dense", "--output", "page.html"], ranks: 2, in: scratch)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output.contains(" on 2 × 1 (ranks × threads), batch 64, 5 iterations"))
      #expect(run.output.contains("communication "))
      #expect(run.output.hasSuffix("page.html\n"))
      let page = String(decoding: try bytes(of: scratch / "page.html"), as: UTF8.self)
      for part in ["<h2>Roofline</h2>", "<h2>Memory of the programs</h2>", "<h2>Layers</h2>", "</html>"] {
        #expect(page.contains(part), "\(part)")
      }
    }

    @Test("sizes of the batch: each once, rising, one of them recommended; too large ones left out")
    func batches() throws {
      let sweep = try json("--recipe", "digits-dense", "--batch-sizes", "32,8,32,100000000", "--output", "page.html")
      let points = try #require(sweep["batches"] as? [[String: Any]])
      #expect(points.map { $0["batch"] as? Int } == [8, 32])
      #expect(points.allSatisfy { $0["imagesPerSecond"] as? Double ?? 0 > 0 })
      let memory = points.compactMap { $0["memoryBytes"] as? Int }
      #expect(memory.count == 2 && memory[0] < memory[1])
      // Other tests may run: then it says so in place of recommending.
      let isTrustworthy = try #require(sweep["isTrustworthy"] as? Bool)
      #expect([8, 32].contains(sweep["recommendedBatch"] as? Int) == isTrustworthy)
      for point in points {
        let visits = try #require(point["visitMilliseconds"] as? [Double])
        #expect((3...6).contains(visits.count) && visits.min() == point["milliseconds"] as? Double)
      }
      let omitted = try #require(sweep["omitted"] as? [[String: Any]])
      #expect(omitted.map { $0["batch"] as? Int } == [100_000_000])
      #expect(exists(scratch / "page.html"))
    }

    @Test("wrong options are told in a line", .underMPI)
    func refusals() throws {
      let refused = { (arguments: [String], ranks: Int?, words: String) in
        let run = try Run(["profile"] + arguments, ranks: ranks, in: scratch)
        #expect(run.status != 0)
        #expect(run.errors.contains(words), "\(run.errors)")
      }
      try refused(["--batch-sizes", "16,,32"], nil, "--batch-sizes 16,,32: \"\" is no size; as in 16,32,64")
      try refused(["--batch-sizes", "0"], nil, "is no size")
      try refused(["--batch-sizes", "16", "--iterations", "5"], nil, "leave it out")
      try refused(["--batch-sizes", "1,2"], 2, "--batch-sizes: 1 cannot be split over 2 ranks")
      try refused(["--output", "page.png"], nil, "must end in .html")
      try refused(["--peak", "--json"], nil, "--peak measures no recipe")
      try refused(["--iterations", "1", "--recipe", "digits-dense", "--output", "no/page.html"], nil, "no/page.html")
    }
  }
}
