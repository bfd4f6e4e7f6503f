import Foundation
import Testing

extension LockstepTests {
  /// The shortened form of `reader-probe --count 20000`; see its main.swift.
  @Suite struct HostileFilesTests {
    @Test("1,500 damaged and hostile files are read or refused in one clear line each, without much memory")
    func readers() throws {
      let scratch = try Scratch()
      let probe = URL(fileURLWithPath: Launch.program).deletingLastPathComponent().appendingPathComponent(
        "reader-probe")
      let (output, errors) = (scratch / "stdout", scratch / "stderr")
      // Slow machines share their processor with other tests: what takes endless time is found all the same.
      let process = try Launch.start(
        [probe.path, "--count", "1500", "--seed", "4", "--seconds", "6"], in: scratch,
        adding: ["TMPDIR": scratch.path], output: output, errors: errors)
      process.waitUntilExit()
      let said = try lines(of: output)
      #expect(process.terminationStatus == 0, "\(said.joined(separator: "\n"))")
      #expect(try lines(of: errors).isEmpty)
      #expect(said.last == "all right")
      // A probe that refuses everything, or nothing, tests nothing.
      for reader in ["checkpoint", "recipe", "idx", "semeion", "cifar10", "cifar100", "png", "jpeg", "folder"] {
        let line = try #require(said.first { $0.hasPrefix("\(reader): ") })
        #expect(!line.contains(" 0 files") && !line.contains(" 0 refused"), "\(line)")
      }
    }
  }
}
