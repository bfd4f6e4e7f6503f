import CKernels
import Kernels
import Tensors

/// Scores of additive attention without a tensor of `[N, L, L, U]`.
///
///     e[n, t, s] = Σ_u tanh(q[n, t, u] + k[n, s, u]) · w[u]
///
/// The kernel uses tanh(a + b) = 1 − 2 / (e²ᵃ · e²ᵇ + 1): L·U exponentials instead of L²·U.
///
/// - Shapes: q `[N, T, U]`, k `[N, S, U]`, w `[U]`; result `[N, T, S]`.
/// - Source: Bahdanau et al., 2015, as keras-self-attention's additive type applies it.
public struct AdditiveScores: Operation {
  public var name: String { "additiveScores" }

  public func shape(of inputs: [Shape]) throws -> Shape {
    let (q, k, w) = (inputs[0], inputs[1], inputs[2])
    guard q.rank == 3, k.rank == 3, q[0] == k[0], q[2] == k[2], w == [q[2]] else {
      throw ShapeError("queries \(q), keys \(k), weights \(w)")
    }
    return [q[0], q[1], k[1]]
  }

  public func cost(inputs: [Shape], output: Shape) -> Cost {
    Cost(operations: output.count * inputs[2].count * 6, bytes: Cost.pass(inputs, output).bytes)
  }

  public func gradients(_ application: Application) throws -> [Value?] {
    let x = application.inputs
    let packed = try application.output.graph.apply(AdditiveScoresGradient(), x + [application.outputGradient])
    return try AdditiveScoresGradient.unpack(packed, like: Array(x))
  }

  /// The same by plain operations; gradients of gradients go through this.
  static func plain(_ q: Value, _ k: Value, _ w: Value) throws -> Value {
    let (n, t, s, u) = (q.shape[0], q.shape[1], k.shape[1], q.shape[2])
    let hidden = try tanh(q.reshaped(to: [n, t, 1, u]) + k.reshaped(to: [n, 1, s, u]))
    return try matmul(hidden.reshaped(to: [n * t * s, u]), w.reshaped(to: [u, 1])).reshaped(to: [n, t, s])
  }

  public func workspaceCount(inputs: [Shape], output: Shape, threads: Int) -> Int {
    AdditiveExtents(inputs).workspaceCount(threads: threads)
  }

  public func kernel(_ context: KernelContext) -> Kernel {
    let (q, k, w) = (context.inputs[0], context.inputs[1], context.inputs[2])
    let (output, workspace) = (context.output, context.workspace)
    let x = AdditiveExtents(context.inputShapes)
    let run = { (range: Range<Int>, workspace: UnsafeMutablePointer<Float>) in
      let first = range.lowerBound
      ck_additive_scores(
        q + first * x.t * x.u, k + first * x.s * x.u, w, output + first * x.t * x.s, Int64(range.count), Int64(x.t),
        Int64(x.s), Int64(x.u), workspace)
    }
    guard x.isShared(by: context.team.count) else { return { run(0..<x.n, workspace) } }
    return context.team.bind { part, parts in
      run(ThreadTeam.range(of: x.n, part: part, parts: parts), workspace + part * x.stretch)
    }
  }
}

/// The three gradients of `AdditiveScores`, flat behind each other: q, k, w, each on a cache line.
public struct AdditiveScoresGradient: Operation {
  public var name: String { "additiveScoresGradient" }

  private static func offsets(_ inputs: [Shape]) -> (key: Int, weight: Int, count: Int) {
    let key = (inputs[0].count + 15) / 16 * 16
    let weight = key + (inputs[1].count + 15) / 16 * 16
    return (key, weight, weight + inputs[2].count)
  }

  static func unpack(_ packed: Value, like inputs: [Value]) throws -> [Value?] {
    let offsets = offsets(inputs.map(\.shape))
    return try zip([0, offsets.key, offsets.weight], inputs).map { start, input in
      try packed.slice(start..<start + input.shape.count).reshaped(to: input.shape)
    }
  }

  public func shape(of inputs: [Shape]) throws -> Shape {
    let scores = try AdditiveScores().shape(of: Array(inputs.prefix(3)))
    guard inputs[3] == scores else { throw ShapeError("scores \(scores) with a gradient \(inputs[3])") }
    return [Self.offsets(inputs).count]
  }

