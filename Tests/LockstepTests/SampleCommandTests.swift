import Testing

extension LockstepTests {
  @Suite struct SampleCommandTests {
    let scratch: Scratch

    init() throws {
      scratch = try Scratch()
      try #require(
        Run("train", "--recipe", "digits-dense", "--output", "run", "--iterations", "5", in: scratch).status == 0)
    }

    private func sample(_ more: String..., ranks: Int? = nil) throws -> NPZFile {
      let run = try Run(["sample", "run", "--output", "x.npz"] + more, ranks: ranks, in: scratch)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output == "x.npz\n")
      return try NPZFile(scratch / "x.npz")
    }

    @Test("an npz holds images and labels, classes in equal parts")
    func arrays() throws {
      let file = try sample()
      #expect(file.arrays.keys.sorted() == ["images", "labels"])
      let images = try #require(file.arrays["images"])
      #expect(images.type == "<f4")
      #expect(images.shape == [100, 16, 16, 1])
      let pixels = images.elements(as: Float.self)
      #expect(pixels.count == 25_600)
      #expect(pixels.allSatisfy { abs($0) <= 1 })
      let labels = try #require(file.arrays["labels"])
      #expect(labels.type == "<i8")
      #expect(labels.shape == [100])
      #expect(labels.elements(as: Int64.self) == (0..<100).map { $0 / 10 })
    }

    @Test("some classes, and a count that they do not divide")
    func classes() throws {
      let file = try sample("--classes", "7,3", "--count", "5")
      #expect(file.arrays["labels"]?.elements(as: Int64.self) == [7, 7, 7, 3, 3])
      #expect(file.arrays["images"]?.shape == [5, 16, 16, 1])
    }

    @Test("the same images on any number of ranks, others with another seed", .underMPI)
    func ranks() throws {
      let alone = try sample("--count", "150").arrays["images"]
      for ranks in [1, 2, 3] {
        #expect(try sample("--count", "150", ranks: ranks).arrays["images"]?.bytes == alone?.bytes)
      }
      #expect(try sample("--count", "150", "--seed", "1").arrays["images"]?.bytes != alone?.bytes)
    }

    @Test("a png shows one row per class")
    func picture() throws {
      let run = try Run("sample", "run", "--output", "x.png", "--count", "6", "--classes", "0,9", in: scratch)
      #expect(run.status == 0)
      let file = try bytes(of: scratch / "x.png")
      #expect(file.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
      let (width, height) = (Int(file[18]) << 8 | Int(file[19]), Int(file[22]) << 8 | Int(file[23]))
      #expect(width >= 3 * 16 && height >= 2 * 16 && width > height)
      #expect(exists(scratch / "run/samples/iteration-00000005.png"))
    }

    @Test(
      "classes and conditions that the model does not have are refused",
      arguments: [
        ("--classes 0,10", "--classes: 10 is none of the classes 0 to 9"),
        ("--classes 1,,2", "--classes 1,,2: \"\" is no class"), ("--classes a", "\"a\" is no class"),
        ("--condition 1", "--condition: this model has classes; use --classes"),
      ])
    func refused(options: String, message: String) throws {
      let run = try Run(
        ["sample", "run", "--output", "x.png"] + options.split(separator: " ").map(String.init), in: scratch)
      #expect(run.status == 64)
      #expect(run.errorLines.count == 1)
      #expect(run.errors.contains(message), "\(run.errors)")
      #expect(!exists(scratch / "x.png"))
    }
  }

  @Suite struct ContinuousConditionTests {
    @Test("a model of continuous conditions trains, goes on, samples and is judged")
    func continuous() throws {
      let scratch = try Scratch()
      let train = [
        "train", "--recipe", "digits-dense", "--output", "run", "--resume", "auto", "--set",
        "model.condition.kind=continuous",
      ]
      #expect(try Run(train + ["--iterations", "5"], in: scratch).status == 0)
      #expect(try Run(train + ["--iterations", "10"], in: scratch).status == 0)
      for (ranks, name) in [(nil, "a.npz"), (2, "b.npz")] where ranks == nil || Launch.hasMPI {
        let run = try Run(
          "sample", "run", "--output", name, "--count", "7", "--condition", "1.5,-1,0,0.25", ranks: ranks, in: scratch)
        #expect(run.status == 0, "\(run.errors)")
        let file = try NPZFile(scratch / name)
        #expect(file.arrays.keys.sorted() == ["conditions", "images"])
        #expect(file.arrays["images"]?.shape == [7, 16, 16, 1])
        #expect(file.arrays["conditions"]?.shape == [7, 4])
        #expect(file.arrays["conditions"]?.type == "<f4")
        #expect(
          file.arrays["conditions"]?.elements(as: Float.self)
            == Array(repeatElement([1.5, -1, 0, 0.25], count: 7).joined()))
      }
      #expect(try Run("sample", "run", "--output", "x.png", in: scratch).status == 0)
      #expect(try Run("evaluate", "run", "--json", in: scratch).status == 0)
      for (option, message) in [
        ("--condition=1,2", "--condition: 2 numbers, this model takes 4"),
        ("--classes=1", "--classes: this model has continuous conditions; use --condition"),
      ] {
        let run = try Run("sample", "run", "--output", "y.png", option, in: scratch)
        #expect(run.status == 64)
        #expect(run.errors.contains(message), "\(run.errors)")
      }
    }
  }
}
