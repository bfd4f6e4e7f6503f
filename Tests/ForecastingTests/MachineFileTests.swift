import Foundation
import Reporting
import Testing

@testable import Forecasting

@Suite struct MachineFileTests {
  private func text(of machine: Machine) -> String {
    let line = LineBuffer(capacity: 4096)
    MachineFile.encode(machine, to: line)
    return String(decoding: line.contents, as: UTF8.self)
  }

  private func reason(_ text: String) -> String? {
    do {
      _ = try MachineFile.decode(Array(text.utf8), path: "m.json")
      return nil
    } catch { return error.reason }
  }

  @Test("a machine comes back as it was written")
  func roundTrip() throws {
    let machine = Fixtures.machine(nodes: 2, origin: .measured)
    #expect(try MachineFile.decode(Array(text(of: machine).utf8), path: "m.json") == machine)
    let path = "/tmp/lockstep-machine-\(UInt64.random(in: 0 ... .max)).json"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try MachineFile.write(machine, to: path)
    #expect(try MachineFile.read(path) == machine)
  }

  @Test("a file cut anywhere is refused")
  func cut() {
    let whole = Array(text(of: Fixtures.machine()).utf8)
    for count in 0..<whole.count {
      #expect(throws: MachineFileError.self) { try MachineFile.decode(Array(whole[..<count]), path: "m.json") }
    }
  }

  @Test("unknown, missing, doubled and impossible values are refused by name")
  func strict() {
    let good = text(of: Fixtures.machine())
    #expect(reason(good) == nil)
    let rows: [(String, String, String)] = [
      ("\"version\":1", "\"version\":2", "version 2"),
      ("\"threads\":1", "\"threads\":0", "threads must be a whole number"),
      ("\"threads\":1", "\"threads\":1.5", "threads must be a whole number"),
      ("\"threads\":1", "\"threads\":\"1\"", "lacks the number threads"),
      ("\"threads\":1,", "", "lacks the number threads"),
      ("\"threads\":1", "\"threads\":1,\"threads\":1", "given twice"),
      ("\"threads\":1", "\"threads\":1,\"colour\":1", "colour is no key"),
      ("\"updateSeconds\":0.25", "\"updateSeconds\":-1", "updateSeconds is below 0"),
      ("\"updateSeconds\":0.25", "\"updateSeconds\":0.25,\"x\":1", "x is no key"),
      ("\"latencySeconds\":0.001", "\"latencySeconds\":0", "latencySeconds must be above 0"),
      ("\"latencySeconds\":0.001", "\"latencySeconds\":1e999", "not a number"),
      ("\"networkOrigin\":\"given\"", "\"networkOrigin\":\"heard\"", "networkOrigin is heard"),
      ("\"mostImages\":8", "\"mostImages\":1", "mostImages must be a whole number from 2"),
      ("\"phases\":[", "\"phases\":[7,", "an object is expected"),
      ("{\"version\"", "[[[[[[[[[[[[[[{\"version\"", "levels"),
    ]
    for (old, new, expected) in rows {
      #expect(good.contains(old), "\(old)")
      let found = reason(good.replacing(old, with: new, maxReplacements: 1)) ?? "accepted"
      #expect(found.contains(expected), "\(new): \(found)")
    }
    #expect(reason(good + " x")?.contains("behind the end") == true)
  }

  @Test("times of other networks or threads are not used")
  func problem() {
    let machine = Fixtures.machine()
    #expect(machine.problem(for: Fixtures.workload(), threads: 1) == nil)
    #expect(machine.problem(for: Fixtures.workload(), threads: 2)?.contains("threads") == true)
    let other = Workload(
      recipe: "large", globalBatch: 16,
      phases: Fixtures.workload().phases.map {
        Workload.Phase(name: $0.name, repetitions: 1, bucketBytes: [2 * $0.gradientBytes], blockingSums: [])
      })
    #expect(machine.problem(for: other, threads: 1)?.contains("other networks") == true)
  }
}
