import Foundation
import Testing

@testable import Datasets

/// Classes that a file beside the images lists.
@Suite struct ImageLabelsTests {
  private func directory(images: [String], texts: [String: String]) throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    for (place, name) in images.enumerated() {
      let folder = directory.path + "/" + name[..<(name.lastIndex(of: "/") ?? name.startIndex)]
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      _ = try directory.write(ImageFolderTests.flat(UInt8(place)), as: name)
    }
    for (name, text) in texts { _ = try directory.write(Array(text.utf8), as: name) }
    return directory
  }

  /// The class of every image by its first byte, which is its place.
  private func classes(_ data: Dataset) -> [Int: String] {
    var classes: [Int: String] = [:]
    for set in [data.training, data.test] {
      for index in 0..<set.count {
        classes[Int(set.bytes(at: index).first ?? 0)] = data.classNames[set.label(at: index)]
      }
    }
    return classes
  }

  private func load(_ directory: TemporaryDirectory, label: String? = nil) throws -> Dataset {
    var options = LoadingOptions()
    options.labelColumn = label
    return try DatasetSource("folder:\(directory.path)").load(options)
  }

  private func message(_ directory: TemporaryDirectory) -> String? {
    do { _ = try load(directory) } catch { return "\(error)".replacingOccurrences(of: directory.path, with: "D") }
    return nil
  }

  private let names = ["red", "green", "blue"]

  @Test("StyleGAN's dataset.json: numbers, names and one-hot rows; its folders are no classes")
  func json() throws {
    let images = (0..<24).map { "0000\($0 / 12)/img\($0).png" }
    let forms = [
      (0..<24).map { String($0 % 3 + 9) }, (0..<24).map { "\"\(names[$0 % 3])\"" },
      (0..<24).map { ["[1,0,0]", "[0,1,0]", "[0,0,1]"][$0 % 3] },
    ]
    let expected: [[String]] = [["9", "10", "11"], names, ["0", "1", "2"]]
    for (form, classNames) in zip(forms, expected) {
      let rows = (0..<24).map { "[\"\(images[$0])\", \(form[$0])]" }
      let data = try load(
        directory(images: images, texts: ["dataset.json": "{\"labels\": [\(rows.joined(separator: ", "))]}"]))
      #expect(classes(data) == Dictionary(uniqueKeysWithValues: (0..<24).map { ($0, classNames[$0 % 3]) }))
      #expect(data.classCount == 3 && data.warnings.isEmpty && data.test.count == 3)
    }
    #expect(
      try load(directory(images: images, texts: ["dataset.json": "{\"labels\": null}"])).summary
        == "22 images 4×4×3, no labels; 2 held out")
  }

  /// `#` stands for the number of an image, `@` for its class, `FOLDER` for the name of the directory.
  @Test(
    "a table names files in any of the usual ways",
    arguments: [
      ("labels.csv", "file,label", "img#.png,@"), ("train.csv", "id_code,diagnosis", "img#,@"),
      ("x.tsv", "label\tfilename", "@\tFOLDER/img#.png"), ("metadata.csv", "file_name;age;class", "./img#.png;#;@"),
      ("a.csv", "", "img#.png,@"), ("b.csv", ",path,target", "#,/data/all/img#.png,@"),
      ("c.csv", "image,label", "\"img#.png\",\"@\""),
    ])
  func tables(name: String, header: String, line: String) throws {
    let lines = (0..<21).map { place in
      line.replacingOccurrences(of: "#", with: String(place)).replacingOccurrences(of: "@", with: names[place % 3])
    }
    let rows = (header.isEmpty ? [] : [header]) + lines
    let images = (0..<21).map { "img\($0).png" }
    let directory = try directory(images: images, texts: [:])
    let folder = directory.path.split(separator: "/").last ?? ""
    let text = rows.joined(separator: "\n").replacingOccurrences(of: "FOLDER", with: folder)
    _ = try directory.write(Array((text + "\n").utf8), as: name)
    let data = try load(directory)
    #expect(data.classNames == ["blue", "green", "red"])
    #expect(classes(data) == Dictionary(uniqueKeysWithValues: (0..<21).map { ($0, names[$0 % 3]) }))
    #expect(data.warnings.isEmpty, "\(data.warnings)")
    #expect(data.notes[0].hasPrefix("classes are those of \(directory.path)/\(name), column "))
  }

  @Test("train/ without class folders is labelled by the table beside it; images of no known class are not used")
  func parts() throws {
    let images = (0..<12).map { "train/\($0).png" } + ["test/90.png"]
    let rows = (0..<12).map { "\($0),\(names[$0 % 2])" }
    let directory = try directory(images: images, texts: ["train.csv": "id,breed\n" + rows.joined(separator: "\n")])
    let data = try load(directory)
    #expect(data.classNames == ["green", "red"] && data.training.count == 10 && data.test.count == 2)
    #expect(data.notes.contains("not used, since nothing tells their classes: the images of \(directory.path)/test"))
    // With a table for test/, too.
    _ = try directory.write(Array("id,breed\n90,red\n".utf8), as: "test.csv")
    let both = try load(directory)
    #expect(both.training.count == 12 && classes(both)[12] == "red" && both.test.count == 1)
  }

  @Test("what is listed and not there, and there and not listed, is counted with the first of each")
  func gaps() throws {
    let rows = (2..<25).map { "img\($0).png,\(names[$0 % 3])" }
    let directory = try directory(
      images: (0..<20).map { "img\($0).png" }, texts: ["labels.csv": "file,label\n" + rows.joined(separator: "\n")])
    let data = try load(directory)
    #expect(
      data.warnings.map { $0.replacingOccurrences(of: directory.path, with: "D") } == [
        "5 of 23 images that D/labels.csv lists are not there, the first img20.png",
        "2 of 20 images are not used, since D/labels.csv does not list them, the first D/img0.png",
      ])
    #expect(data.training.count + data.test.count == 18)
  }

  @Test("lists that leave the class open are refused with what to do")
  func refusals() throws {
    let images = (0..<4).map { "img\($0).png" }
    let cases: [(String, String, String)] = [
      (
        "l.csv", "file,label\nimg0.png,a\nimg1.png,\n",
        "D/l.csv: line 3: no class of img1.png; give it one, under another word if it is called so, or remove the line"
      ),
      (
        "l.csv", "file,foo,bar\nimg0.png,a,b\nimg1.png,b,a\n",
        "D/l.csv: lists images, but which column has their class is not clear; name it in data.label; there are foo, bar"
      ),
      (
        "l.csv", "file,label\nimg0.png,a\nimg0.png,b\n",
        "D/l.csv: img0.png has two classes, a and b; list every image once; several labels an image go into an .npz as y, "
          + "one column each"
      ),
      (
        "dataset.json", "{\"labels\": [[\"img0.png\", 1.5]]}",
        "D/dataset.json: entry 1 of labels is no file with the number or name of its class; write [[\"img0.png\", 3], …]"
      ),
      (
        "dataset.json", "{\"labels\": [[\"x.png\", 1]]}",
        "D/dataset.json: none of the 1 images that it lists is there, as x.png; put them beside it, or remove it"
      ),
      ("dataset.json", "{", "D/dataset.json: is no JSON (byte 1: \" is missing); write it again, or remove it"),
    ]
    for (name, text, expected) in cases {
      let directory = try directory(images: images, texts: [name: text])
      #expect(message(directory) == expected)
    }
    // The remedy works.
    let open = try directory(images: images, texts: ["l.csv": "file,foo,bar\nimg0.png,a,b\nimg1.png,a,c\n"])
    #expect(try load(open, label: "foo").classNames == ["a"])
    // A table of something else is mentioned.
    let other = try directory(images: images, texts: ["scores.csv": "epoch,loss\n1,2\n"])
    #expect(
      try load(other).warnings
        .contains("\(other.path)/scores.csv is not used: none of its columns names images of \(other.path)"))
  }

  @Test("class folders stay classes beside a table that says the same, and give way to one that does not")
  func foldersAndTables() throws {
    let images = (0..<20).map { "\($0 < 10 ? "a" : "b")/\($0).png" }
    let same = try directory(
      images: images,
      texts: ["list.csv": "file,label\n" + (0..<20).map { "\(images[$0]),\($0 < 10 ? 7 : 8)\n" }.joined()])
    let data = try load(same)
    #expect(data.classNames == ["a", "b"])
    #expect(data.notes.contains("\(same.path)/list.csv is not used: the folders tell the same classes"))
    let other = try directory(
      images: images, texts: ["list.csv": "file,label\n" + (0..<20).map { "\(images[$0]),\(names[$0 % 3])\n" }.joined()]
    )
    #expect(try load(other).classNames == ["blue", "green", "red"])
    // What is no list of images, or cannot be read as a table, hurts nobody there.
    let stray = try directory(images: images, texts: ["log.csv": "a,b\n1\n\"x", "dataset.json": "{\"title\": 1}"])
    #expect(try load(stray).classNames == ["a", "b"])
  }
}
