import CZlib
import Datasets
import Files
import NumPyFiles

/// Arrays of NumPy in a zip file, alone, and in a directory: damaged, with lying headers, sizes and directories.
struct ArrayCases: CaseMaker {
  private static let count = 30
  private static let headers = [
    "{'descr': '|u1', 'fortran_order': False, 'shape': (30, 8, 8), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (30, 3), }",
    "{'descr': '>i2', 'fortran_order': False, 'shape': (30, 8, 8, 3), }",
    "{'descr': '|b1', 'fortran_order': False, 'shape': (30, 8, 8), }",
    "{'descr': '<f2', 'fortran_order': False, 'shape': (30, 5), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (30, 4, 2), }",
  ]
  private static let sizes = [30 * 64, 30 * 3 * 8, 30 * 192 * 2, 30 * 64, 30 * 5 * 2, 30 * 8 * 4]

  func makeCase(_ dice: inout Dice) -> Case {
    var arrays = self.arrays(&dice)
    let kind = dice.pick([
      "damaged", "lying headers", "lying zip", "hostile names", "as it should be", "much of nothing",
    ])
    switch kind {
    case "lying headers": for _ in 0...dice.below(2) { lie(&arrays, &dice) }
    case "hostile names": arrays[dice.below(arrays.count)].name = dice.pick(Self.names)
    case "much of nothing":
      let rows = dice.pick([3_000, 300_000, 5_000_000])
      let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (\(rows), 4, 5), }"
      arrays[0].bytes = Self.file(header) + [UInt8](repeating: 0, count: 20 * rows)
    default: break
    }
    let form = kind == "much of nothing" ? 0 : dice.below(4)
    if form == 1 {
      let bytes = arrays[0].bytes
      return make(kind, [("a.npy", kind == "damaged" ? dice.damaged(bytes, beside: arrays[1].bytes) : bytes)])
    }
    if form == 2 {
      let at = dice.below(arrays.count)
      if kind == "damaged" { arrays[at].bytes = dice.damaged(arrays[at].bytes, beside: arrays[0].bytes) }
      return make(kind, arrays.filter { !$0.name.contains("/") }.map { ("d/\($0.name).npy", $0.bytes) })
    }
    var zip = Self.zip(arrays.map { ($0.name + ".npy", $0.bytes) }, &dice, lies: kind == "lying zip")
    if kind == "damaged" { zip = dice.damaged(zip, beside: arrays[0].bytes) }
    return make(kind, [("a.npz", zip)])
  }

  func read(_ directory: String, _ dice: inout Dice) throws {
    var options = LoadingOptions()
    options.kind = dice.pick([nil, nil, .images, .vectors, .sequences])
    options.condition = dice.pick([.automatic, .classes, .continuous, .mixed])
    options.range = options.kind == .images && dice.one(in: 3) ? -1...Double(1 + dice.below(300)) : nil
    options.dropsNonFinite = dice.one(in: 3)
    options.limits.unpackedBytes = 1 << 25
    if dice.one(in: 3) { options.resolution = Resolution(height: 16, width: 12) }
    let names = try Directories.names(in: directory)
    let path = "\(directory)/\(names.first ?? "d")"
    let dataset = try DatasetSource.numpy(path: path).load(options)
    try walk(dataset)
    // What has been read is packed, and what is packed is read alike.
    let packed = "\(directory)/packed.npz"
    try DataPack.write(dataset, to: packed)
    var again = LoadingOptions()
    again.condition = options.condition
    let read = try DatasetSource.numpy(path: packed).load(again)
    guard read.training.count == dataset.training.count, read.imageShape == dataset.imageShape else {
      throw Defect(description: "packed data do not read back as they were")
    }
  }

  private static let names = [
    "X", "images", "y_test", "x_test", "c", "c_test", "class_names", "lockstep_layout", "../../x", "a\nb",
    "\u{1B}[31mx", "",
    "x\u{202E}y", String(repeating: "n", count: 5_000), "arr_0", "/x", "x.npy",
  ]

  /// Samples, labels, and sometimes names of the classes and quantities.
  private func arrays(_ dice: inout Dice) -> [(name: String, bytes: [UInt8])] {
    let which = dice.below(Self.headers.count)
    // Floats of small bytes are finite.
    let content = (0..<Self.sizes[which]).map { _ in which == 3 ? UInt8(dice.below(2)) : UInt8(dice.below(60)) }
    let x = Self.file(Self.headers[which]) + content
    let labels = (0..<Self.count).flatMap { littleEndian(UInt64($0 % 3)) }
    let y = Self.file("{'descr': '<i8', 'fortran_order': False, 'shape': (30,), }") + labels
    let names = ["a", "b\u{1B}", "ü"].flatMap { name in
      (0..<2).flatMap { place in
        let scalars = Array(name.unicodeScalars)
        return littleEndian(UInt64(place < scalars.count ? scalars[place].value : 0), bytes: 4)
      }
    }
    var arrays = [("x", x), ("y", y)]
    if dice.one(in: 3) {
      arrays.append(("class_names", Self.file("{'descr': '<U2', 'fortran_order': False, 'shape': (3,), }") + names))
    }
    if dice.one(in: 3) { arrays.append(("c", Self.file(Self.headers[1]) + content.prefix(0) + dice.bytes(720))) }
    if dice.one(in: 4) { arrays.append(("x_test", x)) }
    return arrays.map { (name: $0.0, bytes: $0.1) }
  }

  /// An array's header, its content still to come.
  private static func file(_ header: String) -> [UInt8] {
    let text = Array(header.utf8) + [0x0A]
    return joined([0x93], Array("NUMPY".utf8), [1, 0], littleEndian(UInt64(text.count), bytes: 2), text)
  }

  private func lie(_ arrays: inout [(name: String, bytes: [UInt8])], _ dice: inout Dice) {
    let at = dice.below(arrays.count)
    let words = [
      "|u1", "<U2", "<U99999999", "<c16", "|O", "<f4", ">f8", "<i1", "True", "(30,", "()", "(-30,)", "(0,)", "(30)",
      "(9223372036854775807, 9223372036854775807)", "(1073741824, 1073741824)", "(30, 1)", "'", "}", "(30,30,30,30,30)",
    ]
    let header = "{'descr': '\(dice.pick(words))', 'fortran_order': \(dice.pick(["False", "True", dice.pick(words)])), "
    let rest = "'shape': \(dice.pick(["(30,)", "(30, 3)", dice.pick(words)])), }"
    arrays[at].bytes = Self.file(header + rest) + dice.bytes(dice.below(2_000))
    if dice.one(in: 4) { arrays[at].bytes = dice.lying(arrays[at].bytes, at: 8, size: 2, isBigEndian: false) }
  }

  private func make(_ kind: String, _ files: [(name: String, bytes: [UInt8])]) -> Case {
    // What packed arrays may unpack to, as they are and as floats.
    Case(kind, files: files, allowance: 8 * (1 << 25) + 64 * files.reduce(0) { $0 + $1.bytes.count })
  }

  /// A zip file with some entries deflated.
  static func zip(_ files: [(name: String, bytes: [UInt8])], _ dice: inout Dice, lies: Bool) -> [UInt8] {
    var (body, directory): ([UInt8], [UInt8]) = ([], [])
    for file in files {
      let isPacked = dice.one(in: 2) || file.bytes.count > 1 << 20
      let packed = isPacked ? deflated(file.bytes, windowBits: -15) : file.bytes
      let sum = file.bytes.withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32($0.count)) }
      var fields = joined(
        littleEndian(20, bytes: 2), littleEndian(0, bytes: 2), littleEndian(isPacked ? 8 : 0, bytes: 2),
        littleEndian(0, bytes: 4), littleEndian(UInt64(sum), bytes: 4), littleEndian(UInt64(packed.count), bytes: 4),
        littleEndian(UInt64(file.bytes.count), bytes: 4), littleEndian(UInt64(file.name.utf8.count), bytes: 2),
        littleEndian(0, bytes: 2))
      let local = joined([0x50, 0x4B, 3, 4], fields, Array(file.name.utf8), packed)
      if lies, dice.one(in: 2) {
        fields = dice.lying(fields, at: dice.pick([4, 10, 14, 18, 22, 24]), size: 4, isBigEndian: false)
      }
      directory += joined(
        [0x50, 0x4B, 1, 2], littleEndian(20, bytes: 2), fields, littleEndian(0, bytes: 10),
        littleEndian(UInt64(body.count), bytes: 4), Array(file.name.utf8))
      body += local
    }
    let end = joined(
      [0x50, 0x4B, 5, 6], littleEndian(0, bytes: 4), littleEndian(UInt64(files.count), bytes: 2),
      littleEndian(UInt64(files.count), bytes: 2), littleEndian(UInt64(directory.count), bytes: 4),
      littleEndian(UInt64(body.count), bytes: 4), [0, 0])
    let lying =
      lies && dice.one(in: 2) ? dice.lying(end, at: dice.pick([8, 12, 16]), size: 4, isBigEndian: false) : end
    return body + directory + lying
  }
}
