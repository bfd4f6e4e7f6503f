import Foundation
import Testing

@testable import Checkpoints

@Suite struct CheckpointStoreTests {
  func store(_ directory: TemporaryDirectory, iterations: [Int]) throws -> CheckpointStore {
    let store = CheckpointStore(directory: directory.path + "/run/checkpoints")
    try store.create()
    for iteration in iterations { try writeSample(to: store.path(iteration: iteration), iteration: Int64(iteration)) }
    return store
  }

  func flipLastBit(of path: String) throws {
    var bytes = try contents(path)
    bytes[bytes.count - 1] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  @Test("positions ascend, beyond eight digits too; other files are left alone")
  func names() throws {
    let directory = try TemporaryDirectory()
    let store = try store(directory, iterations: [1_500, 20, 123_456_789])
    try writeSample(to: store.path(iteration: 20, phase: 2))
    #expect(store.path(iteration: 1_500).hasSuffix("/iteration-00001500.safetensors"))
    for name in ["iteration-12.safetensors", "iteration-0000000x.safetensors", "best.safetensors", "notes.txt"] {
      _ = try directory.write([], as: "run/checkpoints/" + name)
    }
    let positions = [(20, 0), (20, 2), (1_500, 0), (123_456_789, 0)].map {
      CheckpointPosition(iteration: $0.0, phase: $0.1)
    }
    #expect(try store.positions() == positions && store.newest() == positions.last)
    #expect(try store.iterations() == [20, 1_500, 123_456_789])
    #expect(try CheckpointStore(directory: directory.path + "/none").positions().isEmpty)
  }

  @Test("retention removes files, and so does giving up a continuation")
  func retention() throws {
    let directory = try TemporaryDirectory()
    let store = try store(directory, iterations: [10, 20, 30, 40, 50])
    let ledger = CheckpointLedger(store: store) { _ in true }
    try store.retain(CheckpointRetention(keepLast: 2, best: [CheckpointPosition(iteration: 20)]), by: ledger)
    #expect(try store.iterations() == [20, 40, 50])
    try store.retain(CheckpointRetention(keepLast: 9), by: ledger)
    #expect(try store.iterations() == [20, 40, 50])
    try writeSample(to: store.path(iteration: 40, phase: 1))
    try store.removeLater(than: CheckpointPosition(iteration: 40), by: ledger)
    #expect(try store.positions().map(\.iteration) == [20, 40])
  }

  @Test("a damaged newest checkpoint is skipped and named, the one before is found")
  func latestValid() throws {
    let directory = try TemporaryDirectory()
    let store = try store(directory, iterations: [10, 20, 30])
    try flipLastBit(of: store.path(iteration: 30))
    var found = try store.latestValid()
    #expect(found.position?.iteration == 20 && found.file?.path == store.path(iteration: 20))
    #expect(found.skipped.map(\.reason) == ["tensor recipe does not match its checksum"])
    try writeSample(to: store.path(iteration: 20, phase: 1))
    #expect(try store.latestValid().position == CheckpointPosition(iteration: 20, phase: 1))
    for (iteration, phase) in [(20, 0), (20, 1), (10, 0)] {
      try Data().write(to: URL(fileURLWithPath: store.path(iteration: iteration, phase: phase)))
    }
    found = try store.latestValid()
    #expect(found.position == nil && found.file == nil && found.skipped.count == 4)
  }

  @Test("a survey lists all with their sizes and names what is wrong with which")
  func survey() throws {
    let directory = try TemporaryDirectory()
    let store = try store(directory, iterations: [10, 20, 30])
    try flipLastBit(of: store.path(iteration: 20))
    try FileManager.default.createDirectory(
      atPath: store.path(iteration: 40), withIntermediateDirectories: true)
    let survey = try store.survey()
    #expect(survey.map(\.position.iteration) == [10, 20, 30, 40])
    let size = try contents(store.path(iteration: 10)).count
    #expect(survey.map(\.byteCount) == [size, size, size, nil])
    #expect(
      survey.map { $0.problem?.reason }
        == [nil, "tensor recipe does not match its checksum", nil, "is a directory"])
    #expect(try CheckpointStore(directory: directory.path + "/none").survey().isEmpty)
  }

  @Test("half-written files of a killed process are no checkpoints; they are removed, nothing else")
  func partialFiles() throws {
    let directory = try TemporaryDirectory()
    let store = try store(directory, iterations: [10])
    // The first bytes of a whole file, as a kill in the midst of writing leaves them: the header is written last.
    let bytes = try contents(store.path(iteration: 10))
    for name in ["iteration-00000020", "iteration-00000020-phase-1"] {
      _ = try directory.write(
        [UInt8](repeating: 0, count: 100) + bytes[100..<150], as: "run/checkpoints/.\(name).safetensors.99.partial")
    }
    #expect(try store.iterations() == [10] && store.latestValid().position?.iteration == 10)
    try store.removePartialFiles()
    #expect(try FileManager.default.contentsOfDirectory(atPath: store.directory) == ["iteration-00000010.safetensors"])
  }
}
