import Foundation
import Tensors
import Testing

@testable import Datasets

@Suite struct CIFARTests {
  /// Records whose image `i` has planes of i, i + 1 and i + 2 and a first pixel that marks it.
  func records(_ kind: CIFAR, _ labels: [Int], first: Int = 0) -> [UInt8] {
    var records: [UInt8] = []
    for (i, label) in labels.enumerated() {
      if kind == .hundred { records.append(UInt8(label % 20)) }
      records.append(UInt8(label))
      for plane in 0..<3 {
        records.append(UInt8(200 + plane))
        records += [UInt8](repeating: UInt8((first + i) % 100 + plane), count: 1_023)
      }
    }
    return records
  }

  func directory(_ files: [String: [UInt8]]) throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    for (name, bytes) in files { _ = try directory.write(bytes, as: name) }
    return directory
  }

  func message(_ directory: TemporaryDirectory, _ kind: CIFAR = .ten) -> String? {
    do throws(DatasetError) {
      _ = try kind.load(directory: directory.path)
      return nil
    } catch {
      return error.description.replacingOccurrences(of: directory.path, with: "D")
    }
  }

  @Test("batches come in the order of their names, planes become pixels")
  func ten() throws {
    let directory = try directory([
      "data_batch_2.bin": records(.ten, [3, 4], first: 10), "data_batch_1.bin": records(.ten, [0, 1, 9]),
      "test_batch.bin": records(.ten, [7], first: 50), "readme.html": [1],
      "batches.meta.txt": Array("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n".utf8),
    ])
    let data = try DatasetSource("cifar10:\(directory.path)").load()
    #expect(data.name == "cifar10" && data.imageShape == [32, 32, 3] && data.notes.isEmpty)
    #expect(data.classNames == "abcdefghij".map(String.init))
    #expect((0..<data.training.count).map(data.training.label(at:)) == [0, 1, 9, 3, 4])
    let expected: [UInt8] = [200, 201, 202] + (0..<1_023).flatMap { _ in [10, 11, 12] as [UInt8] }
    #expect(Array(data.training.bytes(at: 3)) == expected)
    #expect(data.test.count == 1 && data.test.label(at: 0) == 7 && data.test.bytes(at: 0).last == 52)
  }

  @Test("of the two labels of CIFAR-100 the fine one counts")
  func hundred() throws {
    let directory = try directory(["train.bin": records(.hundred, [99, 23, 4]), "test.bin": records(.hundred, [55])])
    let data = try DatasetSource("cifar100:\(directory.path)").load()
    #expect(data.name == "cifar100" && data.classCount == 100 && data.classNames[42] == "42")
    #expect((0..<3).map(data.training.label(at:)) == [99, 23, 4] && data.test.label(at: 0) == 55)
    #expect(Array(data.training.bytes(at: 2).prefix(6)) == [200, 201, 202, 2, 3, 4])
  }

  @Test("without a test file the last tenth is held out, and said to be")
  func heldOut() throws {
    let directory = try directory(["data_batch_5.bin": records(.ten, (0..<25).map { $0 % 10 })])
    let data = try CIFAR.ten.load(directory: directory.path)
    #expect(data.training.count == 23 && data.test.count == 2)
    #expect((0..<2).map(data.test.label(at:)) == [3, 4] && data.test.bytes(at: 0).last == 25)
    #expect(data.notes == ["no test_batch.bin in \(directory.path): the last 2 of 25 images are held out"])
  }

  @Test("images come at another size and in grey when asked for")
  func adapted() throws {
    let directory = try directory(["data_batch_1.bin": records(.ten, [Int](repeating: 1, count: 600))])
    var options = LoadingOptions()
    options.resolution = Resolution(height: 16, width: 16)
    options.channels = 1
    let data = try CIFAR.ten.load(directory: directory.path, options: options)
    #expect(data.imageShape == [16, 16, 1] && data.training.count == 540)
    // Channels of 0, 1, 2 have the mean 1; in the corner (201 + 1 + 1 + 1) / 4.
    #expect(Array(data.training.bytes(at: 0)) == [51] + [UInt8](repeating: 1, count: 255))
    #expect(data.training.bytes(at: 539).last == 40)
    options.channels = 3
    options.resolution = Resolution(height: 64, width: 64)
    #expect(try CIFAR.ten.load(directory: directory.path, options: options).imageShape == [64, 64, 3])
  }

  @Test("what is wrong with the files is named")
  func messages() throws {
    let good = records(.ten, [Int](0..<10))
    var bad = good
    bad[3 * 3_073] = 77
    var coarse = records(.hundred, [Int](0..<10))
    coarse[2 * 3_074] = 20
    let cases: [([String: [UInt8]], CIFAR, String)] = [
      (
        ["x": []], .ten,
        "D: no data_batch_*.bin in it; name the directory that holds the binary version's files, as in cifar10:DIR"
      ),
      (
        ["test.bin": []], .hundred,
        "D: no train.bin in it; name the directory that holds the binary version's files, as in cifar100:DIR"
      ),
      (
        ["data_batch_1": []], .ten,
        "D: no data_batch_*.bin in it; these are the files for Python; take the binary version"
      ),
      (
        ["data_batch_1.bin": Array(good.dropLast())], .ten,
        "D/data_batch_1.bin: 30,729 bytes, no multiple of 3,073 (one image with its label); "
          + "the copy was cut short or this is no binary file of cifar10, copy it again"
      ),
      (
        ["data_batch_1.bin": good, "test_batch.bin": []], .ten,
        "D/test_batch.bin: 0 bytes, no multiple of 3,073 (one image with its label); "
          + "the copy was cut short or this is no binary file of cifar10, copy it again"
      ),
      (
        ["train.bin": good], .hundred,
        "D/train.bin: 30,730 bytes, no multiple of 3,074 (one image with its label); "
          + "the copy was cut short or this is no binary file of cifar100, copy it again"
      ),
      (
        ["data_batch_1.bin": bad], .ten,
        "D/data_batch_1.bin: image 3: label 77 is not below 10; "
          + "the file is damaged or no binary file of cifar10, copy it again"
      ),
      (
        ["train.bin": coarse], .hundred,
        "D/train.bin: image 2: coarse label 20 is not below 20; "
          + "the file is damaged or no binary file of cifar100, copy it again"
      ),
      (
        ["data_batch_1.bin": Array(good.prefix(9 * 3_073))], .ten,
        "D: no test_batch.bin, and 9 images are too few to hold some out; add test_batch.bin"
      ),
      (
        ["data_batch_1.bin": good, "batches.meta.txt": Array("a\nb\n".utf8)], .ten,
        "D/batches.meta.txt: 2 names for 10 classes; copy the file again, or remove it to go by numbers"
      ),
    ]
    for (files, kind, expected) in cases { #expect(message(try directory(files), kind) == expected) }
    #expect { try DatasetSource("cifar10:/nowhere").load() } throws: {
      "\($0)" == "/nowhere: cannot list: No such file or directory; check the path"
        && ($0 as? DatasetError)?.cause == .missing
    }
  }

  @Test("names of classes come in one line and in no great number")
  func hostileNames() throws {
    let list = (0..<10).map { "n\($0)\u{1B}[31m\n" }.joined()
    let directory = try directory(["data_batch_1.bin": records(.ten, [0, 1]), "batches.meta.txt": Array(list.utf8)])
    _ = try directory.write(records(.ten, [2]), as: "test_batch.bin")
    #expect(try CIFAR.ten.load(directory: directory.path).classNames[3] == #"n3\u{1B}[31m"#)
    _ = try directory.write([UInt8](repeating: 0x0A, count: 65_537), as: "batches.meta.txt")
    #expect(message(directory)?.hasPrefix("D/batches.meta.txt: 65,537 bytes are no list of 10 names; ") == true)
    // The name of a file in a message as well.
    _ = try directory.write([], as: "batches.meta.txt")
    try FileManager.default.removeItem(atPath: directory.path + "/batches.meta.txt")
    _ = try directory.write([1], as: "data_batch_\n.bin")
    #expect(message(directory)?.hasPrefix(#"D/data_batch_\n.bin: 1 bytes"#) == true)
  }

  @Test("500 damaged files are refused or read, never crash")
  func damaged() throws {
    var damage = Damage(state: 5)
    let (good, names) = (records(.ten, [Int](0..<10)), Array("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n".utf8))
    var refused = 0
    for round in 0..<500 {
      let isNoise = round % 5 == 0
      let noise = isNoise ? (0..<3_073).map { _ in UInt8.random(in: 0...255, using: &damage) } : []
      let files = [
        "data_batch_1.bin": isNoise ? noise : damage.apply(to: good), "test_batch.bin": good,
        "batches.meta.txt": round % 7 == 0 ? damage.apply(to: names) : names,
      ]
      if let message = message(try directory(files)) {
        refused += 1
        #expect(message.contains("; "), "\(message)")
      }
    }
    #expect(refused > 200, "\(refused)")
  }

  @Test(
    "shared/data/cifar10: 10,000 train, 2,000 test", .enabled(if: isShared("data/cifar10"), "no shared/data/cifar10"))
  func shared() throws {
    let data = try DatasetSource("cifar10:\(sharedDirectory)/data/cifar10").load()
    #expect(data.summary == "10,000 images 32×32×3, 10 classes, 1,000 each; 2,000 held out")
    #expect(data.classNames[0] == "airplane" && data.classNames[9] == "truck" && data.warnings.isEmpty)
    // Sums, labels and the first pixels from NumPy 2.4.6 over the same files.
    #expect(byteSum(data.training) == 3_717_219_661 && byteSum(data.test) == 752_091_612)
    #expect((0..<8).map(data.training.label(at:)) == [3, 8, 1, 0, 4, 0, 9, 3])
    #expect(Array(data.training.bytes(at: 0).prefix(6)) == [193, 195, 194, 212, 214, 213])
    #expect(Array(data.test.bytes(at: 1_999).suffix(6)) == [8, 26, 14, 5, 23, 7])
  }
}
