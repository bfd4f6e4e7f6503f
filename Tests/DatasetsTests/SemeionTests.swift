import Datasets
import Foundation
import Testing

@Suite struct SemeionTests {
  /// Five lines; image k has its first k pixels set and shows class k.
  static let lines: [String] = (0..<5).map { k in
    (0..<256).map { $0 < k ? "1.0000 " : "0.0000 " }.joined() + (0..<10).map { $0 == k ? "1 " : "0 " }.joined()
  }

  func message(_ lines: [String]) throws -> String? {
    let directory = try TemporaryDirectory()
    let path = try directory.write(Array(lines.joined(separator: "\r\n").utf8), as: "semeion.data")
    do throws(DatasetError) {
      _ = try Semeion.load(file: path)
      return nil
    } catch {
      return error.description.replacingOccurrences(of: directory.path + "/", with: "")
    }
  }

  @Test(
    "the real file: 1,275 train, every fifth of 1,593 held out",
    .enabled(if: isShared("data/semeion"), "no shared/data/semeion here"))
  func real() throws {
    let data = try DatasetSource("semeion:\(sharedDirectory)/data/semeion/semeion.data").load()
    #expect(data.imageShape == [16, 16, 1] && data.training.count == 1_275 && data.test.count == 318)
    // Sums from NumPy 2.4.6 over the same file.
    #expect(byteSum(data.training) == 107_174 * 255)
    #expect(byteSum(data.test) == 26_842 * 255)
    #expect((314..<318).map(data.test.label(at:)) == [9, 9, 9, 9])
  }

  @Test("a small file with either line ending reads")
  func small() throws {
    let directory = try TemporaryDirectory()
    for ending in ["\n", "\r\n"] {
      let path = try directory.write(Array((Self.lines.joined(separator: ending) + ending).utf8), as: "s")
      let data = try Semeion.load(file: path)
      #expect(data.training.count == 4 && data.test.count == 1 && data.test.label(at: 0) == 4)
      #expect(Array(data.test.bytes(at: 0)) == [255, 255, 255, 255] + [UInt8](repeating: 0, count: 252))
    }
  }

  @Test("damage is named by line and column")
  func messages() throws {
    var lines = Self.lines
    lines[2] = lines[2].replacingOccurrences(of: "0.0000 0 0", with: "0.0300 0 0")
    #expect(
      try message(lines)
        == "semeion.data: line 3, column 256 is \"0.0300\", neither 0 nor 1; name a Semeion text file")
    lines = Self.lines
    lines[1] = String(lines[1].dropLast(4))
    #expect(try message(lines) == "semeion.data: line 2 has 264 columns of 266; copy the file again")
    lines[1] = Self.lines[1] + "1"
    #expect(try message(lines)?.contains("line 2 has more than 266 columns") == true)
    lines[1] = Self.lines[1].replacingOccurrences(of: "0000 0 1", with: "0000 1 1")
    #expect(try message(lines)?.contains("line 2 names more than one class") == true)
    lines[1] = Self.lines[1].replacingOccurrences(of: "0000 0 1", with: "0000 0 0")
    #expect(try message(lines)?.contains("line 2 names no class") == true)
    #expect(try message([])?.contains("0 images") == true)
  }

  @Test("300 damaged files are refused or read, never crash")
  func damaged() throws {
    var damage = Damage(state: 5)
    let whole = Array(Self.lines.joined(separator: "\n").utf8)
    let directory = try TemporaryDirectory()
    for _ in 0..<300 {
      let path = try directory.write(damage.apply(to: whole), as: "s")
      do throws(DatasetError) { _ = try Semeion.load(file: path) } catch { #expect(error.file == path) }
    }
  }
}
