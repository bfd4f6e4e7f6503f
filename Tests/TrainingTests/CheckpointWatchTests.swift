import Communication
import Foundation
import Testing

@testable import Training

@Suite struct CheckpointWatchTests {
  @Test("a removed checkpoint is passed over, a damaged one ends the watch, each whole one is judged once")
  func watch() throws {
    let directory = NSTemporaryDirectory() + "watch-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let communicator = SoloCommunicator()
    var told: [String] = []
    let watch = CheckpointWatch(RunDirectory(directory), communicator: communicator) { told.append($0) }
    let unexpected: (String) throws -> Void = { Issue.record("judged \($0)") }
    // Nothing there yet: no directory, then one without checkpoints.
    #expect(try !watch.next(unexpected))
    try FileManager.default.createDirectory(atPath: directory + "/checkpoints", withIntermediateDirectories: true)
    #expect(try !watch.next(unexpected))
    #expect(told == ["waiting for \(directory): there is no such directory yet (end with Ctrl-C)"])

    func add(_ iteration: Int) throws -> String {
      let path = RunDirectory(directory).checkpoints.path(.init(iteration: iteration, phase: 0))
      try Data([1]).write(to: URL(fileURLWithPath: path))
      return path
    }
    let failing = { (_: String) in
      _ = try communicator.together { () -> Int in throw Failure("cannot be read", code: .data) }
    }
    let first = try add(10)
    // Its run removes it while it is being read.
    let isJudged = try watch.next { path in
      #expect(path == first)
      try FileManager.default.removeItem(atPath: path)
      try failing(path)
    }
    #expect(!isJudged && told.last == "\(first) was removed by its run before it could be judged")
    let second = try add(20)
    var judged: [String] = []
    #expect(try watch.next { judged.append($0) })
    #expect(try !watch.next { judged.append($0) })
    #expect(judged == [second])
    // Still there, and not to be read: that is no matter of time.
    _ = try add(30)
    #expect(throws: SharedFailure.self) { try watch.next(failing) }
  }
}
