import Foundation
import Testing

extension LockstepTests {
  /// Limits of shells and of batch systems (`ulimit`; Grid Engine's h_vmem is its -v).
  @Suite struct MemoryLimitTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    struct Outcome {
      let status: Int32
      let seconds: Double
      let lines: [String]
    }

    /// Runs the program under a limit, alone or every rank of it.
    private func run(_ arguments: [String], _ limit: String, ranks: Int? = nil) throws -> Outcome {
      let timeout = try #require(Launch.executable("timeout"))
      var command = Launch.command(arguments, ranks: ranks)
      let program = try #require(command.firstIndex(of: Launch.program))
      command.insert(contentsOf: ["/bin/sh", "-c", "ulimit \(limit) && exec \"$@\"", "sh"], at: program)
      let begin = Date()
      let process = try Launch.start(
        [timeout, "--kill-after=1", "60"] + command, in: scratch, output: scratch / "out", errors: scratch / "err")
      process.waitUntilExit()
      return Outcome(
        status: process.terminationStatus, seconds: Date().timeIntervalSince(begin),
        lines: try lines(of: scratch / "err"))
    }

    private static let training =
      ["train", "--recipe", "digits-dense", "--iterations", "3", "--output", "run"] + StartUpTests.short

    /// kB that a message's remedy names.
    private func remedy(_ outcome: Outcome) throws -> Int {
      let line = try #require(outcome.lines.last { $0.hasPrefix("lockstep: ") })
      let words = try #require(line.components(separatedBy: "(ulimit -v ").last)
      return try #require(Int(words.prefix { $0.isNumber }), "\(line)")
    }

    @Test(
      "memory for OpenBLAS that is not to be had ends every command at once, with the limit to raise",
      arguments: [
        training, ["sample", "run", "--count", "10", "--output", "a.png"], ["evaluate", "run"],
        ["plan", "--recipe", "digits", "--nodes", "2", "--ranks-per-node", "1"],
        ["profile", "--recipe", "digits-dense"], ["doctor"], ["sweep", "space.yaml", "--output", "sweep"],
        ["measure", "real.npy", "fake.npy"], ["export", "run", "--output", "a.onnx"],
      ])
    func commands(arguments: [String]) throws {
      let outcome = try run(arguments, "-v 220000")
      #expect(outcome.status == 71 && outcome.seconds < 10, "\(outcome)")
      #expect(outcome.lines.count == 1, "\(outcome)")
      #expect(
        outcome.lines.first?.hasPrefix(
          "lockstep: cannot get 128 MB of memory for OpenBLAS; this process may map 214 MB (ulimit -v, or h_vmem) and has "
            + "mapped ")
          == true, "\(outcome)")
    }

    @Test("commands that do not multiply need no such memory", arguments: [["recipes"], ["data", "check", "digits"]])
    func small(arguments: [String]) throws {
      let outcome = try run(arguments, "-v 260000")
      #expect(outcome.status == 0, "\(outcome)")
    }

    @Test("the limit that the message names is enough", arguments: [nil, 2])
    func remedies(ranks: Int?) throws {
      guard ranks == nil || Launch.hasMPI else { return }
      for limit in [220_000, 300_000, 400_000] {
        let outcome = try run(Self.training, "-v \(limit)", ranks: ranks)
        defer { try? FileManager.default.removeItem(atPath: scratch / "run") }
        guard outcome.status != 0 else { continue }
        #expect(outcome.status == 71 && outcome.seconds < 15, "\(limit): \(outcome)")
        let raised = try run(Self.training, "-v \(try remedy(outcome))", ranks: ranks)
        #expect(raised.status == 0, "\(limit): \(outcome.lines.last ?? ""), then \(raised)")
      }
    }

    @Test("all ranks end within seconds, and one of them speaks", .underMPI, arguments: [150_000, 250_000, 400_000])
    func ranks(limit: Int) throws {
      let outcome = try run(Self.training, "-v \(limit)", ranks: 2)
      #expect(outcome.status == 71 && outcome.seconds < 15, "\(outcome)")
      #expect(outcome.lines.filter { $0.hasPrefix("lockstep: ") }.count == 1, "\(outcome)")
    }

    @Test("each thread that multiplies has memory of its own")
    func threads() throws {
      let outcome = try run(Self.training + ["--threads", "2"], "-v 380000")
      #expect(outcome.status == 71)
      #expect(outcome.lines.last?.contains("cannot start a team of 2 threads: ") == true, "\(outcome)")
    }

    @Test("around the least that is enough, a run either trains or ends with words")
    func border() throws {
      for limit in stride(from: 270_000, through: 330_000, by: 6_000) {
        let outcome = try run(Self.training, "-v \(limit)")
        #expect([0, 71, 73].contains(outcome.status), "\(limit): \(outcome)")
        #expect(outcome.seconds < 20)
        if outcome.status != 0 {
          #expect(outcome.lines.last?.hasPrefix("lockstep: ") == true, "\(limit): \(outcome)")
        } else {
          try FileManager.default.removeItem(atPath: scratch / "run")
        }
      }
    }

    @Test("data segments and stacks have limits, too")
    func others() throws {
      let data = try run(Self.training, "-d 100000")
      #expect(data.status == 71 && data.lines.last?.contains("(ulimit -d, or h_data)") == true, "\(data)")
      let stack = try run(Self.training, "-s 256")
      #expect(stack.status == 71)
      #expect(stack.lines == ["lockstep: the stack is limited to 256 kB (ulimit -s): raise it to 1024 kB or more"])
      #expect(try run(Self.training, "-s 1024").status == 0)
    }
  }
}
