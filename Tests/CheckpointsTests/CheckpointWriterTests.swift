import Foundation
import Tensors
import Testing

@testable import Checkpoints

@Suite struct CheckpointWriterTests {
  /// A state of three tensors that do not lie side by side.
  final class State {
    var a = [Float](repeating: 0, count: 300_000)
    var b = [UInt8](repeating: 0, count: 1_000_003)
    var c = [Int64](repeating: 0, count: 5)

    func set(_ value: Int) {
      for index in a.indices { a[index] = Float(value + index) }
      for index in b.indices { b[index] = UInt8(truncatingIfNeeded: value &+ index) }
      for index in c.indices { c[index] = Int64(value + index) }
    }

    func withTensors<R>(_ body: ([StoredTensor]) throws -> R) rethrows -> R {
      try a.withUnsafeBytes { a in
        try b.withUnsafeBytes { b in
          try c.withUnsafeBytes { c in
            try body([
              StoredTensor("b", [1_000_003], .uint8, b), StoredTensor("a", [300, 1_000], .float32, a),
              StoredTensor("none", [0, 7], .float32, UnsafeRawBufferPointer(start: nil, count: 0)),
              StoredTensor("c", [5], .int64, c),
            ])
          }
        }
      }
    }

    /// Whether the file holds this state.
    func equals(_ path: String) throws -> Bool {
      let file = try SafetensorsFile(path: path)
      try file.verify()
      return try withTensors { tensors in
        try tensors.allSatisfy { tensor in
          var bytes = [UInt8](repeating: 1, count: tensor.bytes.count)
          try bytes.withUnsafeMutableBytes {
            try file.read(tensor.name, shape: tensor.shape, type: tensor.type, into: $0)
          }
          return bytes.elementsEqual(tensor.bytes)
        }
      }
    }
  }

  func writer(in directory: String, keepLast: Int = 2) throws -> CheckpointWriter {
    let store = CheckpointStore(directory: directory)
    try store.create()
    return CheckpointWriter(store: store, retention: CheckpointRetention(keepLast: keepLast))
  }

  func submit(_ state: State, _ iteration: Int, to writer: CheckpointWriter) throws {
    state.set(iteration)
    try state.withTensors {
      try writer.submit(
        position: CheckpointPosition(iteration: iteration), tensors: $0, metadata: ["iteration": String(iteration)])
    }
  }

  func failures(_ outcomes: [CheckpointOutcome]) -> [CheckpointError] {
    outcomes.compactMap { if case .failed(_, let error) = $0 { error } else { nil } }
  }

  func written(_ outcomes: [CheckpointOutcome]) -> [WrittenCheckpoint] {
    outcomes.compactMap { if case .written(let written) = $0 { written } else { nil } }
  }

  @Test("a file holds the state at the submission, whatever happens to it later")
  func snapshot() throws {
    let directory = try TemporaryDirectory()
    let writer = try writer(in: directory.path)
    let state = State()
    try submit(state, 10, to: writer)
    state.set(11)
    writer.finish()
    let outcomes = written(writer.drain())
    let path = writer.store.path(iteration: 10)
    #expect(outcomes.map(\.path) == [path] && outcomes.map(\.position.iteration) == [10])
    #expect(outcomes.map(\.byteCount) == [try contents(path).count])
    #expect(try !state.equals(path))
    state.set(10)
    #expect(try state.equals(path) && SafetensorsFile(path: path).metadata == ["iteration": "10"])
    #expect(writer.drain().isEmpty)
  }

  @Test("written in the background, at once, or by the plain function: byte for byte the same file")
  func samePath() throws {
    let directory = try TemporaryDirectory()
    let writer = try writer(in: directory.path, keepLast: 9)
    let state = State()
    try submit(state, 10, to: writer)
    let metadata = ["iteration": "10"]
    let direct = try state.withTensors {
      try writer.write(position: CheckpointPosition(iteration: 10, phase: 1), tensors: $0, metadata: metadata)
    }
    try state.withTensors { try SafetensorsFile.write(to: directory.path + "/plain", tensors: $0, metadata: metadata) }
    #expect(written(writer.drain()).count == 1)
    let bytes = try contents(directory.path + "/plain")
    #expect(try contents(writer.store.path(iteration: 10)) == bytes && contents(direct.path) == bytes)
    #expect(direct.byteCount == bytes.count && direct.snapshotSeconds == 0)
  }

