import Foundation
import Synchronization
import Testing

@testable import Communication

struct StartDeadlineTests {
  private func limits(_ value: String?, ranks: Int = 2) throws -> (start: Double?, answer: Double?) {
    let variables = ["OMPI_COMM_WORLD_SIZE": "\(ranks)", "OMPI_COMM_WORLD_RANK": "1", StartDeadline.variable: value]
    return try StartDeadline.limits(LaunchEnvironment { variables[$0] ?? nil })
  }

  @Test("the limits grow with the ranks; the variable sets both, 0 takes them away, nonsense is refused")
  func limits() throws {
    let (few, many) = (try limits(nil), try limits(nil, ranks: 10_000))
    #expect((few.start ?? 0) >= 60 && (few.answer ?? 0) >= 20)
    #expect((many.start ?? 0) > 1000 && (many.answer ?? 0) > 1000)
    #expect(try limits("3.5").start == 3.5 && limits("3.5").answer == 3.5)
    #expect(try limits("").start == few.start)
    #expect(try limits("0").start == nil && limits("0").answer == nil)
    for text in ["x", "-1", "nan", "inf", "1e9"] { #expect(throws: CommunicationError.self) { try limits(text) } }
  }

  @Test("a start that takes too long ends with one line; one that is over in time, or each stage of it, does not")
  func deadline() throws {
    let output = FileManager.default.temporaryDirectory.path + "/deadline-\(UUID().uuidString)"
    try #require(FileManager.default.createFile(atPath: output, contents: nil))
    defer { try? FileManager.default.removeItem(atPath: output) }
    let descriptor = open(output, O_WRONLY)
    defer { close(descriptor) }
    let ended = Mutex(0)
    let deadline = StartDeadline(rank: 0, seconds: 0.4, output: descriptor) { ended.withLock { $0 += 1 } }
    try deadline.begin(.library)
    usleep(250_000)
    try deadline.begin(.communicators)
    usleep(250_000)
    deadline.stop()
    usleep(300_000)
    #expect(ended.withLock { $0 } == 0)
    try deadline.begin(.library)
    usleep(800_000)
    deadline.stop()
    #expect(ended.withLock { $0 } == 1)
    let said = try String(contentsOfFile: output, encoding: .utf8)
    #expect(said.hasPrefix("lockstep: rank 0: MPI has not started for 0 s: ") && said.last == "\n")
    #expect(said.filter { $0 == "\n" }.count == 1)
  }

  @Test("a sleep ends at once when it is told to, and the thread may be started again")
  func wake() throws {
    let thread = WatchThread()
    for _ in 0..<3 {
      let slept = Mutex<Bool?>(nil)
      let begin = ContinuousClock.now
      try thread.start {
        let whole = thread.sleeps(seconds: 30)
        slept.withLock { $0 = whole }
      }
      thread.stop()
      thread.stop()
      #expect(slept.withLock { $0 } == false)
      #expect(ContinuousClock.now - begin < .seconds(5))
    }
  }
}
