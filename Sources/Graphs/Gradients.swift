import Tensors

/// The gradients of a scalar with respect to some values, as values of the same graph (reverse accumulation).
///
/// The result is made of ordinary operations, so it can be part of another loss and be differentiated again: exact R1
/// and gradient penalties are `gradients(of: penalty(gradients(…)))`.
///
/// - Shapes: `loss` `[]`; each result has the shape of its target.
/// - Returns: zeros for a target that the loss does not depend on.
public func gradients(of loss: Value, withRespectTo targets: [Value]) throws -> [Value] {
  guard loss.shape == .scalar else {
    throw GraphError(
      layer: loss.graph.currentLayer, reason: "gradients need a scalar loss; this one has shape \(loss.shape)")
  }
  let one = try loss.graph.constant(1)
  let found = try accumulateGradients(from: loss, seed: one, to: targets, stopAtTargets: false)
  return try zip(targets, found).map { target, gradient in
    try gradient ?? target.graph.constant(0, shape: target.shape)
  }
}

/// Vector–Jacobian product of `output` with `seed`, per target; nil where there is no dependence.
///
/// With `stopAtTargets` the targets count as independent of each other (partial derivatives): this is how a fused
/// operation borrows the gradient of its own decomposition.
func accumulateGradients(
  from output: Value, seed: Value, to targets: [Value], stopAtTargets: Bool
) throws -> [Value?] {
  let graph = output.graph
  let isTarget = Set(targets.map(\.index))
  var dependsOnTarget = [Bool](repeating: false, count: output.index + 1)
  for index in 0...output.index {
    if isTarget.contains(index) {
      dependsOnTarget[index] = true
    } else {
      dependsOnTarget[index] = graph.nodes[index].inputs.contains { dependsOnTarget[$0] }
    }
  }
  var gradient: [Int: Value] = [output.index: seed]
  for index in stride(from: output.index, through: 0, by: -1) where dependsOnTarget[index] {
    guard let outputGradient = gradient[index], !(stopAtTargets && isTarget.contains(index)) else { continue }
    let node = graph.nodes[index]
    guard node.inputs.contains(where: { dependsOnTarget[$0] }) else { continue }
    let inputs = node.inputs.map { Value(graph: graph, index: $0) }
    let contributions = try graph.inLayer(node.layer) {
      try node.operation.gradients(
        Application(inputs: inputs, output: Value(graph: graph, index: index), outputGradient: outputGradient))
    }
    precondition(
      contributions.count == inputs.count,
      "\(node.operation.name) has \(inputs.count) inputs and \(contributions.count) gradients")
    for (input, contribution) in zip(inputs, contributions) where dependsOnTarget[input.index] {
      guard let contribution else { continue }
      precondition(
        contribution.shape == input.shape,
        "\(node.operation.name): gradient \(contribution.shape) of an input \(input.shape)")
      gradient[input.index] = try gradient[input.index].map { try $0 + contribution } ?? contribution
    }
  }
  return targets.map { gradient[$0.index] }
}

/// The gradients of a fused operation by those of plain operations that compute the same.
///
/// The inputs count as independent of each other and of what they were made from.
///
/// - Parameter plain: the same function of the inputs, from operations with gradient rules of their own.
/// - Returns: per input the vector–Jacobian product with `seed`; nil where there is no dependence.
func decomposedGradients(
  of inputs: [Value], seed: Value, _ plain: ([Value]) throws -> Value
) throws -> [Value?] {
  let leaves = try inputs.enumerated().map { position, input in
    try input.graph.apply(Alias(position: position), [input])
  }
  return try accumulateGradients(from: plain(leaves), seed: seed, to: leaves, stopAtTargets: true)
}
