import Foundation
import Tensors
import Testing

@testable import Datasets

@Suite struct IDXTests {
  static let pixels: [UInt8] = (0..<20 * 6).map { UInt8($0 * 2) }
  static let labels: [UInt8] = (0..<20).map { UInt8($0 % 10) }

  func directory(images: [UInt8]?, labels: [UInt8]?, prefix: String = "t10k", ending: String = "") throws
    -> TemporaryDirectory
  {
    let directory = try TemporaryDirectory()
    if let images { _ = try directory.write(images, as: "\(prefix)-images-idx3-ubyte\(ending)") }
    if let labels { _ = try directory.write(labels, as: "\(prefix)-labels-idx1-ubyte\(ending)") }
    return directory
  }

  /// The message of what loading reports; nil when it loads.
  func message(_ directory: TemporaryDirectory) -> String? {
    do throws(DatasetError) {
      _ = try IDX.load(directory: directory.path)
      return nil
    } catch {
      return error.description.replacingOccurrences(of: directory.path + "/", with: "")
    }
  }

  @Test("plain and gzip files read alike; one pair holds its last fifth out", arguments: ["", ".gz"])
  func small(ending: String) throws {
    let files = [idx([20, 2, 3], Self.pixels), idx([20], Self.labels)].map { ending.isEmpty ? $0 : packed($0) }
    let directory = try directory(images: files[0], labels: files[1], ending: ending)
    let data = try IDX.load(directory: directory.path)
    #expect(data.imageShape == [2, 3, 1] && data.classCount == 10)
    #expect(data.training.count == 16 && data.test.count == 4)
    #expect(
      (0..<16).flatMap { data.training.bytes(at: $0) } + (0..<4).flatMap { data.test.bytes(at: $0) } == Self.pixels)
    #expect((0..<4).map(data.test.label(at:)) == [6, 7, 8, 9])
  }

  @Test("with a train pair, t10k is the test set")
  func both() throws {
    let directory = try directory(
      images: idx([20, 2, 3], Self.pixels), labels: idx([20], Self.labels), prefix: "train")
    _ = try directory.write(idx([1, 2, 3], [9, 8, 7, 6, 5, 4]), as: "t10k-images-idx3-ubyte")
    _ = try directory.write(idx([1], [3]), as: "t10k-labels-idx1-ubyte")
    let data = try IDX.load(directory: directory.path)
    #expect(data.training.count == 20 && data.test.count == 1 && data.test.label(at: 0) == 3)
  }

  @Test("MNIST's t10k: 8,000 train, 2,000 held out", .enabled(if: isShared("data/mnist"), "no shared/data/mnist here"))
  func mnist() throws {
    let data = try DatasetSource("idx:\(sharedDirectory)/data/mnist").load()
    #expect(data.imageShape == [28, 28, 1] && data.training.count == 8_000 && data.test.count == 2_000)
    // Sums and labels from NumPy 2.4.6 over the same files.
    #expect(byteSum(data.training) == 208_058_241)
    #expect(byteSum(data.test) == 56_864_959)
    #expect((0..<5).map(data.training.label(at:)) == [7, 2, 1, 0, 4])
    #expect((0..<5).map(data.test.label(at:)) == [4, 9, 9, 7, 1])
    #expect(data.resized(to: Resolution(height: 32, width: 32)).training.imageShape == [32, 32, 1])
  }

  @Test("damaged files are named with what is wrong and what to do")
  func messages() throws {
    let images = idx([20, 2, 3], Self.pixels)
    let labels = idx([20], Self.labels)
    #expect(
      message(try directory(images: Array(images.dropLast(30)), labels: labels))
        == "t10k-images-idx3-ubyte: 106 bytes of 136; the copy was cut short, copy it again")
    #expect(
      message(try directory(images: packed(Array(images.dropLast(30))), labels: labels, ending: ""))
        == "t10k-images-idx3-ubyte: 106 bytes of 136; the copy was cut short, copy it again")
    #expect(
      message(try directory(images: Array(packed(images).dropLast(12)), labels: packed(labels), ending: ".gz"))?
        .contains("the gzip data go on; the copy was cut short, copy it again") == true)
    #expect(
      message(try directory(images: labels, labels: labels))
        == "t10k-images-idx3-ubyte: starts with 0x00000801, IDX images start with 0x00000803; "
        + "name an IDX file of unsigned bytes")
    #expect(
      message(try directory(images: images, labels: idx([19], Array(Self.labels.dropLast()))))
        == "t10k-labels-idx1-ubyte: 19 labels for 20 images; the two files do not belong together, copy both again")
    #expect(
      message(try directory(images: images, labels: idx([20], Array(Self.labels.dropLast()) + [77])))
        == "t10k-labels-idx1-ubyte: label 77 of image 19 is not below 10; "
        + "set the recipe's number of classes, or copy the file again")
    #expect(message(try directory(images: images + [0], labels: labels))?.contains("goes on behind the 136") == true)
    #expect(
      message(try directory(images: packed(images + [0]), labels: labels))?.contains("goes on behind the 136") == true)
    #expect(message(try directory(images: images, labels: nil))?.contains("missing, its partner is there") == true)
    #expect(message(try directory(images: [], labels: labels))?.contains("0 bytes of 16") == true)
    #expect(message(try directory(images: nil, labels: nil))?.contains("no train-images-idx3-ubyte[.gz]") == true)
    var flipped = packed(images)
    flipped[flipped.count - 6] ^= 1
    let found = message(try directory(images: flipped, labels: packed(labels), ending: ".gz"))
    #expect(found?.contains("damaged gzip data (incorrect data check)") == true, "\(found ?? "loaded")")
  }

  @Test("a header that lies does not take memory", arguments: [[1 << 31, 1 << 31, 1 << 31], [100_000, 10_000, 2]])
  func lyingHeader(extents: [Int]) throws {
    let bytes = idx(extents, Self.pixels)
    for file in [bytes, packed(bytes)] {
      let found = message(try directory(images: file, labels: idx([20], Self.labels)))
      let isRefused = found?.contains("copy") == true || found?.contains(" times the file's ") == true
      #expect(isRefused, "\(found ?? "loaded")")
    }
  }

  @Test("600 damaged files are refused or read, never crash")
  func damaged() throws {
    var damage = Damage(state: 2_024)
    let files = [idx([20, 2, 3], Self.pixels), idx([20], Self.labels)]
    var refused = 0
    for round in 0..<600 {
      let isPacked = round % 2 == 0
      let whole = isPacked ? files.map(packed) : files
      let images = damage.apply(to: whole[0])
      let labels = round % 5 == 0 ? damage.apply(to: whole[1]) : whole[1]
      let directory = try directory(images: images, labels: labels, ending: isPacked ? ".gz" : "")
      if let message = message(directory) {
        refused += 1
        #expect(message.contains("; "), "\(message)")
      }
    }
    #expect(refused > 300)
  }
}
