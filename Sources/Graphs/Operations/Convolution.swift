import Kernels
import Tensors

/// What a convolution and its two gradients have in common.
public struct ConvolutionSettings: Hashable, Sendable {
  public var stride = 1
  /// Rows and columns of zeros on every side.
  public var padding: Int
  /// Resampling folded into the convolution.
  public var resampling = ConvolutionGeometry.Resampling.none
  /// Tests force one; nil: the one for the shape.
  public var algorithm: ConvolutionAlgorithm?

  public init(
    stride: Int = 1, padding: Int, resampling: ConvolutionGeometry.Resampling = .none,
    algorithm: ConvolutionAlgorithm? = nil
  ) {
    self.stride = stride
    self.padding = padding
    self.resampling = resampling
    self.algorithm = algorithm
  }

  /// The extents for a stored input `[N, H, W, C]` and weights `[kh, kw, C, K]`.
  func geometry(input: Shape, weights: Shape) throws -> ConvolutionGeometry {
    guard input.rank == 4, weights.rank == 4, input[3] == weights[2] else {
      throw ShapeError("images \(input) and weights \(weights) ([kh, kw, in, out]) do not fit")
    }
    let factor = resampling == .upsampledInput ? 2 : 1
    let (height, width) = (factor * input[1], factor * input[2])
    guard height + 2 * padding >= weights[0], width + 2 * padding >= weights[1] else {
      throw ShapeError("images of \(height)×\(width) are smaller than the kernel of \(weights[0])×\(weights[1])")
    }
    let geometry = ConvolutionGeometry(
      images: input[0], height: height, width: width, inputChannels: weights[2], outputChannels: weights[3],
      kernelHeight: weights[0], kernelWidth: weights[1], stride: stride, padding: padding, resampling: resampling)
    if let algorithm, !geometry.allows(algorithm) { throw ShapeError("\(algorithm) cannot do \(geometry)") }
    return geometry
  }

  /// Operations are counted as a direct convolution's, whatever the algorithm.
  func cost(input: Shape, weights: Shape, floats: Int) -> Cost {
    let geometry = try? geometry(input: input, weights: weights)
    return Cost(
      operations: geometry?.directOperations ?? 0, performed: geometry?.performedOperations, bytes: 4 * floats)
  }
}

/// A convolution of channels-last images, as a cross-correlation.
///
///     y[n, i, j, k] = Σ over a, b, c of x[n, s·i + a − p, s·j + b − p, c] · w[a, b, c, k]
///
/// - Shapes: x `[N, H, W, C]`, w `[kh, kw, C, K]`; result `[N, H', W', K]`, H' = (H + 2p − kh) / s + 1. With folded
///   resampling x is half as high and wide, or the result is.
public struct Convolution: Operation {
  public let settings: ConvolutionSettings

  public init(settings: ConvolutionSettings) { self.settings = settings }

  public var name: String { "convolution" }

  public func shape(of inputs: [Shape]) throws -> Shape {
    Shape(try settings.geometry(input: inputs[0], weights: inputs[1]).outputExtents)
  }

  public func gradients(_ application: Application) throws -> [Value?] {
    let (x, w, g) = (application.inputs[0], application.inputs[1], application.outputGradient)
    return [
      try inputGradient(g, w, inputShape: x.shape, settings),
      try weightsGradient(x, g, weightsShape: w.shape, settings),
    ]
  }

  public func cost(inputs: [Shape], output: Shape) -> Cost {
    settings.cost(input: inputs[0], weights: inputs[1], floats: inputs[0].count + inputs[1].count + output.count)
  }

  public func workspaceCount(inputs: [Shape], output: Shape, threads: Int) -> Int {
    planned(inputs, threads: threads).forwardWorkspace
  }

  public func kernel(_ context: KernelContext) -> Kernel {
    planned(context.inputShapes, threads: context.team.count).forward(context)
  }

  private func planned(_ inputs: [Shape], threads: Int) -> PlannedConvolution {
    PlannedConvolution(settings, input: inputs[0], weights: inputs[1], threads: threads)
  }
}

