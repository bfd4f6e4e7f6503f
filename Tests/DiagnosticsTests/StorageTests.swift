import Communication
import Testing

@testable import Diagnostics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

struct StorageTests {
  @Test("missing or little shared memory is a warning")
  func sharedMemory() {
    #expect(Judgement.sharedMemory(Made.node { $0.memory.sharedFree = 64 << 20 }).map(\.level) == [.warning])
    #expect(Judgement.sharedMemory(Made.node { $0.memory.sharedFree = -1 }).map(\.level) == [.warning])
    #expect(Judgement.sharedMemory(Made.node { $0.memory.sharedFree = 72 << 20 }).map(\.level) == [.ok])
  }

  @Test("memory counts per rank, and a container's limit counts where it is narrower")
  func memory() {
    #expect(Judgement.memory(Made.node { $0.memory.available = 900 << 20 }).map(\.level) == [.warning])
    #expect(Judgement.memory(Made.pair { $0.memory.available = 900 << 20 }).map(\.level) == [.ok])
    let limited = Judgement.memory(Made.node { ($0.memory.limit, $0.memory.limitUsed) = (1 << 30, 950 << 20) })
    #expect(limited.map(\.level) == [.problem] && limited[0].text.contains("a limit of 1 GB"))
  }

  @Test("an output directory that cannot be written, is full, slow, without locks or in memory is said to be so")
  func output() {
    func level(_ spoil: @escaping (inout OutputFacts) -> Void) -> Finding.Level {
      Judgement.output(Made.node { spoil(&$0.output) })[0].level
    }
    #expect(level { _ in } == .ok)
    #expect(level { ($0.failure, $0.remedy) = ("cannot write", "do") } == .problem)
    #expect(level { $0.freeBytes = 1 << 20 } == .problem)
    #expect(level { $0.freeBytes = 1 << 30 } == .warning)
    #expect(level { $0.writeSeconds = 2 } == .warning)
    #expect(level { $0.hasLocks = false } == .warning)
    #expect(level { $0.fileSystem = "tmpfs" } == .warning)
  }

  @Test("a directory that other nodes do not see is fine, one whose locks they do not see is not")
  func sharing() {
    #expect(Judgement.sharing(Made.pair()).map(\.text) == ["shared by all nodes, locks included"])
    let apart = Judgement.sharing(Made.pair { $0.output.seesToken = false })
    #expect(apart.map(\.level) == [.ok] && apart[0].nodes == ["node1"])
    #expect(Judgement.sharing(Made.pair { $0.output.isKeptOut = false }).map(\.level) == [.warning])
    #expect(Judgement.sharing(Made.node()) == [])
  }

  @Test("the file system is that of the innermost mount")
  func mounts() {
    let mounts: [Substring] = [
      "22 1 8:1 / / rw - ext4 /dev/sda1 rw", "30 22 0:4 / /home rw shared:1 - nfs4 server:/home rw",
      "31 22 0:5 / /homework rw - tmpfs tmpfs rw", "broken line", "32 30 0:6 / /home rw - lustre x rw",
    ]
    #expect(OutputFacts.fileSystem(of: "/home/a", in: mounts) == "lustre")
    #expect(OutputFacts.fileSystem(of: "/homework", in: mounts) == "tmpfs")
    #expect(OutputFacts.fileSystem(of: "/hom", in: mounts) == "ext4")
    #expect(OutputFacts.fileSystem(of: "/home/a", in: []) == "")
  }

  @Test("the probe writes above a directory that does not exist, and leaves nothing")
  func probe() throws {
    let path = "/tmp/lockstep-probe-\(getpid())"
    #expect(mkdir(path, 0o755) == 0)
    defer { rmdir(path) }
    let facts = try OutputProbe(communicator: SoloCommunicator()).examine(path + "/runs/a")
    #expect(facts.path == SystemText.real(path) && facts.failure == "" && facts.hasLocks && facts.writeSeconds > 0)
    // Only an empty directory can be removed.
    #expect(rmdir(path) == 0)
    #expect(try OutputProbe(communicator: SoloCommunicator()).examine("/proc/self").failure != "")
    #expect(try OutputProbe(communicator: SoloCommunicator()).examine("/proc/self/status").failure != "")
  }

  @Test("control groups are read as both kernels write them")
  func controlGroups() {
    #expect(ControlGroup.quota("150000 100000") == 1.5)
    #expect(ControlGroup.quota("max 100000") == nil)
    #expect(ControlGroup.quota(nil) == nil)
    let lines: [Substring] = ["4:memory:/a/b", "1:cpu,cpuacct:/c", "0::/d:e"]
    #expect(ControlGroup.group(of: "memory", in: lines) == "/a/b")
    #expect(ControlGroup.group(of: "cpu", in: lines) == "/c")
    #expect(ControlGroup.group(of: nil, in: lines) == "/d:e")
    #expect(ControlGroup.group(of: "pids", in: lines) == nil)
  }
}
