import Foundation
import Testing

@testable import Files

@Suite struct RunLockTests {
  func isFree(_ directory: String) -> Bool { (try? RunLock(directory: directory)) != nil }

  @Test("one holds it, the next is told who; it is free when the holder lets go")
  func holder() throws {
    let directory = try TemporaryDirectory()
    do {
      let lock = try RunLock(directory: directory.path)
      #expect(lock.isEnforced && lock.path == directory.path + "/.lock")
      let host = String(decoding: try contents("/proc/sys/kernel/hostname"), as: UTF8.self).split(separator: "\n")[0]
      #expect {
        try RunLock(directory: directory.path)
      } throws: { error in
        let words = "\(error)"
        return words.hasPrefix("\(directory.path): is in use by process \(getpid()) on \(host) since 20")
          && words.hasSuffix(" UTC; wait for that run, stop it, or name another directory")
      }
      withExtendedLifetime(lock) {}
    }
    #expect(isFree(directory.path))
    #expect(try contents(directory.path + "/.lock").isEmpty)
  }

  @Test("a missing directory is told")
  func missing() {
    #expect { try RunLock(directory: "/nonexistent/run") } throws: {
      "\($0)" == "/nonexistent/run/.lock: cannot open the lock: No such file or directory; check the path"
    }
  }

  @Test("a program that was started keeps no lock")
  func inheritance() throws {
    let directory = try TemporaryDirectory()
    var child = pid_t()
    do {
      let lock = try RunLock(directory: directory.path)
      // Not by Foundation, which closes all descriptors itself.
      let arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("60"), nil]
      defer { for argument in arguments { free(argument) } }
      #expect(posix_spawnp(&child, "sleep", nil, nil, arguments, environ) == 0)
      // Until the child has become another program, it may still have the descriptor.
      while String(decoding: try contents("/proc/\(child)/comm"), as: UTF8.self) != "sleep\n" { usleep(1_000) }
      withExtendedLifetime(lock) {}
    }
    #expect(isFree(directory.path))
    kill(child, SIGKILL)
    waitpid(child, nil, 0)
  }

  @Test("another process keeps us out, until it is killed")
  func otherProcess() throws {
    let directory = try TemporaryDirectory()
    let script = """
      import fcntl, sys, time
      f = open(sys.argv[1] + '/.lock', 'w')
      fcntl.flock(f, fcntl.LOCK_EX)
      f.write('host: far\\npid: 77\\nsince: 2025-01-02 03:04:05 UTC\\n'); f.flush()
      print('ready', flush=True); time.sleep(60)
      """
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", script, directory.path]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    defer { process.waitUntilExit() }
    guard output.fileHandleForReading.availableData.starts(with: Array("ready".utf8)) else {
      print("skipped: no python3 here")
      return
    }
    let begin = Date()
    #expect { try RunLock(directory: directory.path, waitSeconds: 0.3) } throws: {
      "\($0)".contains("is in use by process 77 on far since 2025-01-02 03:04:05 UTC")
    }
    #expect(Date().timeIntervalSince(begin) >= 0.3)
    kill(process.processIdentifier, SIGKILL)
    // Shells before python3 (as of pyenv) pass it on by exec, so the killed process is the holder.
    #expect(throws: Never.self) { try RunLock(directory: directory.path, waitSeconds: 5) }
  }
}
