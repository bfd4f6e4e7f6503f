import Files
import Foundation
import Testing

@testable import EventFiles

@Suite struct EventFileTests {
  private let directory: TemporaryDirectory
  private var path: String { directory.path + "/events.out.tfevents.lockstep" }

  init() throws { directory = try TemporaryDirectory() }

  @Test("a record is that of TensorFlow's writer (recorded)")
  func record() {
    // tensorboard 2.21: RecordWriter(f).write(b"lockstep")
    #expect(
      EventFile.record(Array("lockstep".utf8)).map { String($0, radix: 16) }.joined(separator: " ")
        == Self.recorded)
  }

  private static let recorded = "8 0 0 0 0 0 0 0 ff 86 24 f 6c 6f 63 6b 73 74 65 70 d7 ad ff 72"

  private func write(_ steps: [Int], tag: String = "training/loss") throws {
    let file = try EventFile(path: path, seconds: 1_000)
    try file.append(steps.map { ($0, [.number(tag: tag, Double($0) / 4)]) }, seconds: 1_001)
  }

  @Test("TensorBoard reads numbers and pictures, and forgets what comes again")
  func tensorBoard() throws {
    let png: [UInt8] = [137, 80, 78, 71, 1, 2, 3]
    do {
      let file = try EventFile(path: path, seconds: 1_000)
      try file.append(
        [(1, [.number(tag: "a/b", 0.5)]), (7, [.number(tag: "a/b", 2)]), (9, [.number(tag: "a/b", 3)])], seconds: 1_001)
      try file.forget(from: 5, seconds: 1_002)
      try file.append(
        [(6, [.number(tag: "a/b", -1), .picture(tag: "samples", png: png, height: 4, width: 5)])], seconds: 1_003)
    }
    let script = """
      import sys
      e = event_accumulator.EventAccumulator(sys.argv[1])
      e.Reload()
      print([(s.step, s.value) for s in e.Scalars('a/b')])
      i = e.Images('samples')[0]
      print(i.step, i.width, i.height, list(i.encoded_image_string))
      """
    let imports = "from tensorboard.backend.event_processing import event_accumulator\n"
    guard let output = try python(imports + script, modules: ["tensorboard"], arguments: [path]) else {
      print("skipped: no python3 with tensorboard here")
      return
    }
    #expect(output == "[(1, 0.5), (6, -1.0)]\n6 5 4 [137, 80, 78, 71, 1, 2, 3]\n")
  }

  @Test("a file goes on where it ended, whatever a killed process left there", arguments: [0, 1, 7, 13, 30])
  func continues(garbage: Int) throws {
    try write([1, 2])
    let whole = try contents(path)
    try Data(whole + Array(EventFile.record([UInt8](repeating: 1, count: 40)).prefix(garbage)))
      .write(to: URL(fileURLWithPath: path))
    try write([3])
    let bytes = try contents(path)
    #expect(bytes.starts(with: whole))
    try FileManager.default.removeItem(atPath: path)
    try write([])
    let version = try contents(path).count
    #expect(bytes.count == whole.count + (whole.count - version) / 2)
  }

  @Test("a file that cannot be written is named")
  func refused() {
    #expect { try EventFile(path: directory.path + "/none/x", seconds: 0) } throws: {
      "\($0)".contains("/none/x: cannot open for writing")
    }
  }
}
