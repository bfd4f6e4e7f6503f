import Testing

extension LockstepTests {
  /// What a user gets wrong: one line on standard error, an exit code with a meaning, nothing left behind.
  @Suite struct BadInputTests {
    struct Mistake: Sendable, CustomTestStringConvertible {
      let arguments: [String]
      let status: Int32
      let message: String
      let ranks: [Int?]

      /// - Parameter ranks: under mpirun only one mistake of a kind, since it takes a second to end after an error.
      init(_ arguments: String, _ status: Int32, _ message: String, ranks: [Int?] = [nil]) {
        self.arguments = arguments.split(separator: " ").map(String.init)
        self.status = status
        self.message = message
        self.ranks = ranks
      }

      var testDescription: String { arguments.joined(separator: " ") }
    }

    static let mistakes = [
      // The command line itself.
      Mistake(
        "train --frobnicate", 64, "unknown option '--frobnicate' (see `lockstep train --help`)", ranks: [nil, 2]),
      Mistake("tarin", 64, "there is no command tarin; did you mean lockstep train? (see `lockstep --help`)"),
      Mistake("train --iterations many", 64, "the value 'many' is invalid for '--iterations <N>'"),
      Mistake("train --iterations 0", 64, "--iterations 0: must be at least 1"),
      Mistake("train --set", 64, "missing value for '--set <key=value>'"),
      Mistake("train --set seed", 64, "--set seed: write path=value", ranks: [nil, 2]),
      Mistake("sample", 64, "missing expected argument '<RUN>'"),
      Mistake("sample x --output x.png --count -5", 64, "--count -5: must be from 1 to 1,000,000,000"),
      Mistake("sample x --output x.jpg", 64, "--output x.jpg: the name must end in .png, .npz, .npy, .csv or /"),
      Mistake("evaluate x --samples 0", 64, "--samples 0: must be from 1 to 10,000,000"),
      Mistake("profile --threads 0", 64, "--threads 0: must be at least 1"),
      // Recipes.
      Mistake(
        "train --output out --recipe digit-dense", 78, "there is no recipe digit-dense; did you mean digits-dense?"),
      Mistake("train --output out --recipe ./none.yaml", 66, "./none.yaml: cannot open for reading"),
      Mistake(
        "train --output out --recipe bad.yaml", 78, "bad.yaml line 2: there is no key training.bachSize; did you",
        ranks: [nil, 2]),
      Mistake(
        "train --output out --set training.batchSize=1.5", 78, "--set: training.batchSize: 1.5 is not a whole number"),
      Mistake(
        "train --output out --set training.beta1=1", 78, "training.beta1: 1 must be from 0 to below 1"),
      Mistake(
        "train --recipe digits-dense --output out --set model.generator.tokens=7", 78,
        "generator: 7 tokens do not divide the width 128",
        ranks: [nil, 2]),
      Mistake(
        "profile --recipe digits-dense --set model.discriminator.tokens=7", 78,
        "discriminator: 7 tokens do not divide the width 128"),
      Mistake(
        "train --output out --set training.batchSize=1", 78, "a batch of 1 cannot be split over 2 ranks", ranks: [2]),
      // Data.
      Mistake("train --output out --data cifar:x", 78, "no kind of data is called \"cifar\""),
      Mistake("train --output out --data idx:none", 66, "none: no train-images-idx3-ubyte[.gz] and no t10k-images"),
      Mistake("train --output out --data semeion:none", 66, "none: cannot open for reading"),
      Mistake(
        "train --output out --data idx:short", 65, "short/t10k-images-idx3-ubyte: 2,000 bytes of 6,416",
        ranks: [nil, 2]),
      Mistake("train --output out --data idx:magic", 65, "starts with 0x00000c03, IDX images start with 0x00000803"),
      Mistake("train --output out --data idx:unequal", 65, "t10k-labels-idx1-ubyte: 99 labels for 100 images"),
      Mistake("train --output out --data cifar10:none", 66, "none: cannot list: No such file or directory"),
      Mistake("train --output out --data folder:short", 65, "short: no class folders and no images in it"),
      Mistake("train --output out --set data.channels=2", 78, "data.channels: 2 must be 1 or 3"),
      Mistake("train --output out --data none/x", 66, "none/x: there is no such file or directory", ranks: [nil, 2]),
      Mistake(
        "train --output out --data file", 78, "file: is there, but its name and first bytes tell no kind of data"),
      Mistake("train --output out --data ~none-such/x", 78, "~none-such/x: there is no user none-such"),
      // Places.
      Mistake(
        "train --iterations 3 --output file/out", 73, "file: cannot make the directory: File exists; check that the",
        ranks: [nil, 2]),
      Mistake(
        "train --iterations 3 --output /proc/none/out", 73, "/proc/none: cannot make the directory"),
      Mistake("sample none --output x.png", 66, "none: there is no such run or checkpoint", ranks: [nil, 2]),
      Mistake("evaluate file", 66, "file: this run has no whole checkpoint"),
      Mistake("inspect magic", 66, "magic: this run has no checkpoint"),
    ]

