import Foundation
import Testing

extension LockstepTests {
  /// Real data that are not in the repository: the directory that LOCKSTEP_SHARED names, or ../shared.
  @Suite struct DataTests {
    static var directory: String {
      let root = URL(fileURLWithPath: #filePath + "/../../../../shared").standardizedFileURL.path
      return (ProcessInfo.processInfo.environment["LOCKSTEP_SHARED"] ?? root) + "/data"
    }

    @Test(
      "MNIST's files train as they are and at another height, on one rank and two",
      .enabled(if: exists(directory + "/mnist"), "no data/mnist in LOCKSTEP_SHARED or ../shared"))
    func mnist() throws {
      let scratch = try Scratch()
      for (name, settings, shape) in [("28", [], "28×28×1"), ("16", ["--set", "data.height=16"], "16×16×1")] {
        let run = try Run(
          [
            "train", "--recipe", "digits-dense", "--data", "idx:\(Self.directory)/mnist", "--output", name,
            "--iterations", "20",
          ] + settings,
          ranks: name == "16" && Launch.hasMPI ? 2 : nil, in: scratch)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors.contains("8,000 images \(shape) of idx"), "\(run.errors)")
        #expect(exists(checkpoint(scratch / name, 20)))
      }
      // Another shape than the model's, refused.
      let wrong = try Run("evaluate", "28", "--data", "digits", in: scratch)
      #expect(wrong.status == 65)
      #expect(wrong.errorLines.count == 1)
      #expect(wrong.errors.contains("the model makes images 28×28×1, the data have images 16×16×1"), "\(wrong.errors)")
      #expect(try Run("sample", "28", "--output", "x.npz", in: scratch).status == 0)
      #expect(try NPZFile(scratch / "x.npz").arrays["images"]?.shape == [100, 28, 28, 1])
    }

    @Test(
      "Semeion's file trains and is judged",
      .enabled(if: exists(directory + "/semeion"), "no data/semeion in LOCKSTEP_SHARED or ../shared"))
    func semeion() throws {
      let scratch = try Scratch()
      let source = "semeion:\(Self.directory)/semeion/semeion.data"
      let run = try Run(
        "train", "--recipe", "digits-dense", "--data", source, "--output", "run", "--iterations", "20", in: scratch)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.errors.contains("images 16×16×1 of semeion"), "\(run.errors)")
      #expect(try Run("evaluate", "run", "--json", in: scratch).status == 0)
    }

    @Test(
      "CIFAR-10's files train mirrored, and are judged",
      .enabled(if: exists(directory + "/cifar10"), "no data/cifar10 in LOCKSTEP_SHARED or ../shared"))
    func cifar() throws {
      let scratch = try Scratch()
      let run = try Run(
        [
          "train", "--recipe", "digits-dense", "--data", "cifar10:\(Self.directory)/cifar10", "--set", "data.flip=true",
          "--output", "run",
          "--iterations", "10",
        ], ranks: Launch.hasMPI ? 2 : nil, in: scratch)
      #expect(run.status == 0, "\(run.errors)")
      #expect(
        run.errors.contains("cifar10: 10,000 images 32×32×3, 10 classes, 1,000 each; 2,000 held out"), "\(run.errors)")
      #expect(try Run("evaluate", "run", "--json", in: scratch).status == 0)
    }

    @Test(
      "an image folder trains in grey at another size; a damaged file is named, or left out and counted",
      .enabled(if: exists(directory + "/image-folder"), "no data/image-folder in LOCKSTEP_SHARED or ../shared"))
    func folder() throws {
      let scratch = try Scratch()
      try FileManager.default.copyItem(atPath: Self.directory + "/image-folder", toPath: scratch / "images")
      let arguments = [
        "train", "--recipe", "digits-dense", "--data", "folder:images", "--set", "data.channels=1", "--set",
        "data.height=16", "--output", "run",
        "--iterations", "10",
      ]
      try Data([1, 2, 3]).write(to: URL(fileURLWithPath: scratch / "images/train/cat/damaged.png"))
      let refused = try Run(arguments, ranks: Launch.hasMPI ? 2 : nil, in: scratch)
      #expect(refused.status == 65 && refused.errorLines.count == 1, "\(refused.errors)")
      #expect(refused.errors.contains("images/train/cat/damaged.png: no PNG, JPEG or WebP"), "\(refused.errors)")
      let run = try Run(arguments + ["--skip-unreadable"], ranks: nil, in: scratch)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.errors.contains("folder: 160 images 16×16×1, 4 classes, 40 each; 160 held out"), "\(run.errors)")
      #expect(run.errors.contains("warning: 1 of 321 files left out, the first images/train/cat/damaged.png"))
      #expect(try Run("evaluate", "run", "--json", in: scratch).status == 0)
    }
  }
}
