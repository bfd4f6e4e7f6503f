import Datasets
import Files

/// Tables of any form, plain and packed: numbers, classes, quotes, encodings, and what is none of these.
struct TableCases: CaseMaker {
  func makeCase(_ dice: inout Dice) -> Case {
    let separator = dice.pick([",", ";", "\t", " ", "|"])
    var text = Self.table(&dice, separator)
    var kind = "a table"
    switch dice.below(7) {
    case 0:
      kind = "damaged"
      text = dice.damaged(text, beside: Array("\"\u{0};,\r\n1e999;NaN".utf8))
    case 1:
      kind = "another encoding"
      text = dice.pick([
        [0xEF, 0xBB, 0xBF] + text, [0xFF, 0xFE] + text.flatMap { [$0, 0] }, [0xFE, 0xFF] + text.flatMap { [0, $0] },
        [0xE4, 0x81] + text, [0xFF, 0xFE, 0, 0] + text,
      ])
    case 2:
      kind = "long words"
      text += repeated(
        dice.pick(["9", "a", "\"", separator, "\n", "e\u{301}", "1\(separator)"]), dice.below(1_000_000))
    case 3:
      kind = "many columns"
      let line = repeated("1" + separator, dice.below(20_000)) + Array("2\n".utf8)
      text = repeated(line, 12)
    default: break
    }
    var name = dice.pick(["t.csv", "t.tsv", "t.txt"])
    let count = text.count
    if dice.one(in: 4) {
      text = gzipped(text)
      if dice.one(in: 3) { text = dice.damaged(text, beside: [0]) }
      name += ".gz"
    }
    // A number of eight bytes for two of text, its float, and the text, which grows.
    return Case(kind, files: [(name, text)], allowance: 24 * count + 1_032 * (name.hasSuffix("gz") ? text.count : 0))
  }

  func read(_ directory: String, _ dice: inout Dice) throws {
    var options = LoadingOptions()
    options.kind = dice.pick([nil, nil, .vectors, .sequences])
    options.labelColumn = dice.pick([nil, "k", "k", "b", "none"])
    options.conditionColumns = dice.pick([[], [], ["c"], ["c", "k"], ["a", "a"]])
    options.columns = dice.pick([[], [], ["a"], ["b", "c"]])
    options.condition = dice.pick([.automatic, .classes, .continuous, .mixed])
    options.dropsNonFinite = dice.one(in: 2)
    options.limits.unpackedBytes = 1 << 26
    for name in ["t.csv", "t.tsv", "t.txt", "t.csv.gz", "t.tsv.gz", "t.txt.gz"] {
      let path = "\(directory)/\(name)"
      if Directories.exists(path) { return try walk(DatasetSource.table(file: path).load(options)) }
    }
  }

  private static func table(_ dice: inout Dice, _ separator: String) -> [UInt8] {
    let cells = [
      "1", "-2.5", "1e308", "1e999", "NaN", "inf", "", " ", "\"a\"\"b\"", "\"1\(separator)2\"", "1,5", "1.234,5", "x",
      "ü",
      "\u{1B}[31m", "0x10", "true", "2020-01-01", "1_000", "\u{202E}", "%", "12 kg", "-", "\"a\nb\"", "'", "#",
    ]
    var text = dice.pick(["", "# a comment\n", "\n\n", "title\n", "sep=\(separator)\n"])
    let isMad = dice.one(in: 2)
    if !dice.one(in: 4) {
      text += ["a", "b", "c", dice.pick(["k", "a", "", "\u{1B}]0;x\u{7}"])].joined(separator: separator) + "\n"
    }
    for row in 0..<dice.pick([0, 9, 20, 40]) {
      let own = ["\(row)", "\(Double(row % 7) / 4)", "\(row * row)", dice.pick(["x", "y", "z"])]
      let shown = own.map { isMad && dice.one(in: 8) ? dice.pick(cells) : $0 }
      text += shown.joined(separator: separator) + dice.pick(["\n", "\n", "\n", isMad ? "\r" : "\n", "\r\n"])
    }
    return Array(text.utf8)
  }
}

