import Foundation
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
      #expect(file.arrays.keys.sorted() == ["class_names", "images", "labels", "pixel_center", "pixel_unit"])
      #expect(file.arrays["pixel_center"]?.elements(as: Double.self) == [127.5])
      #expect(file.arrays["pixel_unit"]?.elements(as: Double.self) == [127.5])
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

    @Test("parts that each rank writes are, one behind the other, the samples of one file", .underMPI)
    func shards() throws {
      let whole = try sample("--count", "200")
      let run = try Run("sample", "run", "--count", "200", "--shards", "--output", "s.npz", ranks: 3, in: scratch)
      #expect(run.status == 0 && run.output == "s-1-of-3.npz\ns-2-of-3.npz\ns-3-of-3.npz\n", "\(run.errors)")
      let parts = try (1...3).map { try NPZFile(scratch / "s-\($0)-of-3.npz") }
      #expect(parts.compactMap { $0.arrays["images"]?.shape.first } == [64, 64, 72])
      for name in ["images", "labels"] {
        #expect(parts.flatMap { $0.arrays[name]?.bytes ?? [] } == whole.arrays[name]?.bytes)
      }
      #expect(try Run("sample", "run", "--count", "200", "--output", "a.npy", ranks: 2, in: scratch).status == 0)
      let file = try bytes(of: scratch / "a.npy")
      #expect(file.starts(with: [0x93] + Array("NUMPY".utf8)))
      #expect(Array(file.suffix(200 * 1024)) == whole.arrays["images"]?.bytes.suffix(200 * 1024))
    }

    @Test("a directory has a picture for each sample, by class, and trains a classifier of its own", .underMPI)
    func directory() throws {
      for ranks in [nil, 2] {
        let run = try Run("sample", "run", "--count", "130", "--output", "pictures/", ranks: ranks, in: scratch)
        #expect(run.status == 0, "\(run.errors)")
      }
      #expect(exists(scratch / "pictures/0/000000000.png") && exists(scratch / "pictures/9/000000129.png"))
      #expect(!exists(scratch / "pictures/9/000000130.png"))
      let check = try Run("data", "check", "folder:pictures", in: scratch)
      #expect(check.status == 0, "\(check.errors)")
      #expect((check.output + check.errors).contains("16×16"), "\(check.output)")
    }

    @Test("noise that is fixed is the same for each class, and each way begins and ends at samples of its own")
    func ways() throws {
      let plain = try sample("--count", "20", "--classes", "4").arrays["images"]?.elements(as: Float.self) ?? []
      let fixed = try sample("--count", "40", "--classes", "4,7", "--fixed-noise")
      let images = fixed.arrays["images"]?.elements(as: Float.self) ?? []
      // The first class's samples are those that it has alone.
      #expect(zip(images.prefix(20 * 256), plain).allSatisfy { abs($0 - $1) < 1e-5 })
      #expect(images.count == 40 * 256 && images.prefix(20 * 256) != images.suffix(20 * 256))
      let way = try sample(
        "--interpolate", "condition", "--classes", "4,7", "--steps", "5", "--count", "10", "--fixed-noise")
      let shares = way.arrays["classes"]?.elements(as: Float.self) ?? []
      #expect(way.arrays["labels"] == nil && shares.count == 100)
      #expect(stride(from: 4, to: 50, by: 10).map { shares[$0] } == [1, 0.75, 0.5, 0.25, 0])
      #expect(stride(from: 7, to: 50, by: 10).map { shares[$0] } == [0, 0.25, 0.5, 0.75, 1])
      let steps = way.arrays["images"]?.elements(as: Float.self) ?? []
      for (place, expected) in [(0, images[..<256]), (4, images[(20 * 256)..<(21 * 256)])] {
        #expect(zip(steps[(place * 256)...], expected).allSatisfy { abs($0 - $1) < 1e-5 }, "step \(place)")
      }
      // Back again.
      #expect(zip(steps[(9 * 256)...], images[..<256]).allSatisfy { abs($0 - $1) < 1e-5 })
      let noise = try sample("--interpolate", "noise", "--classes", "4", "--steps", "3", "--count", "6")
      let rows = noise.arrays["images"]?.elements(as: Float.self) ?? []
      for (place, sample) in [(0, 0), (2, 1), (3, 2), (5, 3)] {
        let pair = zip(rows[(place * 256)..<((place + 1) * 256)], plain[(sample * 256)...])
        #expect(pair.allSatisfy { abs($0 - $1) < 1e-4 }, "step \(place)")
      }
      #expect(noise.arrays["labels"]?.elements(as: Int64.self) == [4, 4, 4, 4, 4, 4])
    }

    @Test("truncated noise makes samples that differ less, the same on any number of ranks", .underMPI)
    func truncation() throws {
      func spread(_ file: NPZFile) -> Float {
        let images = file.arrays["images"]?.elements(as: Float.self) ?? []
        return (0..<256).reduce(0) { total, pixel in
          let column = stride(from: pixel, to: images.count, by: 256).map { images[$0] }
          let mean = column.reduce(0, +) / Float(column.count)
          return total + column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        }
      }
      let options = ["--count", "128", "--classes", "3"]
      let plain = try sample(options[0], options[1], options[2], options[3])
      let small = try sample("--count", "128", "--classes", "3", "--truncation", "0.2")
      #expect(spread(small) < 0.5 * spread(plain))
      let shared = try sample("--count", "128", "--classes", "3", "--truncation", "0.2", ranks: 2)
      #expect(shared.arrays["images"]?.bytes == small.arrays["images"]?.bytes)
    }

    @Test("a file that cannot be made ends all ranks with one line", .underMPI)
    func failing() throws {
      try FileManager.default.createDirectory(atPath: scratch / "taken.npz", withIntermediateDirectories: true)
      let taken = try Run("sample", "run", "--output", "taken.npz", ranks: 2, in: scratch)
      #expect(taken.status == 73 && taken.errors.contains("taken.npz: is a directory; name a file"), "\(taken.errors)")
      for arguments in [["--output", "no/x.npz"], ["--output", "no/x.npy"], ["--output", "no/x.npz", "--shards"]] {
        let run = try Run(["sample", "run", "--count", "300"] + arguments, ranks: 2, in: scratch)
        #expect(run.status == 73, "\(run.errors)")
        #expect(run.errors.contains("cannot create: No such file or directory"))
      }
    }

    @Test(
      "classes and conditions that the model does not have are refused",
      arguments: [
        ("--interpolate condition --classes 3", "--interpolate condition: name two classes or more"),
        ("--fixed-noise --classes 3", "--fixed-noise: all samples would be the same"),
        ("--fixed-noise --interpolate noise", "--fixed-noise: --interpolate noise changes the noise"),
        ("--to 1 --interpolate condition", "--to: this model has classes"), ("--to 1", "--to: say --interpolate"),
        ("--truncation 0", "must be from 0.000001 to 10"), ("--interpolate noise --count 9", "--steps 8 samples"),
        ("--count 10001", "a picture shows up to 10,000"), ("--shards", "--shards: for .npz"),
        ("--classes 0,10", "\"10\" is none of the classes 0, 1, 2, 3, 4, 5, 6, 7, 8, 9; separate them by commas"),
        ("--classes 1,,2", "--classes 1,,2: \"\" is none of the classes 0, 1, "),
        ("--classes a", "\"a\" is none of the classes 0, 1, "),
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
        #expect(file.arrays.keys.filter { !$0.contains("_") }.sorted() == ["conditions", "images"])
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
