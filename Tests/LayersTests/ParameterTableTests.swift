import Graphs
import Layers
import Tensors
import Testing

@Suite struct ParameterTableTests {
  private let table = ParameterTable(name: "generator")

  private func add(_ name: String, _ shape: Shape) throws -> ParameterTable.Entry {
    try table.entry(name, shape: shape, initializer: .zeros, layer: "generator/layer")
  }

  @Test("parameters start at multiples of 16 floats and do not overlap")
  func offsets() throws {
    let entries = try [
      add("a", [1]), add("b", [16]), add("c", [3, 7]), add("d", []), add("e", [128, 4]), add("f", [2]),
    ]
    #expect(entries.map(\.offset) == [0, 16, 32, 64, 80, 592])
    #expect(table.values.count == 594)
    #expect(table.parameterCount == 1 + 16 + 21 + 1 + 512 + 2)
  }

  @Test("asking again finds the same entry and takes no more room")
  func found() throws {
    let first = try add("a", [3, 5])
    let count = table.values.count
    let second = try add("a", [3, 5])
    #expect(first.offset == second.offset && first.shape == second.shape)
    #expect(table.entries.count == 1 && table.values.count == count)
  }

  @Test("the same name with another shape is refused, with both shapes")
  func clash() throws {
    _ = try add("generator/layer/kernel", [3, 5])
    let found = #expect(throws: GraphError.self) { try add("generator/layer/kernel", [5, 3]) }
    #expect(
      found?.description
        == "generator/layer: parameter generator/layer/kernel has shape [3, 5] already, not [5, 3]")
    #expect(table.entries.count == 1)
  }

  @Test("initialising fills every parameter and nothing between them")
  func initialize() throws {
    for (name, number) in [("a", 1), ("b", 2), ("c", 3)] as [(String, Float)] {
      _ = try table.entry(name, shape: [5], initializer: .constant(number), layer: "")
    }
    table.values.allocate()
    table.initialize(seed: 1)
    var expected = [Float](repeating: 0, count: 37)
    for (offset, number) in [(0, 1), (16, 2), (32, 3)] as [(Int, Float)] {
      for index in 0..<5 { expected[offset + index] = number }
    }
    #expect(Array(table.values.values) == expected)
  }

  @Test("a slice is the parameter's place in any block of the same layout")
  func slices() throws {
    _ = try add("a", [5])
    let entry = try add("b", [2, 2])
    let moments = StateBlock(name: "moments", count: table.values.count)
    moments.allocate()
    for index in moments.values.indices { moments.values[index] = Float(index) }
    #expect(Array(table.slice(entry, of: moments)) == [16, 17, 18, 19])
  }

  @Test("scopes nest by path, and carry graph, table, penalties and observations along")
  func scopes() throws {
    let graph = Graph()
    let root = Scope(graph: graph, parameters: table)
    let inner = root / "block2" / "attention"
    #expect(root.path == "generator" && inner.path == "generator/block2/attention")
    _ = try inner.parameter("kernel", [2, 3], .glorotUniform)
    #expect(table.entries.map(\.name) == ["generator/block2/attention/kernel"])
    #expect(inner.graph === graph && inner.parameters === table)
    #expect(inner.penalties === root.penalties && inner.observations === root.observations)
    #expect(inner.layer { graph.currentLayer } == "generator/block2/attention")
    #expect(graph.currentLayer == "")
  }

  @Test("a parameter read twice is one value; in another graph it is the same memory")
  func sharing() throws {
    let (first, second) = (Graph(), Graph())
    let a = try Scope(graph: first, parameters: table).parameter("a", [4], .constant(3))
    let again = try Scope(graph: first, parameters: table).parameter("a", [4], .constant(3))
    #expect(a == again)
    let other = try Scope(graph: second, parameters: table).parameter("a", [4], .constant(3))
    #expect((other.node.operation as? StateRead)?.block === table.values)
    #expect((other.node.operation as? StateRead)?.offset == (a.node.operation as? StateRead)?.offset)
    #expect(table.entries.count == 1)
  }

  @Test("a scope over an average reads the average")
  func average() throws {
    let average = StateBlock(name: "average")
    let scope = Scope(graph: Graph(), parameters: table, source: average) / "layer"
    let value = try scope.parameter("kernel", [4], .zeros)
    #expect((value.node.operation as? StateRead)?.block === average)
  }
}
