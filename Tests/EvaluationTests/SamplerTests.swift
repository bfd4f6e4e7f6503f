import Communication
import Evaluation
import Tensors
import Testing

@Suite struct SamplerTests {
  /// Samples under the classes 0, 1, … 9, 0, … in order.
  private func images(ranks: Int, count: Int, iteration: UInt64 = 0) throws -> [[Float]?] {
    try InProcessCommunicator.run(ranks: ranks) { communicator in
      let model = try TestModel(communicator: communicator)
      return try Sampler(model.programs, communicator: communicator).images(count: count, iteration: iteration) {
        model.training.write(class: $0 % 10, to: $1)
      }
    }
  }

  @Test("the same images in the same order on any number of ranks, on rank 0 only", arguments: [1, 63, 64, 200])
  func ranks(count: Int) throws {
    let alone = try #require(try images(ranks: 1, count: count)[0])
    #expect(alone.count == count * 64)
    for ranks in 2...4 {
      let shared = try images(ranks: ranks, count: count)
      #expect(shared[0].map { $0.map(\.bitPattern) } == alone.map(\.bitPattern))
      #expect(shared.dropFirst().allSatisfy { $0 == nil })
    }
  }

  @Test("image k depends on k, its condition and the series alone")
  func order() throws {
    let many = try #require(try images(ranks: 1, count: 150)[0])
    let few = try #require(try images(ranks: 3, count: 70)[0])
    #expect(Array(many.prefix(few.count)) == few)
    #expect(Array(many[0..<64]) != Array(many[64 * 64..<65 * 64]), "samples of two blocks differ")
    #expect(try images(ranks: 1, count: 70, iteration: 1)[0] != few)
    #expect(many.allSatisfy { abs($0) <= 1 })
  }

  @Test("classes come in equal parts, in order")
  func balanced() {
    #expect(balancedClasses([0, 1, 2], count: 6) == [0, 0, 1, 1, 2, 2])
    #expect(balancedClasses([7, 3], count: 5) == [7, 7, 7, 3, 3])
    #expect(balancedClasses([1, 2, 3], count: 2) == [1, 2])
    #expect(balancedClasses([], count: 3) == [])
    #expect(balancedClasses([4], count: 0) == [])
    for (classes, count) in [(10, 100), (10, 7), (3, 100), (7, 64)] {
      let parts = Dictionary(grouping: balancedClasses(Array(0..<classes), count: count)) { $0 }.values.map(\.count)
      #expect((parts.max() ?? 0) - (parts.min() ?? 0) <= 1, "\(count) of \(classes) classes")
    }
  }
}