  @Test("every write is reported once, in order, and the policy holds after each")
  func many() throws {
    let directory = try TemporaryDirectory()
    let writer = try writer(in: directory.path)
    writer.retention.keepEvery = 4
    let state = State()
    var outcomes: [CheckpointOutcome] = []
    for iteration in 1...10 {
      try submit(state, iteration, to: writer)
      outcomes += writer.drain()
    }
    writer.finish()
    outcomes += writer.drain()
    #expect(written(outcomes).map(\.position.iteration) == Array(1...10))
    #expect(written(outcomes).allSatisfy { $0.leftOver == nil && $0.waitedSeconds >= 0 && $0.snapshotSeconds > 0 })
    #expect(try writer.store.iterations() == [4, 8, 9, 10])
    #expect(!writer.isWriting)
    // After the end it begins anew.
    try submit(state, 11, to: writer)
    writer.finish()
    #expect(written(writer.drain()).count == 1)
  }

  @Test("a writer that goes away has finished its write")
  func goesAway() throws {
    let directory = try TemporaryDirectory()
    let state = State()
    do { try submit(state, 3, to: writer(in: directory.path)) }
    #expect(try state.equals(directory.path + "/iteration-00000003.safetensors"))
    #expect(try directory.names().count == 1)
  }

  @Test("a continuation that was given up goes once the new checkpoint is in place")
  func givenUp() throws {
    let directory = try TemporaryDirectory()
    let writer = try writer(in: directory.path, keepLast: 9)
    let state = State()
    for iteration in [10, 20, 30, 12] { try submit(state, iteration, to: writer) }
    writer.finish()
    #expect(try writer.store.iterations() == [10, 12])
  }

  @Test("a write that fails is an outcome, old checkpoints stay, the next one tries again")
  func failing() throws {
    let directory = try TemporaryDirectory()
    let writer = try writer(in: directory.path + "/checkpoints", keepLast: 1)
    let state = State()
    try submit(state, 1, to: writer)
    // A directory in the place of the file: the rename fails, root or not.
    let taken = writer.store.path(iteration: 2)
    try FileManager.default.createDirectory(atPath: taken, withIntermediateDirectories: true)
    try submit(state, 2, to: writer)
    writer.finish()
    let outcomes = writer.drain()
    #expect(written(outcomes).count == 1 && failures(outcomes).map(\.file) == [taken])
    #expect(try writer.store.openWhole(CheckpointPosition(iteration: 1)) != nil)
    #expect(throws: CheckpointError.self) {
      try state.withTensors { try writer.write(position: CheckpointPosition(iteration: 2), tensors: $0) }
    }
    try FileManager.default.removeItem(atPath: taken)
    try submit(state, 2, to: writer)
    writer.finish()
    #expect(failures(writer.drain()).isEmpty)
    #expect(try writer.store.iterations() == [2])
    #expect(try FileManager.default.contentsOfDirectory(atPath: writer.store.directory).count == 1)
  }

  @Test("an old checkpoint that cannot be removed is told with the new one")
  func leftOver() throws {
    let directory = try TemporaryDirectory()
    let writer = try writer(in: directory.path, keepLast: 1)
    let old = writer.store.path(iteration: 1)
    try FileManager.default.createDirectory(atPath: old, withIntermediateDirectories: true)
    try submit(State(), 2, to: writer)
    writer.finish()
    #expect(written(writer.drain()).map { $0.leftOver?.file } == [old])
  }

  @Test("a full disk: a failed outcome, the old one valid, and on it goes when there is space")
  func fullDisk() throws {
    let directory = try TemporaryDirectory()
    // One state is 2.2 MB: two fit, three do not.
    guard let disk = SmallDisk(at: directory.path + "/disk", size: "6m") else {
      print("skipped: no tmpfs can be mounted here")
      return
    }
    defer { disk.unmount() }
    let writer = try writer(in: disk.path + "/checkpoints", keepLast: 1)
    let state = State()
    try submit(state, 1, to: writer)
    writer.finish()
    let filler = disk.path + "/filler"
    try Data(count: 3_000_000).write(to: URL(fileURLWithPath: filler))
    for iteration in 2...3 { try submit(state, iteration, to: writer) }
    writer.finish()
    let outcomes = writer.drain()
    #expect(
      failures(outcomes).map(\.reason) == [
        "cannot write: No space left on device", "cannot write: No space left on device",
      ])
    #expect(try FileManager.default.contentsOfDirectory(atPath: writer.store.directory).count == 1)
    state.set(1)
    #expect(try state.equals(writer.store.path(iteration: 1)))
    try FileManager.default.removeItem(atPath: filler)
    for iteration in 4...6 { try submit(state, iteration, to: writer) }
    writer.finish()
    #expect(written(writer.drain()).map(\.position.iteration) == [1, 4, 5, 6].suffix(3))
    #expect(try writer.store.iterations() == [6] && state.equals(writer.store.path(iteration: 6)))
  }
}
