import Kernels
import Tensors

/// A convolution whose algorithm has been chosen, ready to be bound to addresses and shared by a team's threads.
struct PlannedConvolution {
  private enum Algorithm {
    case unfolded(UnfoldedConvolution)
    case winograd(WinogradConvolution)
  }

  private let algorithm: Algorithm
  /// Threads that share the work: 1 where that is not worth it.
  private let parts: Int

  /// - Precondition: the shapes have passed the operation's shape rule.
  init(_ settings: ConvolutionSettings, input: Shape, weights: Shape, threads: Int) {
    guard let geometry = try? settings.geometry(input: input, weights: weights) else {
      preconditionFailure("a convolution of \(input) by \(weights)")
    }
    switch settings.algorithm ?? geometry.algorithm {
    case .unfolded: algorithm = .unfolded(UnfoldedConvolution(geometry))
    case .winograd2: algorithm = .winograd(WinogradConvolution(geometry, tile: 2))
    case .winograd4: algorithm = .winograd(WinogradConvolution(geometry, tile: 4))
    }
    parts = geometry.directOperations < Self.worthwhileOperations ? 1 : threads
  }

  /// From so many operations of the direct convolution on, threads share the work.
  private static let worthwhileOperations = 4 << 20

  var forwardWorkspace: Int {
    switch algorithm {
    case .unfolded(let convolution): convolution.workspaceCount(parts: parts)
    case .winograd(let convolution): winogradWorkspace(convolution)
    }
  }

  var inputGradientWorkspace: Int {
    switch algorithm {
    case .unfolded(let convolution): convolution.inputGradientWorkspaceCount(parts: parts)
    case .winograd(let convolution): winogradWorkspace(convolution.inputGradient.convolution)
    }
  }

  var weightsGradientWorkspace: Int {
    switch algorithm {
    case .unfolded(let convolution): convolution.weightGradientWorkspaceCount(parts: parts)
    case .winograd(let convolution): parts * ThreadTeam.stretch(convolution.gradientWorkspaceCount)
    }
  }

  /// Transformed weights, then a stretch for every part.
  private func winogradWorkspace(_ convolution: WinogradConvolution) -> Int {
    ThreadTeam.stretch(convolution.weightsCount) + parts * ThreadTeam.stretch(convolution.workspaceCount)
  }

  /// Inputs: x, weights.
  func forward(_ context: KernelContext) -> Kernel {
    let (x, w, y, workspace) = (context.inputs[0], context.inputs[1], context.output, context.workspace)
    switch algorithm {
    case .unfolded(let convolution):
      return bind(context) { convolution.forward(x: x, weights: w, y: y, workspace: workspace, part: $0, parts: $1) }
    case .winograd(let convolution): return bindWinograd(convolution, context, isTurned: false, scale: 1)
    }
  }

  /// Inputs: gradient of the result, weights.
  func inputGradient(_ context: KernelContext) -> Kernel {
    let (g, w, xGradient, workspace) = (context.inputs[0], context.inputs[1], context.output, context.workspace)
    switch algorithm {
    case .unfolded(let convolution):
      return bind(context) {
        convolution.inputGradient(
          yGradient: g, weights: w, xGradient: xGradient, workspace: workspace, part: $0, parts: $1)
      }
    case .winograd(let convolution):
      let (turned, scale) = convolution.inputGradient
      return bindWinograd(turned, context, isTurned: true, scale: scale)
    }
  }

  /// Inputs: x, gradient of the result.
  func weightsGradient(_ context: KernelContext) -> Kernel {
    let (x, g, wGradient, workspace) = (context.inputs[0], context.inputs[1], context.output, context.workspace)
    switch algorithm {
    case .unfolded(let convolution):
      return bind(
        context,
        {
          convolution.weightGradient(
            x: x, yGradient: g, weightsGradient: wGradient, workspace: workspace, part: $0, parts: $1)
        },
        {
          convolution.finishWeightGradient(weightsGradient: wGradient, workspace: workspace, part: $0, parts: $1)
        })
    case .winograd(let convolution):
      let stretch = ThreadTeam.stretch(convolution.gradientWorkspaceCount)
      let poll = context.poll
      return bind(
        context,
        {
          convolution.gradientSums(
            x: x, yGradient: g, workspace: workspace + $0 * stretch, poll: $0 == 0 ? poll : nil, part: $0, parts: $1)
        },
        {
          convolution.finishGradient(
            workspaces: workspace, stride: stretch, weightsGradient: wGradient, part: $0, parts: $1)
        })
    }
  }

  /// Transforms the weights (input 1), then convolves input 0, both shared.
  private func bindWinograd(
    _ convolution: WinogradConvolution, _ context: KernelContext, isTurned: Bool, scale: Float
  ) -> Kernel {
    let (x, w, y, packed) = (context.inputs[0], context.inputs[1], context.output, context.workspace)
    let scratch = packed + ThreadTeam.stretch(convolution.weightsCount)
    let stretch = ThreadTeam.stretch(convolution.workspaceCount)
    let poll = context.poll
    return bind(
      context,
      { convolution.prepare(weights: w, isTurned: isTurned, scale: scale, into: packed, part: $0, parts: $1) },
      {
        // Part 0 is the owner's.
        convolution.run(
          x: x, packed: packed, y: y, workspace: scratch + $0 * stretch, poll: $0 == 0 ? poll : nil, part: $0, parts: $1
        )
      })
  }

  /// A kernel of steps, each ended by all parts before the next begins.
  private func bind(_ context: KernelContext, _ steps: ((_ part: Int, _ parts: Int) -> Void)...) -> Kernel {
    let calls = steps.map { step in parts > 1 ? context.team.bind(step) : { step(0, 1) } }
    return { for call in calls { call() } }
  }
}
