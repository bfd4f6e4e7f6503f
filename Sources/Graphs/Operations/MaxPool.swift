import Kernels
import Tensors

/// Takes from g, in every 2×2 square, what lies where x is largest; the first of equals wins.
///
/// Linear in g: `MaxPoolScatter` is its adjoint. Max pooling itself is x taken from x.
///
/// - Shapes: x and g `[N, H, W, C]`, H and W even; result `[N, H/2, W/2, C]`.
public struct MaxPoolGather: Operation {
  public init() {}

  public var name: String { "maxPool" }

  public func shape(of inputs: [Shape]) throws -> Shape {
    let x = inputs[0]
    guard x.rank == 4, x[1] % 2 == 0, x[2] % 2 == 0 else {
      throw ShapeError("2×2 squares need images of even height and width; got \(x)")
    }
    guard inputs[1] == x else { throw ShapeError("\(x) and \(inputs[1])") }
    return [x[0], x[1] / 2, x[2] / 2, x[3]]
  }

  public func gradients(_ application: Application) throws -> [Value?] {
    let x = application.inputs[0]
    return [nil, try x.graph.apply(MaxPoolScatter(), [x, application.outputGradient])]
  }

  public func kernel(_ context: KernelContext) -> Kernel {
    let s = context.inputShapes[0]
    let pooling = Pooling(images: s[0], height: s[1], width: s[2], channels: s[3])
    let (x, g, y) = (context.inputs[0], context.inputs[1], context.output)
    return context.team.bind(over: pooling.pooledRows, elements: 2 * s.count) {
      pooling.maxGather(x: x, g: g, y: y, rows: $0)
    }
  }
}

/// Puts g, in every 2×2 square, where x is largest, and zeros elsewhere.
///
/// - Shapes: x `[N, H, W, C]`, g `[N, H/2, W/2, C]`; result `[N, H, W, C]`.
public struct MaxPoolScatter: Operation {
  public init() {}

  public var name: String { "maxPoolGradient" }

  public func shape(of inputs: [Shape]) throws -> Shape {
    let pooled = try MaxPoolGather().shape(of: [inputs[0], inputs[0]])
    guard inputs[1] == pooled else { throw ShapeError("\(inputs[1]) where \(pooled) is needed") }
    return inputs[0]
  }

  public func gradients(_ application: Application) throws -> [Value?] {
    let x = application.inputs[0]
    return [nil, try x.graph.apply(MaxPoolGather(), [x, application.outputGradient])]
  }

  public func kernel(_ context: KernelContext) -> Kernel {
    let s = context.inputShapes[0]
    let pooling = Pooling(images: s[0], height: s[1], width: s[2], channels: s[3])
    let (x, g, y) = (context.inputs[0], context.inputs[1], context.output)
    return context.team.bind(over: pooling.pooledRows, elements: 2 * s.count) {
      pooling.maxScatter(x: x, g: g, y: y, rows: $0)
    }
  }
}

/// The largest of every 2×2 square.
///
/// - Shapes: `x` `[N, H, W, C]`, H and W even; result `[N, H/2, W/2, C]`.
public func maxPool(_ x: Value) throws -> Value { try x.graph.apply(MaxPoolGather(), [x, x]) }
