import Foundation
import Testing

@testable import Checkpoints

/// Files that lie: each a clear error, no crash, no memory beyond the file's size and a constant.
@Suite struct HostileFileTests {
  /// What the reader says of a file with this header; nil when it takes it.
  func verdict(_ directory: TemporaryDirectory, _ header: String, data: Int = 0) throws -> String? {
    let path = try directory.write(foreignFile(header, data: [UInt8](repeating: 0, count: data)), as: "f")
    do throws(CheckpointError) { _ = try SafetensorsFile(path: path) } catch { return "\(error)" }
    return nil
  }

  @Test("more tensors or metadata than any model has are refused")
  func counts() throws {
    let directory = try TemporaryDirectory()
    func header(tensors: Int) -> String {
      let records = (0..<tensors).map { "\"\($0)\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}" }
      return "{" + records.joined(separator: ",") + "}"
    }
    #expect(try verdict(directory, header(tensors: 65_536)) == nil)
    #expect(try verdict(directory, header(tensors: 65_537))?.contains("more than 65,536 tensors") == true)
    let metadata = (0...131_072).map { "\"\($0)\":\"\"" }.joined(separator: ",")
    #expect(
      try verdict(directory, "{\"__metadata__\":{" + metadata + "}}")?.contains("more than 131,072 metadata") == true)
  }

  @Test("a header beyond 16 MB is refused before it is read, and never written")
  func headerSize() throws {
    let directory = try TemporaryDirectory()
    let huge = String(repeating: " ", count: (16 << 20) + 1)
    let reason = try verdict(directory, huge)
    #expect(reason?.contains("announces a header of 16777217 bytes in a file of 16,777,225") == true)
    #expect {
      try SafetensorsFile.write(to: directory.path + "/g", tensors: [], metadata: ["recipe": huge])
    } throws: {
      "\($0)".contains("the header would take 16,77")
    }
    #expect(try directory.names() == ["f"])
  }

  @Test("a message stays short, however long the name in it, and holds no control characters")
  func messages() throws {
    let directory = try TemporaryDirectory()
    let long = String(repeating: "\\u001b", count: 100_000)
    let message = try #require(try verdict(directory, "{\"\(long)\":{\"dtype\":\"\(long)\"}}"))
    #expect(message.utf8.count < 5_000 && !message.utf8.contains(0x1B))
  }

  @Test("shapes whose product is beyond 2^63, or zero only at the end, are refused or empty")
  func shapes() throws {
    let directory = try TemporaryDirectory()
    func header(_ shape: String, _ end: String) -> String {
      "{\"a\":{\"dtype\":\"F64\",\"shape\":[\(shape)],\"data_offsets\":[0,\(end)]}}"
    }
    #expect(try verdict(directory, header("9223372036854775807,2,0", "0"))?.contains("has the shape") == true)
    #expect(try verdict(directory, header("0,9223372036854775807,9223372036854775807", "0")) == nil)
    #expect(try verdict(directory, header("9223372036854775808", "0"))?.contains("beyond 2^63") == true)
    #expect(
      try verdict(directory, header("1152921504606846975", "9223372036854775800"))?.contains("bytes of") == true)
    let long = Array(repeating: "1", count: 17).joined(separator: ",")
    #expect(try verdict(directory, header(long, "8"), data: 8)?.contains("more than 16 numbers") == true)
  }

  @Test("5,000 mutated files: each is read or refused, none crashes")
  func mutations() throws {
    let directory = try TemporaryDirectory()
    let header = """
      {"__metadata__":{"by":"\\u0070y\\ud83d\\ude42","n":"1"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},
      "b":{"dtype":"I64","shape":[],"data_offsets":[8,16]}}
      """
    let whole = foreignFile(header, data: [UInt8](repeating: 7, count: 16))
    let words = [
      "{", "}", "[", "]", ",", ":", "\"", "\\", "-", "0", "9223372036854775808", "\\ud83d", "\u{0}", "__metadata__",
    ]
    .map { Array($0.utf8) }
    var state: UInt64 = 7
    func random(_ count: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(count))
    }
    var refused = 0
    for _ in 0..<5_000 {
      var bytes = whole
      for _ in 0...random(3) where !bytes.isEmpty {
        let place = random(bytes.count)
        switch random(5) {
        case 0: bytes[place] ^= 1 << UInt8(random(8))
        case 1: bytes.insert(contentsOf: words[random(words.count)], at: place)
        case 2: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random(8)))
        case 3: bytes.removeSubrange(max(1, place)...)
        default: bytes[random(8) % bytes.count] = UInt8(random(256))
        }
        // In half of the files the length is right, so that the parser sees what was done.
        if random(2) == 0 && bytes.count > 24 {
          let length = bytes.count - 24
          bytes.replaceSubrange(0..<8, with: (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) })
        }
      }
      let path = try directory.write(bytes, as: "m")
      do throws(CheckpointError) {
        let file = try SafetensorsFile(path: path)
        for name in file.names {
          let shape = try file.shape(of: name)
          let count = shape.count * (try file.type(of: name).byteCount)
          #expect(count <= bytes.count)
          var failure: CheckpointError?
          var buffer = [UInt8](repeating: 0, count: count)
          buffer.withUnsafeMutableBytes { buffer in
            do throws(CheckpointError) { try file.read(name, into: buffer) } catch { failure = error }
          }
          if let failure { throw failure }
        }
      } catch {
        refused += 1
        #expect(error.file == path)
      }
    }
    #expect(refused > 2_500)
  }
}
