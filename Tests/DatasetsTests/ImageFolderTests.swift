import Foundation
import Tensors
import Testing

@testable import Datasets

@Suite struct ImageFolderTests {
  static let remedy = "replace or remove it, or leave such files out with --skip-unreadable"

  /// A directory with these files, folders made as needed; a path that ends in / is an empty folder.
  func directory(_ files: [String: [UInt8]]) throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    for (name, bytes) in files {
      let path = name.hasSuffix("/") ? name : String(name[..<(name.lastIndex(of: "/") ?? name.startIndex)])
      try FileManager.default.createDirectory(
        atPath: directory.path + "/" + path, withIntermediateDirectories: true)
      if !name.hasSuffix("/") { _ = try directory.write(bytes, as: name) }
    }
    return directory
  }

  /// A PNG all of one value.
  static func flat(_ value: UInt8, _ height: Int = 4, _ width: Int = 4, channels: Int = 3) -> [UInt8] {
    PNGFile.plain([UInt8](repeating: value, count: height * width * channels), height: height, width: width)
  }

  func message(_ files: [String: [UInt8]], _ change: (inout LoadingOptions) -> Void = { _ in }) throws -> String? {
    let directory = try directory(files)
    var options = LoadingOptions()
    change(&options)
    do throws(DatasetError) {
      _ = try ImageFolder.load(directory: directory.path, options: options)
      return nil
    } catch {
      return error.description.replacingOccurrences(of: directory.path, with: "D")
    }
  }

  /// First byte and label of every image.
  func listing(_ images: ImageSet) -> [[Int]] {
    (0..<images.count).map { [Int(images.bytes(at: $0).first ?? 0), images.label(at: $0)] }
  }

  @Test("train/ and test/: classes and images by name, endings of any case, PNG and JPEG alike")
  func split() throws {
    let directory = try directory([
      "train/dog/b.PNG": Self.flat(2), "train/dog/a.png": Self.flat(1), "train/cat/z.Jpeg": Self.flat(3),
      "train/cat/k.JPG": jpeg([UInt8](repeating: 100, count: 48), height: 4, width: 4, quality: 100),
      "train/owl/1.png": Self.flat(9), "train/cat/.hidden.png": [1], "train/cat/notes.txt": [1], "val/cat/1.png": [],
      "test/dog/1.png": Self.flat(5), "test/owl/2.png": Self.flat(6), "train/cat/more/": [], "test/.x/": [],
      "README": [],
    ])
    let data = try DatasetSource("folder:\(directory.path)").load()
    #expect(data.name == "folder" && data.imageShape == [4, 4, 3] && data.classNames == ["cat", "dog", "owl"])
    #expect(listing(data.training) == [[100, 0], [3, 0], [1, 1], [2, 1], [9, 2]])
    #expect(listing(data.test) == [[5, 1], [6, 2]])
    #expect(
      data.notes.map { $0.replacingOccurrences(of: directory.path, with: "D") } == [
        "not used, since no .png, .jpg, .jpeg: 2 in D/train, as D/train/cat/more",
        "not used beside train/ and test/ in D: val",
      ])
    #expect(data.warnings.isEmpty)
  }

  @Test("without test/ a tenth of each class is held out, spread over its names", arguments: ["", "train/"])
  func heldOut(level: String) throws {
    var files: [String: [UInt8]] = [:]
    for i in 0..<30 { files["\(level)a/\(i + 10).png"] = Self.flat(UInt8(i)) }
    for i in 0..<3 { files["\(level)b/\(i).png"] = Self.flat(UInt8(i)) }
    files["\(level)c/0.png"] = Self.flat(77)
    let directory = try directory(files)
    let data = try ImageFolder.load(directory: directory.path)
    #expect(listing(data.test) == [[9, 0], [19, 0], [29, 0], [2, 1]])
    #expect(data.training.count == 30 && listing(data.training).last == [77, 2])
    #expect(Set(listing(data.training)).isDisjoint(with: listing(data.test)))
    #expect(
      data.notes == ["no test/ in \(directory.path): 4 of 34 images are held out, spread over the classes"])
  }

  @Test("train and test are classes where they hold images beside other classes")
  func classesCalledTrain() throws {
    let image = Self.flat(1)
    var files: [String: [UInt8]] = [:]
    for name in ["car", "test", "train"] { for index in 0..<4 { files["\(name)/\(index).png"] = image } }
    let directory = try directory(files)
    let data = try DatasetSource("folder:\(directory.path)").load()
    #expect(data.classNames == ["car", "test", "train"])
    #expect((data.training.count, data.test.count) == (9, 3))
  }

  @Test("folders that are not as they should be are named")
  func layouts() throws {
    let good = Self.flat(1)
    let cases: [([String: [UInt8]], String)] = [
      (
        ["x.png": good],
        "D: no class folders in it; put the images of each class into a folder of its own, as in D/cat/1.png"
      ),
      (
        ["train/x.png": good],
        "D/train: no class folders in it; put the images of each class into a folder of its own, "
          + "as in D/train/cat/1.png"
      ),
      (["a/1.png": good, "b/": []], "D/b: no PNG or JPEG files in this class folder; add images or remove the folder"),
      (
        ["a/1.png": good, "b/notes.txt": [1]],
        "D/b: no PNG or JPEG files in this class folder; add images or remove the folder"
      ),
      (
        ["x/a/1.png": good, "x/b/1.png": good],
        "D/x: no PNG or JPEG files in this class folder, only more folders; "
          + "name the directory whose folders are the classes"
      ),
      (
        ["train/a/1.png": good, "test/a/": []],
        "D/test/a: no PNG or JPEG files in this class folder; add images or remove the folder"
      ),
      (
        ["train/a/1.png": good, "train/c/1.png": good, "test/a/1.png": good, "test/b/1.png": good],
        "D/test/b: the class b is not in D/train; add training images of it, or remove this folder"
      ),
      (
        ["test/a/1.png": good],
        "D: has a folder test/ but none named train/; put the training images' class folders into train/"
      ),
      (
        ["a/1.png": good, "b/1.png": good],
        "D: no image is left to be held out; add images, or a folder test/ with some"
      ),
    ]
    for (files, expected) in cases { #expect(try message(files) == expected) }
    #expect { try DatasetSource("folder:/nowhere").load() } throws: {
      "\($0)" == "/nowhere: cannot list: No such file or directory; check the path"
    }
  }

  @Test("a damaged image is named; left out and counted when asked for")
  func damaged() throws {
    let good = Self.flat(1)
    var files = ["a/1.png": good, "a/2.png": good, "a/3.png": good, "b/1.png": good, "b/2.png": good, "b/3.png": good]
    files["a/2.png"] = Array(good.dropLast(20))
    #expect(try message(files) == "D/a/2.png: unreadable PNG (the file ends early); \(Self.remedy)")
    files["a/2.png"] = []
    #expect(try message(files) == "D/a/2.png: an empty file; \(Self.remedy)")
    files["b/1.png"] = [1, 2, 3]
    let directory = try directory(files)
    var options = LoadingOptions()
    options.skipsUnreadable = true
    let data = try ImageFolder.load(directory: directory.path, options: options)
    #expect(listing(data.training) == [[1, 0], [1, 1]] && data.test.count == 2)
    #expect(data.warnings == ["2 of 6 files left out, the first \(directory.path)/a/2.png: an empty file"])
    // Nothing of a class is left.
    files["a/1.png"] = []
    #expect(
      try message(files) { $0.skipsUnreadable = true }
        == "D/a/1.png: no image of the class a is left to train on; add images of it, or remove its folder")
  }

  @Test("images of several sizes need a size to be brought to")
  func sizes() throws {
    var files = ["a/1.png": Self.flat(1, 8, 8), "a/2.png": Self.flat(2, 8, 12), "a/3.png": Self.flat(3, 20, 9)]
    #expect(
      try message(files)
        == "D/a/2.png: 8×12 pixels, but D/a/1.png has 8×8; set data.height and data.width, and all become alike")
    var options = LoadingOptions()
    options.resolution = Resolution(height: 6, width: 6)
    let directory = try directory(files)
    let data = try ImageFolder.load(directory: directory.path, options: options)
    #expect(data.imageShape == [6, 6, 3] && listing(data.training) == [[1, 0], [2, 0]])
    // A quarter of the side is needed, and four pixels.
    files["a/4.png"] = Self.flat(4, 7, 8)
    #expect(
      try message(files) { $0.resolution = Resolution(height: 32, width: 32) }
        == "D/a/4.png: 7×8 pixels, at least 8×8 are needed for 32×32; remove it, or lower data.height and data.width")
    #expect(
      try message(["a/1.png": Self.flat(1, 3, 9)])
        == "D/a/1.png: 3×9 pixels, networks take 4 to 512 a side; set data.height and data.width")
    #expect(
      try message(["a/1.png": Self.flat(1, 4, 600, channels: 1)])
        == "D/a/1.png: 4×600 pixels, networks take 4 to 512 a side; set data.height and data.width")
  }

  @Test("grey beside colour is refused, or made alike when asked for")
  func channels() throws {
    let files = ["a/1.png": Self.flat(90), "a/2.png": Self.flat(50, channels: 1), "a/3.png": Self.flat(7, channels: 4)]
    #expect(
      try message(files)
        == "D/a/2.png: 1 channel (grey), but D/a/1.png has 3 channels (colour); "
        + "set data.channels to 1 or 3, and all become alike")
    let directory = try directory(files)
    for channels in [1, 3] {
      var options = LoadingOptions()
      options.channels = channels
      let data = try ImageFolder.load(directory: directory.path, options: options)
      #expect(data.imageShape == [4, 4, channels])
      #expect(Array(data.training.bytes(at: 1)) == [UInt8](repeating: 50, count: 16 * channels))
    }
  }

  @Test(
    "shared/data/image-folder: four classes, PNG and JPEG, split",
    .enabled(if: isShared("data/image-folder"), "no shared/data/image-folder"))
  func shared() throws {
    let path = "\(sharedDirectory)/data/image-folder"
    let data = try DatasetSource("folder:\(path)").load()
    #expect(data.summary == "160 images 32×32×3, 4 classes, 40 each; 160 held out")
    #expect(data.classNames == ["airplane", "automobile", "bird", "cat"])
    #expect(data.notes.isEmpty && data.warnings.isEmpty)
    // Sum over the training PNGs from NumPy 2.4.6 and zlib.
    let entries = try ImageFolder.contents(of: path).training
    var sum = 0
    for (index, entry) in entries.enumerated() where entry.path.hasSuffix(".png") {
      for byte in data.training.bytes(at: index) { sum += Int(byte) }
    }
    #expect(sum == 29_815_257)
  }

  @Test("500 folders with damaged images are refused or read, never crash; what can be read is kept")
  func fuzzed() throws {
    var damage = Damage(state: 31)
    let directory = try directory(["train/a/1.png": Self.flat(1), "train/a/2.jpg": [], "test/a/1.png": Self.flat(1)])
    let pictures = [Self.flat(9), jpeg(gradient(height: 4, width: 4, channels: 3), height: 4, width: 4)]
    var options = LoadingOptions()
    options.skipsUnreadable = true
    options.channels = 3
    options.resolution = Resolution(height: 4, width: 4)
    for round in 0..<500 {
      _ = try directory.write(damage.apply(to: pictures[round % 2]), as: "train/a/2.jpg")
      do throws(DatasetError) {
        let data = try ImageFolder.load(directory: directory.path, options: options)
        #expect(data.training.count == 2 || data.warnings[0].hasPrefix("1 of 3 files left out"), "\(data.warnings)")
      } catch {
        // A header may have come to ask for less than is allowed.
        #expect(error.reason.contains("are needed for 4×4"), "\(error)")
      }
    }
  }
}
