import Foundation
import Testing

/// A model that a program brings itself, trained as a user would: alone, on two ranks, stopped and gone on with.
@Suite(.serialized) struct OwnModelTests {
  private let directory = FileManager.default.temporaryDirectory.path + "/lockstep-\(UUID().uuidString)"

  init() throws { try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true) }

  /// - Returns: exit status and all that was said.
  private func run(_ program: String, _ arguments: String..., ranks: Int? = nil) throws -> (status: Int32, said: String)
  {
    let path = program == "env" ? "env" : self.program(program)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    let launcher = ranks.map { ["mpirun", "-q", "--oversubscribe", "-n", "\($0)"] } ?? []
    process.arguments = ["timeout", "--kill-after=5", "60"] + launcher + [path] + arguments
    process.currentDirectoryURL = URL(fileURLWithPath: directory)
    var environment = ProcessInfo.processInfo.environment.filter { name, _ in
      !["OMPI_", "PMIX_", "ORTE_", "PMI_", "SLURM_", "LOCKSTEP_", "OPENBLAS_"].contains { name.hasPrefix($0) }
    }
    environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
    environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    process.environment = environment
    let said = URL(fileURLWithPath: directory + "/.said")
    try Data().write(to: said)
    let file = try FileHandle(forWritingTo: said)
    (process.standardOutput, process.standardError, process.standardInput) = (file, file, FileHandle.nullDevice)
    try process.run()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: try Data(contentsOf: said), as: UTF8.self))
  }

  /// Beside the test bundle.
  private func program(_ name: String) -> String {
    let bundle = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
    return bundle.deletingLastPathComponent().appendingPathComponent(name).path
  }

  /// The tensors of a checkpoint: all behind its header.
  private func tensors(_ run: String, _ iteration: String) throws -> Data {
    let file = try Data(
      contentsOf: URL(fileURLWithPath: "\(directory)/\(run)/checkpoints/iteration-\(iteration).safetensors"))
    let header = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    return file.dropFirst(8 + header)
  }

  private static let short = "evaluation.samples=64"

  @Test("trains, goes on where it was, and ends with the same bits; the plain program says that it is not its model")
  func goesOn() throws {
    for (iterations, name) in [(12, "whole"), (6, "parts"), (12, "parts")] {
      let done = try run(
        "efficient-attention", name, "training.iterations=\(iterations)", Self.short, "training.learningRateDecay=none")
      #expect(done.status == 0, "\(done.said)")
      #expect(done.said.contains("\(name): trained"))
    }
    #expect(try tensors("whole", "00000012") == tensors("parts", "00000012"))
    #expect(FileManager.default.fileExists(atPath: directory + "/whole/report.html"))
    for command in [["sample", "whole", "--output=x.npz"], ["train", "--resume=whole", "--iterations=13"]] {
      let refused = try run("lockstep", command[0], command[1], command[2])
      #expect(refused.status == 78, "\(refused.said)")
      #expect(refused.said.contains("its model is \"efficient-attention-gan\", this program's is the recipe's"))
    }
    let recipe = try Data(contentsOf: URL(fileURLWithPath: directory + "/whole/recipe.yaml"))
    let other = try run("efficient-attention", "whole", "training.iterations=12", Self.short, "training.batchSize=32")
    #expect(other.status == 78)
    #expect(other.said.contains("made by another recipe") && !other.said.contains("--allow-change"), "\(other.said)")
    // What is refused changes nothing, and leaves nothing.
    #expect(try Data(contentsOf: URL(fileURLWithPath: directory + "/whole/recipe.yaml")) == recipe)
    let large = try run("efficient-attention", "large", "data.height=32", "data.width=32")
    #expect(large.status == 78 && large.said.contains("this model makes images of 16×16"), "\(large.said)")
    #expect(!FileManager.default.fileExists(atPath: directory + "/large"))
    let help = try run("efficient-attention", "--help")
    #expect(help.status == 64 && help.said.contains("usage: efficient-attention [DIRECTORY"), "\(help.said)")
    let late = try run("env", "LOCKSTEP_END_TIME=1", program("efficient-attention"), "late")
    #expect(late.status == 64 && late.said.contains("LOCKSTEP_END_TIME: only 0 s are left"), "\(late.said)")
    #expect(!FileManager.default.fileExists(atPath: directory + "/late"))
  }

  @Test("two ranks train what one trains, up to rounding")
  func ranks() throws {
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/mpirun") else {
      return print("skipped: no mpirun here")
    }
    let settings = "training.iterations=5"
    #expect(try run("efficient-attention", "one", settings, Self.short).status == 0)
    let two = try run("efficient-attention", "two", settings, Self.short, ranks: 2)
    #expect(two.status == 0, "\(two.said)")
    func losses(_ name: String) throws -> [Double] {
      let text = try String(contentsOfFile: "\(directory)/\(name)/metrics.jsonl", encoding: .utf8)
      let lines = try text.split(separator: "\n").map { try JSONSerialization.jsonObject(with: Data($0.utf8)) }
      return lines.compactMap { ($0 as? [String: Any])?["discriminatorLoss"] as? Double }
    }
    let (a, b) = (try losses("one"), try losses("two"))
    #expect(!a.isEmpty && a.count == b.count)
    // Float32 sums in another order, over five iterations.
    for (x, y) in zip(a, b) { #expect(abs(x - y) < 1e-3 * abs(x)) }
  }
}
