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

  @Test("names sort by iteration, beyond eight digits too; other files are left alone")
  func names() throws {
    let directory = try TemporaryDirectory()
    let store = try store(directory, iterations: [1_500, 20, 123_456_789])
    #expect(store.path(iteration: 1_500).hasSuffix("/iteration-00001500.safetensors"))
    for name in ["iteration-12.safetensors", "iteration-0000000x.safetensors", "best.safetensors", "notes.txt"] {
      _ = try directory.write([], as: "run/checkpoints/" + name)
    }
    #expect(try store.iterations() == [20, 1_500, 123_456_789])
    #expect(try store.newest() == store.path(iteration: 123_456_789))
    #expect(try CheckpointStore(directory: directory.path + "/none").iterations().isEmpty)
  }

  @Test("retention keeps the last ones and the named ones")
  func retention() throws {
    let directory = try TemporaryDirectory()
    let store = try store(directory, iterations: [10, 20, 30, 40, 50])
    try store.retain(last: 2, kept: [20])
    #expect(try store.iterations() == [20, 40, 50])
    try store.retain(last: 9)
    #expect(try store.iterations() == [20, 40, 50])
  }

  @Test("a damaged newest checkpoint is skipped and named, the one before is found")
  func latestValid() throws {
    let directory = try TemporaryDirectory()
    let store = try store(directory, iterations: [10, 20, 30])
    var bytes = try contents(store.path(iteration: 30))
    bytes[bytes.count - 1] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: store.path(iteration: 30)))
    var found = try store.latestValid()
    #expect(found.iteration == 20 && found.file?.path == store.path(iteration: 20))
    #expect(found.skipped.map(\.reason) == ["tensor recipe does not match its checksum"])
    try Data().write(to: URL(fileURLWithPath: store.path(iteration: 20)))
    try Data().write(to: URL(fileURLWithPath: store.path(iteration: 10)))
    found = try store.latestValid()
    #expect(found.iteration == nil && found.file == nil && found.skipped.count == 3)
  }

  @Test("half-written files of a killed process are removed, nothing else")
  func partialFiles() throws {
    let directory = try TemporaryDirectory()
    let store = try store(directory, iterations: [10])
    _ = try directory.write([1], as: "run/checkpoints/.iteration-00000020.safetensors.99.partial")
    #expect(try store.iterations() == [10])
    try store.removePartialFiles()
    #expect(try FileManager.default.contentsOfDirectory(atPath: store.directory) == ["iteration-00000010.safetensors"])
  }
}
