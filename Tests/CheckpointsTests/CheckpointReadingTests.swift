import Files
import Foundation
import Testing

@testable import Checkpoints

/// What is read decides; what cannot be read is not damaged.
@Suite struct CheckpointReadingTests {
  private func store(_ directory: TemporaryDirectory, _ iterations: Int...) throws -> CheckpointStore {
    let store = CheckpointStore(directory: directory.path + "/checkpoints")
    try store.create()
    for iteration in iterations { try write(iteration, to: store) }
    return store
  }

  private func write(_ iteration: Int, to store: CheckpointStore, named name: Int? = nil, run: String = "a") throws {
    let bytes: [UInt8] = [1, 2, 3]
    try bytes.withUnsafeBytes {
      try SafetensorsFile.write(
        to: store.path(iteration: name ?? iteration), tensors: [StoredTensor("x", [3], .uint8, $0)],
        metadata: ["format": "lockstep", "iteration": "\(iteration)", "run": run])
    }
  }

  /// Puts something that cannot be read in the place of a checkpoint.
  private func spoil(_ path: String, _ way: String) throws {
    try FileManager.default.removeItem(atPath: path)
    switch way {
    case "directory": try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    case "pipe": #expect(mkfifo(path, 0o600) == 0)
    case "loop": #expect(symlink(path, path) == 0)
    default: #expect(symlink("/nonexistent/scratch/iteration", path) == 0)
    }
  }

  @Test(
    "a newest checkpoint that cannot be read is no reason to take an older one",
    arguments: [("directory", EISDIR), ("pipe", EINVAL), ("loop", ELOOP), ("link to nothing", ENOENT)])
  func unreadable(way: String, code: Int32) throws {
    let directory = try TemporaryDirectory()
    let store = try store(directory, 10, 20, 30)
    try spoil(store.path(iteration: 30), way)
    let error = try #require(throws: CheckpointError.self) { _ = try store.latestValid() }
    #expect(error.cause == .unreadable(code) && error.file == store.path(iteration: 30))
    #expect(try store.survey().map { $0.problem?.cause } == [nil, nil, .unreadable(code)])
    // An older one that cannot be read is not even looked at.
    try write(40, to: store)
    #expect(try store.latestValid().position?.iteration == 40)
  }

  @Test("a directory of checkpoints that cannot be seen is not empty", arguments: ["loop", "link to nothing"])
  func unseen(way: String) throws {
    let directory = try TemporaryDirectory()
    let store = try store(directory)
    try spoil(store.directory, way)
    #expect(throws: CheckpointError.self) { try store.positions() }
    #expect(throws: CheckpointError.self) { try store.latestValid() }
  }

  @Test("a whole checkpoint under another name is passed over, and its own name told")
  func wrongName() throws {
    let directory = try TemporaryDirectory()
    let store = try store(directory, 500, 1_000, 1_500)
    try FileManager.default.copyItem(atPath: store.path(iteration: 500), toPath: store.path(iteration: 9_000))
    try FileManager.default.copyItem(
      atPath: store.path(iteration: 1_500), toPath: store.path(iteration: 1_500, phase: 1))
    let found = try store.latestValid()
    #expect(found.position?.iteration == 1_500 && found.position?.phase == 0)
    #expect(found.skipped.map(\.cause) == [.foreign, .foreign])
    #expect(found.skipped.first?.reason == "is the checkpoint of iteration 500, not of iteration 9,000")
    #expect(found.skipped.last?.reason == "is the checkpoint of iteration 1,500, not of iteration 1,500, phase 1")
    #expect(try store.survey().compactMap { $0.problem?.cause } == [.foreign, .foreign])
  }

  @Test("another run's checkpoint is taken only where there is none of the directory's own")
  func anotherRun() throws {
    let directory = try TemporaryDirectory()
    let store = try store(directory, 10)
    try write(20, to: store, run: "b")
    func newest() throws -> (iteration: Int?, skipped: Int) {
      let found = try store.latestValid { $0.metadata["run"] == "a" }
      return (found.position?.iteration, found.skipped.count)
    }
    #expect(try newest() == (10, 1))
    try FileManager.default.removeItem(atPath: store.path(iteration: 10))
    #expect(try newest() == (20, 0))
  }

  @Test("writing on removes what the run has written, and leaves every byte of others")
  func ownership() throws {
    let directory = try TemporaryDirectory()
    let store = try store(directory, 10, 20, 50)
    try write(15, to: store, run: "b")
    try write(30, to: store, run: "b")
    try write(60, to: store, run: "b")
    try write(10, to: store, named: 40)
    _ = try directory.write([1, 2, 3], as: "checkpoints/iteration-00000070.safetensors")
    let others = try [15, 30, 60, 40, 70].map { try contents(store.path(iteration: $0)) }

    let writer = CheckpointWriter(store: store, retention: CheckpointRetention(keepLast: 1))
    writer.isOwn = { $0.metadata["run"] == "a" }
    let bytes: [UInt8] = [7]
    var told: [String] = []
    for iteration in [30, 40] {
      let written = try bytes.withUnsafeBytes {
        try writer.write(
          position: CheckpointPosition(iteration: iteration), tensors: [StoredTensor("x", [1], .uint8, $0)],
          metadata: ["format": "lockstep", "iteration": "\(iteration)", "run": "a"])
      }
      told.append(written.leftOver?.description ?? "")
    }
    #expect(told[0].contains("iteration-00000030.safetensors: is not known to be this run's; it is "))
    let names = try FileManager.default.contentsOfDirectory(atPath: store.directory).sorted()
    // 10, 20 and 50 were its own; 30 and 40 had other files, which have another name now.
    #expect(
      names.map { $0.prefix(30) }
        == [15, 30, 40, 40, 60, 70].map { "iteration-000000\($0).safetensors"[...].prefix(30) })
    let left = try names.map { try contents(store.directory + "/" + $0) }
    for other in others { #expect(left.contains(other)) }
  }

  @Test("a file that was replaced meanwhile is looked at again before it goes")
  func replaced() throws {
    let directory = try TemporaryDirectory()
    let store = try store(directory, 10, 20, 30)
    let ledger = CheckpointLedger(store: store) { $0.metadata["run"] == "a" }
    try store.retain(CheckpointRetention(keepLast: 2), by: ledger)
    #expect(try store.iterations() == [20, 30])
    try write(20, to: store, run: "b")
    try store.retain(CheckpointRetention(keepLast: 1), by: ledger)
    #expect(try store.iterations() == [20, 30])
  }
}
