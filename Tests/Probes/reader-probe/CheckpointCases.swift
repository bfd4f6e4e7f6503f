import Checkpoints
import Communication
import Files
import Tensors
import Training

/// Safetensors files: our own, damaged; and headers made up by somebody who knows the format.
struct CheckpointCases: CaseMaker {
  private let own: [UInt8]
  private let name = "iteration-00000007.safetensors"
  /// Behind the length and `{"__metadata__":{"crc32c":"`.
  private let checksumOffset = 8 + #"{"__metadata__":{"crc32c":""#.utf8.count

  init() throws {
    let path = temporaryPath("checkpoint")
    let weights = (0..<300).map { Float($0) * 0.37 }
    let counter: [Int64] = [7]
    try weights.withUnsafeBytes { weights in
      try counter.withUnsafeBytes { counter in
        try SafetensorsFile.write(
          to: path,
          tensors: [
            StoredTensor("generator/dense/weight", [20, 15], .float32, weights),
            StoredTensor("cursor", [], .int64, counter),
            StoredTensor("nothing", [0, 5], .uint8, UnsafeRawBufferPointer(start: nil, count: 0)),
          ], metadata: ["format": "lockstep", "iteration": "7", "recipe": Recipe.embedded[0].yaml])
      }
    }
    own = try InputFile(path: path).bytes()
    try Directories.remove(file: path)
  }

  func makeCase(_ dice: inout Dice) -> Case {
    switch dice.below(10) {
    case 0, 1: return Case("damaged", name, dice.damaged(own, beside: foreign(Self.plainHeader, data: 12)))
    case 3: return Case("lying header length", name, dice.lying(own, at: 0, size: 8, isBigEndian: false))
    case 4, 5: return Case("damaged header, checksum mended", name, mended(damagedHeader(&dice)))
    case 6: return Case("lying numbers", name, foreign(lyingHeader(&dice), data: dice.below(100)))
    case 2 where dice.one(in: 4): return Case("as it should be", name, own)
    case 7 where dice.one(in: 20): return Case("huge header", name, foreign(hugeHeader(&dice), data: 0))
    default: return Case("hostile JSON", name, foreign(HostileJSON.header(&dice), data: dice.pick([0, 4, 8, 12])))
    }
  }

  func read(_ directory: String, _ dice: inout Dice) throws {
    let file = try SafetensorsFile(path: "\(directory)/\(name)")
    for name in file.names {
      let (shape, type) = (try file.shape(of: name), try file.type(of: name))
      var bytes = [UInt8](repeating: 0, count: shape.count * type.byteCount)
      try bytes.withUnsafeMutableBytes { try file.read(name, shape: shape, type: type, into: $0) }
    }
    if let recipe = file.metadata["recipe"] { _ = try Recipe(yaml: recipe, origin: "\(file.path): recipe") }
    try file.verify()
  }

  private static let plainHeader = Array(
    #"{"a":{"dtype":"F32","shape":[1,3],"data_offsets":[0,12]}}"#.utf8)

  private func foreign(_ header: [UInt8], data: Int) -> [UInt8] {
    joined(littleEndian(UInt64(header.count)), header, [UInt8](repeating: 1, count: data))
  }

  /// Damage inside the header; lengths are set right again.
  private func damagedHeader(_ dice: inout Dice) -> [UInt8] {
    let length = own[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = dice.damaged(Array(own[8..<8 + length]), beside: Self.plainHeader)
    return joined(littleEndian(UInt64(header.count)), header, Array(own[(8 + length)...]))
  }

  /// With the checksum that the header's bytes should have.
  private func mended(_ bytes: [UInt8]) -> [UInt8] {
    let length = bytes[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    let place = checksumOffset..<checksumOffset + 8
    guard length + 8 <= bytes.count, place.upperBound <= 8 + length else { return bytes }
    var result = bytes
    result.replaceSubrange(place, with: repeated("0", 8))
    let digits = String(result[8..<8 + length].withUnsafeBytes(CRC32C.checksum), radix: 16)
    result.replaceSubrange(place, with: repeated("0", 8 - digits.count) + Array(digits.utf8))
    return result
  }

  private func lyingHeader(_ dice: inout Dice) -> [UInt8] {
    let number = { (dice: inout Dice) in dice.one(in: 3) ? "\(dice.below(30))" : "\(dice.pick(extremes))" }
    let shape = (0..<dice.below(18)).map { _ in number(&dice) }.joined(separator: ",")
    let type = dice.pick(["F32", "F64", "I64", "U8"])
    let (low, high) = (number(&dice), number(&dice))
    return Array(
      "{\"a\":{\"dtype\":\"\(type)\",\"shape\":[\(shape)],\"data_offsets\":[\(low),\(high)]}}".utf8)
  }

  /// As many entries as a few megabytes can hold.
  private func hugeHeader(_ dice: inout Dice) -> [UInt8] {
    let count = 20_000 + dice.below(300_000)
    var text = Array("{".utf8)
    let isMetadata = dice.one(in: 2)
    if isMetadata { text += Array("\"__metadata__\":{".utf8) }
    for index in 0..<count {
      if index > 0 { text.append(UInt8(ascii: ",")) }
      text += Array(
        (isMetadata ? "\"\(index)\":\"\"" : "\"\(index)\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}").utf8
      )
    }
    return text + Array((isMetadata ? "}}" : "}").utf8)
  }
}

/// Checkpoints that are whole, but whose metadata ask for a model that they do not hold.
struct ModelCases: CaseMaker {
  private let name = "model.safetensors"

  func makeCase(_ dice: inout Dice) -> Case {
    let shapes = [
      "16×16×1", "4096×4096×4096", "4096×4096×1", "0×16×1", "16×16", "−16×16×1", "99999999999999999999×1×1", "", "×××",
      "1×1×1", "7×3×2",
    ]
    let recipes =
      Recipe.embedded.map(\.yaml) + [
        "", "{", "seed: 1", "model: {noiseSize: 65536, generator: {hiddenBefore: [65536, 65536]}}",
        "model: {generator: {hiddenBefore: [65536, 65536, 65536], tokens: 65536, attention: {units: 65536}}}",
        "model: {kind: sagan, generator: {channels: [65536, 65536, 65536]}, discriminator: {channels: [65536, 65536]}}",
      ]
    let pairs = [
      ("recipe", dice.pick(recipes)), ("imageShape", dice.pick(shapes)),
      ("conditionSize", dice.pick(["10", "65536", "65537", "0", "-1", "9999999999999999999999", "", "ten"])),
      ("iteration", dice.pick(["7", "-7", "9223372036854775807", "9223372036854775808", ""])),
    ]
    let metadata = (pairs + pairs.prefix(dice.below(1))).filter { _ in !dice.one(in: 20) }
    let text = metadata.map { "\"\($0)\":\(HostileJSON.quoted($1))" }.joined(separator: ",")
    let header = Array("{\"__metadata__\":{\(text)}}".utf8)
    return Case("lying metadata", name, littleEndian(UInt64(header.count)) + header)
  }

  func read(_ directory: String, _ dice: inout Dice) throws {
    _ = try SavedModel(path: "\(directory)/\(name)", communicator: SoloCommunicator())
  }
}
