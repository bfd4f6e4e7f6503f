import Testing

@testable import Datasets

@Suite struct OverlapTests {
  @Test("held-out samples that are also trained on are warned of in every kind of data")
  func kinds() throws {
    let directory = try TemporaryDirectory()
    let folder = try ImageFolderTests().directory([
      "train/a/1.png": ImageFolderTests.flat(1), "train/a/2.png": ImageFolderTests.flat(2),
      "test/a/x.png": ImageFolderTests.flat(2),
    ])
    let pixels = (0..<3 * 16).map { UInt8($0 * 5) }
    for part in ["train", "t10k"] {
      _ = try directory.write(idx([3, 4, 4], pixels), as: "\(part)-images-idx3-ubyte")
      _ = try directory.write(idx([3], [0, 1, 2]), as: "\(part)-labels-idx1-ubyte")
    }
    let record = [3] + (0..<3_072).map { UInt8($0 % 256) }
    for name in ["data_batch_1.bin", "test_batch.bin"] { _ = try directory.write(record, as: name) }
    let table = try directory.write(
      Array("a,b\n".utf8) + Array((0..<20).map { _ in "1,2\n" }.joined().utf8), as: "t.csv")
    for (source, count) in [
      ("folder:\(folder.path)", "1 of 1"), ("idx:\(directory.path)", "3 of 3"), ("cifar10:\(directory.path)", "1 of 1"),
      ("csv:\(table)", "2 of 2"),
    ] {
      let warnings = try DatasetSource(source).load().warnings
      #expect(
        warnings.contains(
          "\(count) held-out samples are also trained on: what is measured on held-out data looks better than it is"),
        "\(source): \(warnings)")
    }
  }
}
