import Exporting
import Foundation
import Graphs
import Layers
import Tensors

/// A directory of its own for one test, removed with it.
final class TemporaryDirectory {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/exporting-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Runs `python3` with a script; nil when there is no python3 or it lacks one of the modules.
func python(_ script: String, modules: [String], arguments: [String]) throws -> String? {
  let imports = modules.map { "import \($0)\n" }.joined()
  guard try run(imports, []).status == 0 else { return nil }
  let result = try run("import sys\n" + imports + script, arguments)
  return result.status == 0 ? result.output : "python3 ended with \(result.status)"
}

private func run(_ script: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = ["python3", "-c", script] + arguments
  let output = Pipe()
  process.standardOutput = output
  process.standardError = FileHandle.nullDevice
  try process.run()
  let data = output.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return (process.terminationStatus, String(decoding: data, as: UTF8.self))
}

/// Numbers in (−1, 1) without a pattern.
func numbers(_ count: Int, seed: UInt64) -> [Float] {
  let stream = RandomStream(seed: seed, purpose: .evaluation)
  return (0..<count).map { Float(2 * stream.uniform(iteration: 0, sample: UInt32($0)) - 1) }
}

/// A network that a test builds for batches of any size, its parameters and norm statistics filled.
struct TestNetwork {
  typealias Body = (_ inputs: [Value], _ scope: Scope) throws -> Value

  let parameters = ParameterTable(name: "net")
  let vectors = SpectralVectors(name: "net")
  let standing = StandingStatistics(name: "net")
  private let shapes: [Shape]
  private let isNormalized: Bool
  private let body: Body

  /// - Parameters:
  ///   - shapes: of the inputs, a sample each.
  ///   - isNormalized: whether weights are divided by their largest singular value.
  init(_ shapes: [Shape], isNormalized: Bool = false, _ body: @escaping Body) throws {
    (self.shapes, self.isNormalized, self.body) = (shapes, isNormalized, body)
    _ = try build(batch: 1)
    for block in [parameters.values, vectors.values] { block.allocate() }
    standing.allocate()
    for (table, seed) in [(parameters, UInt64(7)), (standing.table, 8)] {
      let filled = numbers(table.values.count, seed: seed)
      for index in filled.indices { table.values.values[index] = filled[index] }
    }
    // Variances are not negative.
    for entry in standing.table.entries {
      for index in entry.offset..<entry.offset + entry.shape.count {
        standing.values.values[index] = abs(standing.values.values[index]) + 0.2
      }
    }
    vectors.start(parameters: parameters.values, seed: 3)
  }

  func build(batch: Int) throws -> NetworkGraph {
    var network = NetworkGraph(batch: batch)
    let inputs = try shapes.enumerated().map { try network.addInput("x\($0)", shape: $1) }
    let scope = Scope(
      graph: network.graph, parameters: parameters,
      weights: WeightOptions(spectral: isNormalized ? vectors : nil), norms: .standing(standing))
    network.outputs = [.init(name: "y", value: try body(inputs, scope / "layer"))]
    return network
  }

  func inputs(batch: Int) -> [NamedTensor] {
    shapes.enumerated().map { place, shape in
      let shape = Shape([batch] + shape.dimensions)
      return NamedTensor(name: "x\(place)", shape: shape, numbers: numbers(shape.count, seed: UInt64(20 + place)))
    }
  }

  /// What goes in and what comes out, for a batch.
  func examples(batch: Int) throws -> [NamedTensor] {
    let inputs = inputs(batch: batch)
    let given = Dictionary(uniqueKeysWithValues: inputs.map { ($0.name, $0.numbers) })
    return inputs + (try NetworkProgram(build(batch: batch)).run(given))
  }
}
