import CZlib
import Datasets

/// Goes through everything that a data set has, as a run would.
func walk(_ dataset: Dataset) throws {
  for line in [dataset.summary] + dataset.warnings + dataset.notes + dataset.classNames where !isOneLine(line) {
    throw Defect(description: "a line that is none: \(line.debugDescription)")
  }
  for images in [dataset.training, dataset.test] {
    var sum = 0
    for index in 0..<images.count { sum += Int(images.bytes(at: index).first ?? 0) + images.label(at: index) }
    precondition(sum >= 0, "negative bytes")
  }
}

/// MNIST's format, plain and packed.
struct IDXCases: CaseMaker {
  private static let (count, side) = (12, 9)
  private static let names = (images: "train-images-idx3-ubyte", labels: "train-labels-idx1-ubyte")

  /// Deflate packs at most 1,032 bytes into one.
  private static let mostUnpacked = 1_032

  func makeCase(_ dice: inout Dice) -> Case {
    var images = header([Self.count, Self.side, Self.side]) + dice.bytes(Self.count * Self.side * Self.side)
    var labels = header([Self.count]) + (0..<Self.count).map { UInt8($0 % 10) }
    let kind: String
    switch dice.below(6) {
    case 0, 1:
      kind = "damaged"
      if dice.one(in: 3) {
        labels = dice.damaged(labels, beside: images)
      } else {
        images = dice.damaged(images, beside: labels)
      }
    case 2, 3:
      kind = "lying extents"
      for _ in 0...dice.below(3) { images = dice.lying(images, at: dice.pick([4, 8, 12]), size: 4) }
      if dice.one(in: 3) { labels = dice.lying(labels, at: 4, size: 4) }
    case 4:
      kind = "lying type or rank"
      images[dice.below(4)] = dice.byte()
    default:
      kind = "much of nothing"
      let extents = dice.pick([[30_000, 28, 28], [1, 9_000, 2_000], [7_000_000, 1, 1]])
      images = header(extents)
      images += [UInt8](repeating: 0, count: extents.reduce(1, *) + dice.pick([0, 0, -1, 1]))
    }
    guard kind == "much of nothing" || dice.one(in: 2) else {
      return make(kind, images: images, labels: labels, isPacked: (false, false), &dice)
    }
    return make(kind, images: images, labels: labels, isPacked: (true, dice.one(in: 2)), &dice)
  }

  func read(_ directory: String, _ dice: inout Dice) throws {
    try walk(DatasetSource.idx(directory: directory).load())
  }

  private func header(_ extents: [Int]) -> [UInt8] {
    joined([0, 0, 8, UInt8(extents.count)], extents.flatMap { bigEndian(UInt64($0)) })
  }

  private func make(
    _ kind: String, images: [UInt8], labels: [UInt8], isPacked: (images: Bool, labels: Bool), _ dice: inout Dice
  ) -> Case {
    let file = { (name: String, bytes: [UInt8], isPacked: Bool, dice: inout Dice) in
      guard isPacked else { return (name: name, bytes: bytes) }
      var packed = gzipped(bytes)
      if dice.one(in: 2) { packed = dice.damaged(packed, beside: bytes) }
      return (name: name + ".gz", bytes: packed)
    }
    let files = [
      file(Self.names.images, images, isPacked.images, &dice), file(Self.names.labels, labels, isPacked.labels, &dice),
    ]
    let stored = files.reduce(0) { $0 + $1.bytes.count }
    // Labels become four bytes each, and an array that grows stands beside its old self.
    let factor = isPacked.images || isPacked.labels ? 3 * Self.mostUnpacked : 5
    return Case(kind + (isPacked.images ? ", packed" : ""), files: files, allowance: factor * stored)
  }
}

/// The bytes as one gzip member.
func gzipped(_ bytes: [UInt8]) -> [UInt8] { deflated(bytes, windowBits: 15 + 16) }