/// The gradient of a convolution with respect to its input: linear in `yGradient` and in the weights.
///
/// - Shapes: yGradient as the convolution's result, w `[kh, kw, C, K]`; result `inputShape`.
public struct ConvolutionInputGradient: Operation {
  public let settings: ConvolutionSettings
  public let inputShape: Shape

  public init(settings: ConvolutionSettings, inputShape: Shape) {
    self.settings = settings
    self.inputShape = inputShape
  }

  public var name: String { "convolutionInputGradient" }

  public func shape(of inputs: [Shape]) throws -> Shape {
    let expected = Shape(try settings.geometry(input: inputShape, weights: inputs[1]).outputExtents)
    guard inputs[0] == expected else { throw ShapeError("gradient \(inputs[0]) of a result \(expected)") }
    return inputShape
  }

  public func gradients(_ application: Application) throws -> [Value?] {
    let (yGradient, w, g) = (application.inputs[0], application.inputs[1], application.outputGradient)
    return [
      try g.graph.apply(Convolution(settings: settings), [g, w]),
      try weightsGradient(g, yGradient, weightsShape: w.shape, settings),
    ]
  }

  public func cost(inputs: [Shape], output: Shape) -> Cost {
    settings.cost(input: inputShape, weights: inputs[1], floats: inputs[0].count + inputs[1].count + output.count)
  }

  public func workspaceCount(inputs: [Shape], output: Shape, threads: Int) -> Int {
    planned(inputs, threads: threads).inputGradientWorkspace
  }

  public func kernel(_ context: KernelContext) -> Kernel {
    planned(context.inputShapes, threads: context.team.count).inputGradient(context)
  }

  private func planned(_ inputs: [Shape], threads: Int) -> PlannedConvolution {
    PlannedConvolution(settings, input: inputShape, weights: inputs[1], threads: threads)
  }
}

/// The gradient of a convolution with respect to its weights: linear in the input and in `yGradient`.
///
/// - Shapes: x `[N, H, W, C]`, yGradient as the convolution's result; result `weightsShape`.
public struct ConvolutionWeightsGradient: Operation {
  public let settings: ConvolutionSettings
  public let weightsShape: Shape

  public init(settings: ConvolutionSettings, weightsShape: Shape) {
    self.settings = settings
    self.weightsShape = weightsShape
  }

  public var name: String { "convolutionWeightsGradient" }

  public func shape(of inputs: [Shape]) throws -> Shape {
    let expected = Shape(try settings.geometry(input: inputs[0], weights: weightsShape).outputExtents)
    guard inputs[1] == expected else { throw ShapeError("gradient \(inputs[1]) of a result \(expected)") }
    return weightsShape
  }

  public func gradients(_ application: Application) throws -> [Value?] {
    let (x, yGradient, g) = (application.inputs[0], application.inputs[1], application.outputGradient)
    return [
      try inputGradient(yGradient, g, inputShape: x.shape, settings),
      try g.graph.apply(Convolution(settings: settings), [x, g]),
    ]
  }

  public func cost(inputs: [Shape], output: Shape) -> Cost {
    settings.cost(input: inputs[0], weights: weightsShape, floats: inputs[0].count + inputs[1].count + output.count)
  }

  public func workspaceCount(inputs: [Shape], output: Shape, threads: Int) -> Int {
    planned(inputs, threads: threads).weightsGradientWorkspace
  }

  public func kernel(_ context: KernelContext) -> Kernel {
    planned(context.inputShapes, threads: context.team.count).weightsGradient(context)
  }

  private func planned(_ inputs: [Shape], threads: Int) -> PlannedConvolution {
    PlannedConvolution(settings, input: inputs[0], weights: weightsShape, threads: threads)
  }
}

private func inputGradient(
  _ yGradient: Value, _ w: Value, inputShape: Shape, _ settings: ConvolutionSettings
) throws -> Value {
  try w.graph.apply(ConvolutionInputGradient(settings: settings, inputShape: inputShape), [yGradient, w])
}

private func weightsGradient(
  _ x: Value, _ yGradient: Value, weightsShape: Shape, _ settings: ConvolutionSettings
) throws -> Value {
  try x.graph.apply(ConvolutionWeightsGradient(settings: settings, weightsShape: weightsShape), [x, yGradient])
}