    @Test("a mistake is named in one line, by one rank, and leaves nothing behind", arguments: mistakes)
    func mistake(_ mistake: Mistake) throws {
      let scratch = try Scratch()
      try prepare(scratch)
      for ranks in mistake.ranks where ranks == nil || Launch.hasMPI {
        let run = try Run(mistake.arguments, ranks: ranks, in: scratch)
        #expect(run.status == mistake.status, "\(String(describing: ranks)) ranks: \(run.errors)")
        #expect(run.errorLines.count == 1, "\(run.errors)")
        #expect(run.errors.hasPrefix("lockstep: ") && run.errors.contains(mistake.message), "\(run.errors)")
        #expect(run.output == "")
        #expect(!exists(scratch / "out") && !exists(scratch / "runs") && !exists(scratch / "x.png"))
      }
    }

    /// IDX: magic, extents, bytes.
    private func idx(_ magic: [UInt8], _ extents: [UInt8], count: Int) -> [UInt8] {
      magic + extents.flatMap { [0, 0, 0, $0] } + (0..<count).map { UInt8($0 % 10) }
    }

    private func prepare(_ scratch: Scratch) throws {
      let images = idx([0, 0, 8, 3], [100, 8, 8], count: 6_400)
      let labels = idx([0, 0, 8, 1], [100], count: 100)
      for (directory, images, labels) in [
        ("short", Array(images.prefix(2_000)), labels), ("magic", [0, 0, 12, 3] + images.dropFirst(4), labels),
        ("unequal", images, idx([0, 0, 8, 1], [99], count: 99)),
      ] {
        try scratch.write(images, to: "\(directory)/t10k-images-idx3-ubyte")
        try scratch.write(labels, to: "\(directory)/t10k-labels-idx1-ubyte")
      }
      try scratch.write([1], to: "file")
      try scratch.write("training:\n  bachSize: 5\n".utf8, to: "bad.yaml")
    }

    @Test(
      "a launcher of another MPI is refused by its first process",
      arguments: [["PMI_SIZE": "2", "PMI_RANK": "0"], ["OMPI_COMM_WORLD_SIZE": "3", "OMPI_COMM_WORLD_RANK": "0"]])
    func launcher(variables: [String: String]) throws {
      let scratch = try Scratch()
      let first = try Run("train", "--recipe", "digits-dense", "--output", "out", in: scratch, adding: variables)
      #expect(first.status == 64)
      #expect(first.errorLines.count == 1)
      #expect(first.errors.contains("processes, but MPI (Open MPI"), "\(first.errors)")
      let others = variables.mapValues { $0 == "0" ? "1" : $0 }
      let second = try Run("train", "--recipe", "digits-dense", "--output", "out", in: scratch, adding: others)
      #expect(second.status == 64)
      #expect(second.errors == "")
      #expect(!exists(scratch / "out"))
    }

    @Test("a picture that cannot be written leaves no file, whole or partial")
    func unwritablePicture() throws {
      let scratch = try Scratch()
      #expect(
        try Run("train", "--recipe", "digits-dense", "--output", "run", "--iterations", "2", in: scratch).status == 0)
      try scratch.write([1], to: "file")
      for (name, message) in [
        ("file/x.png", "file/x.png: cannot create: Not a directory"), ("none/x.npz", "check the path"),
      ] {
        let run = try Run("sample", "run", "--output", name, in: scratch)
        #expect(run.status == 73)
        #expect(run.errorLines.count == 1)
        #expect(run.errors.contains(message), "\(run.errors)")
        #expect(!exists(scratch / "none"))
      }
    }
  }
}
