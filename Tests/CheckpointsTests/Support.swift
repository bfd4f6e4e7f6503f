import Foundation
import Tensors

@testable import Checkpoints

/// A directory of its own for one test, removed with it.
final class TemporaryDirectory {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/checkpoints-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ bytes: [UInt8], as name: String) throws -> String {
    let file = path + "/" + name
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }

  func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
}

func contents(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

/// A safetensors file with this header and data, no checksums.
func foreignFile(_ header: String, data: [UInt8] = []) -> [UInt8] {
  let text = Array(header.utf8)
  return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text + data
}

/// Three small tensors of three types, written to `path`.
func writeSample(to path: String, iteration: Int64 = 7) throws {
  let weights: [Float] = [1, -2, 0.5, .infinity, 3, 4]
  let counter: [Int64] = [iteration]
  let recipe = Array("seed: 1\n".utf8)
  try weights.withUnsafeBytes { weights in
    try counter.withUnsafeBytes { counter in
      try recipe.withUnsafeBytes { recipe in
        try SafetensorsFile.write(
          to: path,
          tensors: [
            StoredTensor("recipe", [8], .uint8, recipe),
            StoredTensor("generator/dense/weight", [2, 3], .float32, weights),
            StoredTensor("cursor", [], .int64, counter),
          ], metadata: ["format": "1", "note": "a \"quoted\" line\nand ü 🙂"])
      }
    }
  }
}

/// Runs `python3` with a script; nil when there is no python3 or it lacks one of the modules.
func python(_ script: String, modules: [String], arguments: [String]) throws -> String? {
  let imports = modules.map { "import \($0)\n" }.joined()
  guard try run(imports, []).status == 0 else { return nil }
  let result = try run(imports + script, arguments)
  return result.status == 0 ? result.output : "python3 ended with \(result.status)"
}

private func run(_ script: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = ["python3", "-c", script] + arguments
  let output = Pipe()
  process.standardOutput = output
  process.standardError = FileHandle.nullDevice
  try process.run()
  let data = output.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return (process.terminationStatus, String(decoding: data, as: UTF8.self))
}
