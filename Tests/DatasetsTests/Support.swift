import CZlib
import Datasets
import Foundation

/// A directory of its own for one test, removed with it.
final class TemporaryDirectory {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/datasets-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ bytes: [UInt8], as name: String) throws -> String {
    let file = path + "/" + name
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }
}

/// Where the data for tests lie: `LOCKSTEP_SHARED`, or `shared` beside the repository.
let sharedDirectory: String =
  ProcessInfo.processInfo.environment["LOCKSTEP_SHARED"]
  ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared").path

func isShared(_ path: String) -> Bool { FileManager.default.fileExists(atPath: sharedDirectory + "/" + path) }

func read(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

/// Sum over all pixels of all images.
func byteSum(_ images: ImageSet) -> Int {
  var sum = 0
  for index in 0..<images.count { for byte in images.bytes(at: index) { sum += Int(byte) } }
  return sum
}

/// The bytes as one gzip member.
func packed(_ bytes: [UInt8]) -> [UInt8] {
  var stream = z_stream()
  let version = zlibVersion()
  let size = Int32(MemoryLayout<z_stream>.size)
  guard deflateInit2_(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, version, size) == Z_OK else { return [] }
  defer { deflateEnd(&stream) }
  var input = bytes
  var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))))
  input.withUnsafeMutableBufferPointer { source in
    output.withUnsafeMutableBufferPointer { target in
      stream.next_in = source.baseAddress
      stream.avail_in = UInt32(source.count)
      stream.next_out = target.baseAddress
      stream.avail_out = UInt32(target.count)
      _ = deflate(&stream, Z_FINISH)
    }
  }
  return Array(output.prefix(Int(stream.total_out)))
}

/// An IDX file of unsigned bytes.
func idx(_ extents: [Int], _ values: [UInt8]) -> [UInt8] {
  var bytes: [UInt8] = [0, 0, 8, UInt8(extents.count)]
  for extent in extents { bytes += (0..<4).map { UInt8(truncatingIfNeeded: extent >> (24 - 8 * $0)) } }
  return bytes + values
}

/// Small reproducible numbers for damage and contents (xorshift64).
struct Damage: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }

  /// The bytes with a few flipped, cut off, doubled or overwritten.
  mutating func apply(to bytes: [UInt8]) -> [UInt8] {
    var damaged = bytes
    for _ in 0...Int.random(in: 0..<3, using: &self) where !damaged.isEmpty {
      let at = Int.random(in: 0..<damaged.count, using: &self)
      switch Int.random(in: 0..<5, using: &self) {
      case 0: damaged[at] ^= 1 << UInt8.random(in: 0..<8, using: &self)
      case 1: damaged.removeSubrange(at...)
      case 2: damaged[min(at, Int.random(in: 0..<24, using: &self))] = UInt8.random(in: 0...255, using: &self)
      case 3: damaged.insert(contentsOf: damaged[at..<min(damaged.count, at + 9)], at: at)
      default: for i in at..<min(damaged.count, at + 4) { damaged[i] = 0xFF }
      }
    }
    return damaged
  }
}
