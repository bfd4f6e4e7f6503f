import Tensors
import Testing

@testable import Kernels

@Suite("Products and reductions of a team")
struct ThreadTeamProductTests {
  private func product(
    _ geometry: ProductGeometry, _ team: ThreadTeam, bias: [Float]?, _ algorithm: ProductGeometry.Algorithm
  ) -> [Float] {
    let g = geometry
    let a = memory(numbers(g.batch * g.rows * g.inner, seed: 1))
    let b = memory(numbers(g.batch * g.inner * g.columns, seed: 2))
    let scratch = memory([Float](repeating: .nan, count: g.workspaceCount(threads: team.count)))
    let biases = bias.map(memory)
    return written(g.batch * g.rows * g.columns) { result in
      let product = BoundProduct(
        g, left: a.pointer, right: b.pointer, result: result, workspace: scratch.pointer, algorithm: algorithm,
        epilogue: biases.map { ProductEpilogue(bias: $0.pointer, slope: 0.2) })
      product.bind(on: team)()
    }
  }

  private func memory(_ numbers: [Float]) -> MemoryBlock {
    let block = MemoryBlock(byteCount: max(1, numbers.count) * MemoryLayout<Float>.stride)
    for (index, number) in numbers.enumerated() { block.floats[index] = number }
    return block
  }

  @Test("a team's product is one thread's, along every axis, transposed or not", arguments: [2, 3])
  func products(threads: Int) throws {
    let team = try ThreadTeam(count: threads)
    let cases: [(batch: Int, m: Int, n: Int, k: Int, axis: [ProductGeometry.Axis])] = [
      (1, 200, 150, 70, [.rows, .columns]), (1, 3, 900, 300, [.columns]), (1, 1000, 9, 200, [.rows]),
      (30, 40, 33, 50, [.batch]), (2, 130, 190, 64, [.batch, .rows, .columns]),
    ]
    for x in cases {
      for (left, right) in [(false, false), (true, false), (false, true)] {
        let geometry = ProductGeometry(
          batch: x.batch, rows: x.m, columns: x.n, inner: x.k, transposesLeft: left, transposesRight: right)
        #expect(geometry.axis(threads: threads).map(x.axis.contains) == true, "\(geometry)")
        for algorithm in [ProductGeometry.Algorithm.microKernel, .openBLAS] {
          let whole = product(geometry, ThreadTeam(), bias: nil, algorithm)
          let shared = product(geometry, team, bias: nil, algorithm)
          // Tiles of another height add in another order: some roundings of sums up to 300.
          #expect(distance(shared, whole.map(Double.init)) < 2e-5, "\(geometry) \(algorithm)")
        }
        guard geometry.takesEpilogue else { continue }
        let bias = numbers(x.n, seed: 3)
        let whole = product(geometry, ThreadTeam(), bias: bias, .microKernel)
        let shared = product(geometry, team, bias: bias, .microKernel)
        #expect(distance(shared, whole.map(Double.init)) < 2e-5, "\(geometry)")
      }
    }
  }

  @Test("small products, and those that cannot be shared, stay with one thread")
  func small() {
    let product = { (m: Int, n: Int, k: Int) in
      ProductGeometry(batch: 1, rows: m, columns: n, inner: k, transposesLeft: false, transposesRight: false)
    }
    #expect(product(32, 32, 32).axis(threads: 2) == nil)
    #expect(product(8, 16, 1 << 20).axis(threads: 2) == nil)
    #expect(product(0, 16, 16).axis(threads: 2) == nil)
    #expect(product(256, 256, 256).axis(threads: 1) == nil)
  }

  static let reductions: [(outer: Int, reduced: Int, inner: Int, split: TeamReduction.Split)] = [
    (1000, 100, 1, .outer), (64, 40, 33, .outer), (1, 300, 403, .columns), (1, 100_000, 1, .partial),
    (1, 9000, 7, .partial), (5, 2000, 17, .partial), (1, 10, 10, .whole), (3, 4, 9000, .columns),
  ]

  @Test("a team's sums and maxima are one thread's; whole results bit for bit", arguments: [2, 3])
  func reductions(threads: Int) throws {
    let team = try ThreadTeam(count: threads)
    for x in Self.reductions {
      let input = memory(numbers(x.outer * x.reduced * x.inner))
      for function in [TeamReduction.Function.sum, .maximum] {
        let run = { (team: ThreadTeam) in
          let reduction = TeamReduction(
            function, outer: x.outer, reduced: x.reduced, inner: x.inner, threads: team.count)
          let scratch = memory([Float](repeating: .nan, count: reduction.workspaceCount))
          return written(x.outer * x.inner) {
            reduction.bind(from: input.pointer, to: $0, workspace: scratch.pointer, on: team)()
          }
        }
        let (whole, shared, again) = (run(ThreadTeam()), run(team), run(team))
        #expect(bits(shared) == bits(again))
        let split = TeamReduction(
          function, outer: x.outer, reduced: x.reduced, inner: x.inner, threads: threads
        ).split
        if threads == 2 { #expect(split == x.split, "\(x)") }
        if function == .maximum || split != .partial {
          #expect(bits(shared) == bits(whole), "\(x)")
        } else {
          // Sums of up to 100,000 numbers of size 2 in another order.
          #expect(distance(shared, whole.map(Double.init)) < 1e-4, "\(x)")
        }
      }
    }
  }
}

extension MemoryBlock {
  fileprivate var pointer: UnsafeMutablePointer<Float> { floats.baseAddress! }
}
