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

  /// A PNG of one value but for a black and a white pixel at its end.
  static func flat(_ value: UInt8, _ height: Int = 4, _ width: Int = 4, channels: Int = 3) -> [UInt8] {
    PNGFile.plain(flatPixels(value, height, width, channels: channels), height: height, width: width)
  }

  static func flatPixels(_ value: UInt8, _ height: Int = 4, _ width: Int = 4, channels: Int = 3) -> [UInt8] {
    [UInt8](repeating: value, count: (height * width - 2) * channels) + [UInt8](repeating: 0, count: channels)
      + [UInt8](repeating: 255, count: channels)
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
        "not used in D/train, since no image by its ending: 1 .txt, as D/train/cat/notes.txt",
        "not used: a folder inside a class folder, as D/train/cat/more, with 0 images in all",
        "not used beside train/ and test/ in D: val",
      ])
    // Of these few dark images nothing else is said.
    #expect(data.warnings.allSatisfy { $0.contains("from black to white") || $0.contains("levels of brightness") })
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
        ["notes.txt": good],
        "D: no class folders and no images in it, but 1 .txt; put the images of each class into a folder of its own, "
          + "as in D/cat/1.png"
      ),
      (["train/photos.zip": good], "D/train: no class folders and no images in it, but 1 .zip; unpack photos.zip"),
      (
        ["a/1.png": good, "b/": []],
        "D/b: no PNG, JPEG or WebP files in this class folder; add images or remove the folder"
      ),
      (
        ["a/1.png": good, "b/notes.txt": [1]],
        "D/b: no PNG, JPEG or WebP files in this class folder, but 1 .txt; add images or remove the folder"
      ),
      (
        ["a/1.png": good, "b/1.TIF": [1], "b/2.tif": [1], "b/x.txt": [1]],
        "D/b: no PNG, JPEG or WebP files in this class folder, but 2 .tif, 1 .txt; save them as PNG or JPEG"
      ),
      (
        ["x/a/1.png": good, "x/b/1.png": good],
        "D/x: no images in this class folder, but 2 in folders inside it; "
          + "name the directory whose folders are the classes"
      ),
      (
        ["train/a/1.png": good, "test/a/": []],
        "D/test/a: no PNG, JPEG or WebP files in this class folder; add images or remove the folder"
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
    #expect(
      try message(files)
        == "D: 2 of 6 images cannot be read: a/2.png (an empty file); b/1.png (no PNG, JPEG or WebP by its first bytes); "
        + "replace, save as PNG, or remove them, or leave such files out with --skip-unreadable")
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
    var files = ["a/1.png": Self.flat(1, 8, 8), "a/2.png": Self.flat(2, 8, 12)]
    #expect(
      try message(files)
        == "D/a/2.png: 8×12 pixels, but D/a/1.png has 8×8; set data.height and data.width, and all become alike")
    files["a/3.png"] = Self.flat(3, 20, 9)
    #expect(
      try message(files)
        == "D: 2 of 3 images differ in size: a/2.png (8×12 pixels, but D/a/1.png has 8×8); "
        + "a/3.png (20×9 pixels, but D/a/1.png has 8×8); set data.height and data.width, and all become alike")
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

  @Test("one image in colour makes all RGB, wherever it comes; grey ones are counted, as are transparent ones")
  func channels() throws {
    let grey = { (value: UInt8) in Self.flat(value, channels: 1) }
    let cases: [[String: [UInt8]]] = [
      ["a/1.png": Self.flat(90), "a/2.png": grey(50), "a/3.png": grey(7), "a/4.png": grey(8)],
      ["a/1.png": grey(90), "a/2.png": grey(50), "a/3.png": Self.flat(7), "a/4.png": grey(8)],
      // The last of four is held out.
      ["a/1.png": grey(90), "a/2.png": grey(50), "a/3.png": grey(7), "a/4.png": Self.flat(8)],
    ]
    for files in cases {
      let directory = try directory(files)
      let data = try ImageFolder.load(directory: directory.path)
      #expect(data.imageShape == [4, 4, 3] && data.notes.contains("3 of 4 images are grey, made RGB"), "\(data.notes)")
      for (place, value) in [90, 50, 7].enumerated() {
        #expect(Array(data.training.bytes(at: place)) == Self.flatPixels(UInt8(value)))
      }
      #expect(Array(data.test.bytes(at: 0)) == Self.flatPixels(8))
      for channels in [1, 3] {
        var options = LoadingOptions()
        options.channels = channels
        let data = try ImageFolder.load(directory: directory.path, options: options)
        #expect(data.imageShape == [4, 4, channels])
        #expect(Array(data.training.bytes(at: 1)) == Self.flatPixels(50, channels: channels))
      }
    }
    var seeThrough = Self.flatPixels(100, channels: 4)
    seeThrough[3] = 51
    let directory = try directory([
      "a/1.png": PNGFile.plain(seeThrough, height: 4, width: 4), "a/2.png": Self.flat(1), "a/3.png": Self.flat(2),
      "a/4.png": PNGFile(
        width: 4, height: 4, color: .rgba, rows: (0..<4).map { _ in (0..<16).map { $0 % 4 == 3 ? 255 : UInt8($0) } }
      ).bytes,
    ])
    let data = try ImageFolder.load(directory: directory.path)
    #expect(data.notes[0] == "1 of 4 images is transparent in parts, laid over black")
    #expect(data.training.bytes(at: 0).prefix(4) == [20, 20, 20, 39])
  }

  @Test("what lies beside and inside class folders is counted; folders of a system are no classes")
  func beside() throws {
    var files = ["3.png": Self.flat(1), "notes.txt": [1], "a/x/y/1.jpeg": [], "a/x/2.png": [], "b/z/1.txt": []]
    for name in ["a/1.png", "a/2.png", "b/1.png", "b/2.png"] { files[name] = Self.flat(9) }
    for name in [
      "__MACOSX/a/._1.png", ".ipynb_checkpoints/1.png", ".git/x", "a/Thumbs.db", "a/desktop.ini", "@eaDir/a/1.png",
    ] { files[name] = [1] }
    let directory = try directory(files)
    let data = try ImageFolder.load(directory: directory.path)
    #expect(data.classNames == ["a", "b"])
    #expect(
      data.notes.prefix(3).map { $0.replacingOccurrences(of: directory.path, with: "D") } == [
        "not used: 1 image beside the class folders, as D/3.png; nothing tells the class",
        "passed over in D, since hidden or a system's: .ipynb_checkpoints, @eaDir, __MACOSX",
        "not used: 2 folders inside class folders, as D/a/x, with 2 images in all",
      ])
  }

  @Test("images in no folder are of one class; a file instead of a folder is answered by what it is")
  func flatFolders() throws {
    var files: [String: [UInt8]] = [:]
    for index in 0..<20 { files["\(index).png"] = Self.flat(UInt8(index)) }
    let directory = try directory(files)
    let data = try ImageFolder.load(directory: directory.path)
    #expect(data.summary == "18 images 4×4×3, no labels; 2 held out")
    #expect(data.notes[0] == "no class folders in \(directory.path): all 20 images are of one class")
    for (name, answer) in [
      ("photos.zip", "an archive, not a folder; unpack it, and name the folder"),
      ("x.png", "a file, not a folder; name the folder that holds the images"),
    ] {
      let file = try directory.write([1], as: name)
      #expect { try ImageFolder.load(directory: file) } throws: { "\($0)" == "\(file): \(answer)" }
    }
  }

  @Test("twenty damaged files are named, the others counted; so are images that are too small")
  func manyFaults() throws {
    var files: [String: [UInt8]] = ["a/good.png": Self.flat(1)]
    for index in 10..<60 { files["a/\(index).png"] = [] }
    let text = try #require(try message(files))
    #expect(text.hasPrefix("D: 50 of 51 images cannot be read: a/10.png (an empty file); a/11.png (an empty file); "))
    #expect(text.contains("; a/29.png (an empty file); and 30 more; replace, save as PNG, or remove them"))
    for index in 10..<13 { files["a/\(index).png"] = Self.flat(1) }
    let small = try message(files) {
      ($0.skipsUnreadable, $0.resolution) = (true, Resolution(height: 64, width: 64))
    }
    #expect(
      small?.hasPrefix("D: 4 of 51 images are too small: a/10.png (4×4 pixels, at least 16×16 are needed for 64×64); ")
        == true)
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
