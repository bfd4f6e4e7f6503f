import Foundation
import Tensors
import Testing

@testable import Checkpoints

@Suite struct SafetensorsFileTests {
  @Test("what is written is read: names, shapes, types, values, metadata")
  func roundTrip() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/a.safetensors"
    try writeSample(to: path)
    let file = try SafetensorsFile(path: path)
    #expect(file.names == ["cursor", "generator/dense/weight", "recipe"])
    #expect(try file.shape(of: "generator/dense/weight") == [2, 3] && file.type(of: "cursor") == .int64)
    #expect(file.metadata == ["format": "1", "note": "a \"quoted\" line\nand ü 🙂"])
    var weights = [Float](repeating: 0, count: 6)
    try weights.withUnsafeMutableBytes { try file.read("generator/dense/weight", shape: [2, 3], into: $0) }
    #expect(weights == [1, -2, 0.5, .infinity, 3, 4])
    var cursor: [Int64] = [0]
    try cursor.withUnsafeMutableBytes { try file.read("cursor", shape: .scalar, type: .int64, into: $0) }
    #expect(cursor == [7])
    try file.verify()
    #expect(try directory.names() == ["a.safetensors"])
  }

  @Test("the layout is the published one: length, JSON padded to 8, data aligned by width")
  func layout() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/a.safetensors"
    try writeSample(to: path)
    let bytes = try contents(path)
    let length = bytes[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    #expect(length % 8 == 0 && bytes.count == 8 + length + 8 + 24 + 8)
    // An independent reader of the header: Foundation's.
    let json = try JSONSerialization.jsonObject(with: Data(bytes[8..<8 + length])) as? [String: Any]
    let weight = json?["generator/dense/weight"] as? [String: Any]
    #expect(weight?["dtype"] as? String == "F32" && weight?["shape"] as? [Int] == [2, 3])
    #expect(weight?["data_offsets"] as? [Int] == [8, 32])
    #expect((json?["__metadata__"] as? [String: String])?["note"] == "a \"quoted\" line\nand ü 🙂")
    #expect(bytes.suffix(8).elementsEqual("seed: 1\n".utf8))
  }

  @Test("Python's safetensors package reads it")
  func pythonPackage() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/a.safetensors"
    try writeSample(to: path)
    let script = """
      import sys
      from safetensors.numpy import load_file
      from safetensors import safe_open
      d = load_file(sys.argv[1])
      m = safe_open(sys.argv[1], 'np').metadata()
      print(sorted(d), d['generator/dense/weight'].tolist(), int(d['cursor']), bytes(d['recipe']), m['format'])
      """
    guard let output = try python(script, modules: ["numpy", "safetensors"], arguments: [path]) else {
      print("skipped: no python3 with numpy and safetensors here")
      return
    }
    #expect(
      output == "['cursor', 'generator/dense/weight', 'recipe'] [[1.0, -2.0, 0.5], [inf, 3.0, 4.0]] 7 b'seed: 1\\n' 1\n"
    )
  }

  @Test("a file of another program, without checksums, is read")
  func foreign() throws {
    // As safetensors 0.4 writes {'a': [1, 2] float32, 'b': [] uint8}, with blanks added.
    let header = """
      {"__metadata__": {"by":"\\u0070y\\ud83d\\ude42"}, "a":{"dtype":"F32","shape":[2],"data_offsets":[0, 8]},
      "b": {"shape":[0],"dtype":"U8","data_offsets":[8,8]}}
      """
    let directory = try TemporaryDirectory()
    let path = try directory.write(foreignFile(header, data: [0, 0, 128, 63, 0, 0, 0, 64]), as: "f")
    let file = try SafetensorsFile(path: path)
    var a: [Float] = [0, 0]
    try a.withUnsafeMutableBytes { try file.read("a", into: $0) }
    #expect(a == [1, 2] && file.metadata == ["by": "py🙂"])
    #expect(throws: CheckpointError.self) { try file.verify() }
  }

  @Test("another model's checkpoint is told by name and shape")
  func mismatch() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/a"
    try writeSample(to: path)
    let file = try SafetensorsFile(path: path)
    var buffer = [Float](repeating: 0, count: 6)
    #expect {
      try buffer.withUnsafeMutableBytes { try file.read("generator/dense/weight", shape: [3, 2], into: $0) }
    } throws: {
      "\($0)"
        == "\(path): tensor generator/dense/weight is F32 [2, 3], needed is F32 [3, 2]; "
        + "this is the checkpoint of another model, use its own recipe"
    }
    #expect { try file.shape(of: "discriminator/x") } throws: { "\($0)".contains("has no tensor discriminator/x") }
  }

  @Test(
    "hostile headers are refused with their reason",
    arguments: [
      ("{}x", "text behind the end"), ("", "{ is missing"), ("[]", "{ is missing"), ("{\"a\":1}", "{ is missing"),
      ("{\"a\":{\"dtype\":\"F99\",\"shape\":[],\"data_offsets\":[0,4]}}", "has dtype \"F99\", known are F32"),
      ("{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", "has 8 bytes instead of 12"),
      ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", "two rising data_offsets"),
      ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,9]}}", "more than 2 numbers"),
      ("{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", "a whole number is missing"),
      ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", "] is missing"),
      ("{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}}", "beyond 2^63"),
      ("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}}", "has the shape"),
      ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", "leaves a gap"),
      ("{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}", "bytes of"),
      (
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]},"
          + "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}", "overlaps"
      ),
      (
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
          + "\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}", "tensor \"a\" occurs twice"
      ),
      ("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", "4 bytes behind the last tensor"),
      ("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", "metadata \"a\" occur twice"),
      ("{\"__metadata__\":{\"a\":{\"b\":1}}}", "\" is missing"), ("{\"\\ud800\":", "half a surrogate"),
      ("{\"a", "a string without end"), ("{\"a\\", "a string without end"), ("{\"a\\x\"", "an unknown escape"),
      ("{\"a\":{\"shape\":" + String(repeating: "[", count: 100_000), "a whole number is missing"),
      (String(repeating: "{\"a\":", count: 100_000), "\"a\" in tensor \"a\""),
    ])
  func hostile(header: String, reason: String) throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write(foreignFile(header, data: [UInt8](repeating: 0, count: 8)), as: "f")
    #expect { try SafetensorsFile(path: path) } throws: {
      "\($0)".hasPrefix(path) && "\($0)".contains(reason)
    }
  }

  @Test("absurd header lengths and short files are refused", arguments: [0, 7, 8, 9, 40])
  func lengths(size: Int) throws {
    let directory = try TemporaryDirectory()
    for length in [UInt64.max, 1 << 63, 1 << 40, 100_000_001, 33] {
      let bytes =
        (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) } + [UInt8](repeating: 32, count: 32)
      let path = try directory.write(Array(bytes.prefix(size)), as: "f")
      #expect(throws: CheckpointError.self) { try SafetensorsFile(path: path) }
    }
  }

  @Test("every flipped bit and every cut of a file is found")
  func damaged() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/a"
    try writeSample(to: path)
    let whole = try contents(path)
    func isFound(_ bytes: [UInt8]) throws -> Bool {
      let path = try directory.write(bytes, as: "damaged")
      do throws(CheckpointError) {
        try SafetensorsFile(path: path).verify()
        return false
      } catch {
        return error.file == path
      }
    }
    #expect(try !isFound(whole))
    for position in 0..<whole.count {
      var bytes = whole
      bytes[position] ^= 1 << UInt8(position % 8)
      #expect(try isFound(bytes), "bit \(position % 8) of byte \(position)")
    }
    for length in stride(from: 0, to: whole.count, by: 3) { #expect(try isFound(Array(whole[..<length]))) }
    #expect(try isFound(whole + [0]))
  }

  @Test("a write that fails leaves nothing behind and the old file alone")
  func failingWrite() throws {
    let directory = try TemporaryDirectory()
    #expect { try writeSample(to: directory.path + "/missing/a") } throws: {
      "\($0)".hasSuffix("/missing/a: cannot create: No such file or directory; check the path")
    }
    // A directory stands in the way of the rename.
    try FileManager.default.createDirectory(atPath: directory.path + "/taken", withIntermediateDirectories: true)
    #expect(throws: CheckpointError.self) { try writeSample(to: directory.path + "/taken") }
    #expect(try directory.names() == ["taken"])
  }
}