  public func cost(inputs: [Shape], output: Shape) -> Cost {
    Cost(operations: inputs[3].count * inputs[2].count * 12, bytes: Cost.pass(inputs, output).bytes)
  }

  public func gradients(_ application: Application) throws -> [Value?] {
    let seed = application.outputGradient
    let parts = Self.offsets(application.inputs.map(\.shape))
    return try decomposedGradients(of: application.inputs, seed: seed) { x in
      let found = try decomposedGradients(of: Array(x.prefix(3)), seed: x[3]) {
        try AdditiveScores.plain($0[0], $0[1], $0[2])
      }
      // Flat behind each other as the kernel writes them, with what lies between.
      return try concatenate(
        zip(found, [parts.key, parts.weight, parts.count]).reduce(into: []) { list, part in
          guard let gradient = part.0 else { preconditionFailure("scores depend on all three inputs") }
          let written = list.reduce(0) { $0 + $1.shape.count }
          list.append(try gradient.reshaped(to: [gradient.shape.count]))
          let gap = part.1 - written - gradient.shape.count
          if gap > 0 { list.append(try seed.graph.constant(0, shape: [gap])) }
        }, axis: 0)
    }
  }

  /// Behind the scratch of every thread: its sum for the weights' gradient.
  public func workspaceCount(inputs: [Shape], output: Shape, threads: Int) -> Int {
    let x = AdditiveExtents(inputs)
    return x.workspaceCount(threads: threads) + (x.isShared(by: threads) ? threads * ThreadTeam.stretch(x.u) : 0)
  }

  public func kernel(_ context: KernelContext) -> Kernel {
    let (q, k, w, g) = (context.inputs[0], context.inputs[1], context.inputs[2], context.inputs[3])
    let offsets = Self.offsets(context.inputShapes)
    let qGradient = context.output
    let kGradient = context.output + offsets.key
    let wGradient = context.output + offsets.weight
    let workspace = context.workspace
    let x = AdditiveExtents(context.inputShapes)
    let run = {
      (range: Range<Int>, wGradient: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>) in
      let (queries, keys) = (range.lowerBound * x.t * x.u, range.lowerBound * x.s * x.u)
      ck_additive_scores_gradient(
        q + queries, k + keys, w, g + range.lowerBound * x.t * x.s, qGradient + queries, kGradient + keys, wGradient,
        Int64(range.count), Int64(x.t), Int64(x.s), Int64(x.u), workspace)
    }
    guard x.isShared(by: context.team.count) else { return { run(0..<x.n, wGradient, workspace) } }
    let threads = context.team.count
    let sums = workspace + x.workspaceCount(threads: threads)
    let stride = ThreadTeam.stretch(x.u)
    let runParts = context.team.bind { part, parts in
      run(ThreadTeam.range(of: x.n, part: part, parts: parts), sums + part * stride, workspace + part * x.stretch)
    }
    return {
      runParts()
      ck_reduce_sum_columns(sums, wGradient, Int64(threads), Int64(stride), Int64(x.u))
    }
  }
}

/// n samples, t queries, s keys, u units.
private struct AdditiveExtents {
  let n: Int
  let t: Int
  let s: Int
  let u: Int

  init(_ inputs: [Shape]) { (n, t, s, u) = (inputs[0][0], inputs[0][1], inputs[1][1], inputs[0][2]) }

  /// Scratch floats of one thread.
  var stretch: Int { ThreadTeam.stretch(Int(ck_additive_workspace(Int64(n), Int64(t), Int64(s), Int64(u)))) }

  /// Whether threads take some samples each.
  func isShared(by threads: Int) -> Bool { ThreadTeam.isWorthwhile(n * t * s * u, over: n, threads: threads) }

  func workspaceCount(threads: Int) -> Int { isShared(by: threads) ? threads * stretch : stretch }
}

/// Additive scores of queries `[N, T, U]` against keys `[N, S, U]` with weights `[U]`: `[N, T, S]`.
public func additiveScores(queries: Value, keys: Value, weights: Value) throws -> Value {
  try queries.graph.apply(AdditiveScores(), [queries, keys, weights])
}