/// A folder of pictures with a list of their classes: dataset.json or a table.
struct LabelCases: CaseMaker {
  func makeCase(_ dice: inout Dice) -> Case {
    let picture = PNGCases.picture(
      width: 8, height: 8, color: 0, depth: 8,
      rows: (0..<8).flatMap { row in [0] + dice.bytes(8).map { $0 / 2 + UInt8(row) } })
    var files = (0..<12).map { (name: "\($0 < 6 ? "00" : "01")/img\($0).png", bytes: picture) }
    let names = files.map(\.name)
    var list: [UInt8]
    let isJSON = dice.one(in: 2)
    if isJSON {
      let labels = names.enumerated().map { "[\"\($1)\", \($0 % 3)]" }.joined(separator: ", ")
      list = Array("{\"labels\": [\(labels)]}".utf8)
      if dice.one(in: 3) { list = HostileJSON.header(&dice) }
    } else {
      let rows = names.enumerated().map { "\($1),\(dice.pick(["a", "b"]))\($0 % 2)" }
      list = Array((["file,label"] + rows).joined(separator: "\n").utf8)
    }
    if dice.one(in: 2) { list = dice.damaged(list, beside: Array("[\"../../etc/passwd\", 1e99], \u{1B}".utf8)) }
    files.append((isJSON ? "dataset.json" : "labels.csv", list))
    return Case(isJSON ? "dataset.json" : "labels.csv", files: files, allowance: 1 << 24)
  }

  func read(_ directory: String, _ dice: inout Dice) throws { try readFolder(directory, &dice) }
}

/// WebP, where this machine has libwebp; written by Pillow 13.0, 16×16, lossy and without loss.
struct WebPCases: CaseMaker {
  private static let lossy: [UInt8] = [
    82, 73, 70, 70, 70, 0, 0, 0, 87, 69, 66, 80, 86, 80, 56, 32, 58, 0, 0, 0, 240, 1, 0, 157, 1, 42, 16, 0, 16, 0, 2,
    128,
    66, 37, 176, 2, 176, 1, 15, 11, 251, 204, 8, 128, 0, 254, 251, 25, 6, 140, 175, 19, 110, 85, 119, 21, 102, 35, 177,
    135,
    143, 86, 68, 31, 198, 42, 255, 147, 94, 234, 127, 170, 227, 244, 191, 23, 32, 0,
  ]
  private static let lossless: [UInt8] = [
    82, 73, 70, 70, 72, 0, 0, 0, 87, 69, 66, 80, 86, 80, 56, 76, 60, 0, 0, 0, 47, 2, 64, 0, 16, 47, 64, 144, 109, 83,
    137,
    121, 221, 95, 230, 26, 100, 210, 54, 237, 91, 255, 122, 102, 109, 98, 26, 98, 58, 184, 245, 111, 137, 32, 219, 102,
    234,
    99, 154, 198, 157, 30, 24, 231, 103, 136, 85, 155, 131, 128, 132, 76, 201, 35, 95, 68, 244, 63, 98, 1,
  ]

  func makeCase(_ dice: inout Dice) -> Case {
    let own = dice.pick([Self.lossy, Self.lossless])
    switch dice.below(4) {
    case 0:
      return folder(
        "lying size", dice.lying(own, at: dice.pick([4, 16, 21, 24, 26]), size: 4, isBigEndian: false), ending: "webp",
        pixels: .max)
    case 1:
      let head = joined(
        Array(own[..<12]), Array("VP8X".utf8), littleEndian(10, bytes: 4), dice.bytes(10), Array(own[12...]))
      return folder("lying extension", head, ending: "webp", pixels: .max)
    default: return folder("damaged", dice.damaged(own, beside: Self.lossy), ending: "webp", pixels: .max)
    }
  }

  func read(_ directory: String, _ dice: inout Dice) throws { try readFolder(directory, &dice) }
}
