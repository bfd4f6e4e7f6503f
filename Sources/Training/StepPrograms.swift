import Communication
import Graphs
import Kernels
import Optimization
import Programs

/// The plans of an iteration: for each network one that makes its gradients and hands them over to be summed, and one that
/// takes the sum and updates.
struct StepPlans {
  let discriminator: Plan
  let generator: Plan
  let discriminatorUpdate: Plan
  let generatorUpdate: Plan

  init(_ context: StepContext, threads: Int) throws {
    let discriminatorStep = try DiscriminatorStep(context)
    let generatorStep = try GeneratorStep(context)
    discriminator = Plan(
      name: "discriminator", graph: discriminatorStep.graph, outputs: discriminatorStep.outputs, threads: threads)
    generator = Plan(name: "generator", graph: generatorStep.graph, outputs: generatorStep.outputs, threads: threads)
    discriminatorUpdate = Plan(
      name: "discriminator update", graph: try context.discriminator.updateGraph(), outputs: [], threads: threads)
    generatorUpdate = Plan(
      name: "generator update", graph: try context.generator.updateGraph(), outputs: [], threads: threads)
  }

  var all: [Plan] { [discriminator, discriminatorUpdate, generator, generatorUpdate] }
}

/// The programs of an iteration.
public struct StepPrograms {
  /// What runs for one network.
  public struct Step {
    public let gradients: Program
    public let update: Program
    /// Whether the first segment of `gradients` may run before the other network's update.
    let startsEarly: Bool
  }

  public let discriminator: Step
  public let generator: Step

  init(_ plans: StepPlans, arena: Arena, communicator: any Communicator, team: ThreadTeam) {
    // Updates run between the segments of a step, whose values must stay.
    let updates = Arena(plans: [plans.discriminatorUpdate, plans.generatorUpdate])
    func program(_ plan: Plan, _ arena: Arena) -> Program {
      Program(plan, arena: arena, communicator: communicator, team: team)
    }
    func step(_ plan: Plan, _ update: Plan, other: Plan) -> Step {
      Step(
        gradients: program(plan, arena), update: program(update, updates),
        startsEarly: plan.segmentCount > 1
          && plan.blocksRead(throughSegment: 0).isDisjoint(with: other.blocksWritten))
    }
    discriminator = step(plans.discriminator, plans.discriminatorUpdate, other: plans.generatorUpdate)
    generator = step(plans.generator, plans.generatorUpdate, other: plans.discriminatorUpdate)
  }

  public subscript(network: TrainedNetwork) -> Step {
    switch network {
    case .discriminator: discriminator
    case .generator: generator
    }
  }

  public var all: [Program] {
    [discriminator.gradients, discriminator.update, generator.gradients, generator.update]
  }
}