/// The bytes as zlib packs them: with 15 bits of window a zlib stream, with 31 a gzip file.
func deflated(_ bytes: [UInt8], windowBits: Int32 = 15) -> [UInt8] {
  var stream = z_stream()
  let size = Int32(MemoryLayout<z_stream>.size)
  let code = deflateInit2_(&stream, 6, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, zlibVersion(), size)
  precondition(code == Z_OK, "zlib: \(code)")
  defer { deflateEnd(&stream) }
  var input = bytes
  var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))))
  input.withUnsafeMutableBufferPointer { source in
    output.withUnsafeMutableBufferPointer { target in
      stream.next_in = source.baseAddress
      stream.avail_in = UInt32(source.count)
      stream.next_out = target.baseAddress
      stream.avail_out = UInt32(target.count)
      let code = deflate(&stream, Z_FINISH)
      precondition(code == Z_STREAM_END, "zlib: \(code)")
    }
  }
  return Array(output.prefix(Int(stream.total_out)))
}

/// Lines of 266 columns.
struct SemeionCases: CaseMaker {
  private let name = "semeion.data"

  func makeCase(_ dice: inout Dice) -> Case {
    var text: [UInt8] = []
    for line in 0..<8 {
      for _ in 0..<256 { text += Array(dice.one(in: 2) ? "0.0000 ".utf8 : "1.0000 ".utf8) }
      for column in 0..<10 { text += Array(column == line ? "1 ".utf8 : "0 ".utf8) }
      text.append(0x0A)
    }
    var made =
      switch dice.below(8) {
      case 0: Case("a long word", name, repeated(dice.pick(["0", "1.", "x", "é"]), 3_000_000))
      case 1: Case("a long line", name, repeated("1 ", 1_000_000))
      case 2: Case("empty lines", name, text + repeated(dice.pick(["\n", " \n", "\r\n", "\t"]), 500_000))
      case 3: Case("no line's end", name, Array(text.dropLast(1 + dice.below(40))))
      case 4: Case("a file of something else", name, dice.bytes(dice.below(10_000)))
      default: Case("damaged", name, dice.damaged(text, beside: Array("0,1;0.5 1e9 -1 \u{0}".utf8)))
      }
    // The images, once as they are read and once shared out.
    made.allowance = 3 * made.byteCount
    return made
  }

  func read(_ directory: String, _ dice: inout Dice) throws {
    try walk(DatasetSource.semeion(file: "\(directory)/\(name)").load())
  }
}

/// Binary CIFAR, with and without names and test images.
struct CIFARCases: CaseMaker {
  let isHundred: Bool

  func makeCase(_ dice: inout Dice) -> Case {
    let pixels = dice.bytes(3_072)
    let record = { (label: Int) in joined(isHundred ? [UInt8(label % 20)] : [], [UInt8(label)], pixels) }
    var training = (0..<12).flatMap { record($0 % 10) }
    var files: [(name: String, bytes: [UInt8])] = []
    var kind = "damaged"
    let namesName = isHundred ? "fine_label_names.txt" : "batches.meta.txt"
    switch dice.below(5) {
    case 0:
      kind = "damaged names"
      let names = repeated("name\n", isHundred ? 100 : 10)
      files.append((namesName, dice.damaged(names, beside: pixels)))
    case 1:
      kind = "hostile names"
      let names = dice.pick([
        repeated("a\n", 1_000_000), repeated("e\u{301}", 100_000), repeated("\u{1B}[31m\n", isHundred ? 100 : 10), [0],
        repeated("\r\n\u{2028}", 100_000), repeated("\u{0}a\n", isHundred ? 100 : 10),
      ])
      files.append((namesName, names))
    case 2:
      kind = "lying labels"
      for _ in 0..<3 {
        training[dice.below(12) * (training.count / 12) + (isHundred ? dice.below(2) : 0)] = dice.byte()
      }
    case 3: training = Array(training.prefix(dice.below(training.count)))
    default: training = dice.damaged(training, beside: pixels)
    }
    files.append((isHundred ? "train.bin" : "data_batch_1.bin", training))
    if dice.one(in: 2) {
      files.append(
        (
          isHundred ? "test.bin" : "test_batch.bin",
          dice.one(in: 3) ? dice.damaged(record(1), beside: pixels) : record(1)
        ))
    }
    let made = Case(kind, files: files)
    return Case(kind, files: files, allowance: 3 * made.byteCount)
  }

  func read(_ directory: String, _ dice: inout Dice) throws {
    var options = LoadingOptions()
    if dice.one(in: 3) { options.resolution = Resolution(height: 8, width: 12) }
    options.channels = dice.pick([nil, 1, 3])
    try walk(DatasetSource.cifar(isHundred ? .hundred : .ten, directory: directory).load(options))
  }
}
