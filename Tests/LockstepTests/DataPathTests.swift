import Foundation
import Testing

extension LockstepTests {
  /// Data that are named without their kind, and commands that need none.
  @Suite struct DataPathTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// MNIST's files with 60 images 16×16 of ten classes.
    private func writeIDX() throws {
      let pixels = (0..<60 * 256).map { UInt8($0 * 7 % 251) }
      try scratch.write(
        [0, 0, 8, 3, 0, 0, 0, 60, 0, 0, 0, 16, 0, 0, 0, 16] + pixels, to: "data/mnist/train-images-idx3-ubyte")
      let labels = (0..<60).map { UInt8($0 % 10) }
      try scratch.write([0, 0, 8, 1, 0, 0, 0, 60] + labels, to: "data/mnist/train-labels-idx1-ubyte")
    }

    @Test("a path without its kind is looked at by one rank, said once, and kept with its kind", arguments: [nil, 3])
    func path(ranks: Int?) throws {
      try #require(ranks == nil || Launch.hasMPI)
      try writeIDX()
      let run = try Run(
        ["train", "--recipe", "digits-dense", "--data", "data/mnist", "--iterations", "2", "--output", "run"]
          + StartUpTests.short, ranks: ranks, in: scratch)
      #expect(run.status == 0, "\(run.errors)")
      #expect(
        run.errors.components(separatedBy: "data/mnist is taken for idx:data/mnist\n").count == 2, "\(run.errors)")
      #expect(run.errors.contains("48 images 16×16×1 of idx"))
      #expect(try lines(of: scratch / "run/recipe.yaml").contains("  source: \"idx:data/mnist\""))
      // Kept with its kind, it goes on without a word.
      let more = try Run(
        ["train", "--resume", "run", "--iterations", "3"], ranks: ranks, in: scratch)
      #expect(more.status == 0 && !more.errors.contains("is taken for"), "\(more.errors)")
      let checked = try Run("data", "check", "data/mnist/", ranks: ranks, in: scratch)
      #expect(
        checked.output.contains("48 images 16×16×1, 10 classes") && checked.errors.contains("taken for idx:data/mnist"))
      let evaluated = try Run("evaluate", "run", "--data", "data", "--samples", "10", ranks: ranks, in: scratch)
      #expect(
        evaluated.status == 0 && evaluated.errors.contains("data is taken for idx:data/mnist\n"), "\(evaluated.errors)")
    }

    @Test("home directories are found behind a kind, on any number of ranks", arguments: [nil, 2])
    func home(ranks: Int?) throws {
      try #require(ranks == nil || Launch.hasMPI)
      try writeIDX()
      let run = try Run(
        ["data", "check", "idx:~/mnist"], ranks: ranks, in: scratch, adding: ["HOME": scratch / "data"])
      #expect(run.status == 0 && run.output.contains("48 images 16×16×1"), "\(run.errors)")
    }

    @Test("plan and profile do without the data, and say so", arguments: [nil, 2])
    func standIn(ranks: Int?) throws {
      try #require(ranks == nil || Launch.hasMPI)
      let profile = try Run(
        ["profile", "--recipe", "mnist", "--iterations", "1", "--json"], ranks: ranks, in: scratch)
      #expect(profile.status == 0, "\(profile.errors)")
      let words = "no data at idx:mnist: noise stands in for them, 60,000 images 28×28×1 of 10 classes\n"
      #expect(profile.errors.components(separatedBy: words).count == 2, "\(profile.errors)")
      let shaped = try Run(
        [
          "profile", "--recipe", "vectors", "--shape", "7", "--samples", "1000", "--iterations", "1", "--json",
          "--data",
          "nowhere.csv",
        ], ranks: ranks, in: scratch)
      #expect(shaped.status == 0 && shaped.errors.contains("900 vectors 7 under 2 quantities\n"), "\(shaped.errors)")
      let missing = try Run(
        ["profile", "--recipe", "images", "--data", "folder:nowhere"], ranks: ranks, in: scratch)
      #expect(missing.status == 66 && missing.errors.contains("or say --shape HxWxC, to do without the data"))
      let alone = try Run(["profile", "--classes", "3"], ranks: ranks, in: scratch)
      #expect(alone.status == 64 && alone.errors.contains("--classes 3: it describes data of --shape"))
    }

    @Test("plan counts the memory of data that are not there, and raises a batch that is too small for the ranks")
    func plan() throws {
      let machine = try Run(
        "plan", "--recipe", "digits", "--nodes", "1", "--ranks-per-node", "1", "--save-machine", "node.json",
        in: scratch)
      try #require(machine.status == 0, "\(machine.errors)")
      let plan = { (arguments: [String]) in
        try Run(["plan", "--json", "--machine", "node.json"] + arguments, in: scratch)
      }
      let many = try plan(["--recipe", "digits", "--nodes", "8", "--ranks-per-node", "16"])
      #expect(many.status == 0, "\(many.errors)")
      #expect(
        many.errors.contains(
          "training.batchSize=64 cannot be split over 128 ranks: this is the plan of training.batchSize=128"))
      #expect(many.output.contains("--set training.batchSize=128"))
      let missing = try plan(["--recipe", "mnist", "--nodes", "2", "--ranks-per-node", "2"])
      #expect(missing.errors.contains("noise stands in for them"), "\(missing.errors)")
    }
  }
}
