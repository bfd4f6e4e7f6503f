import Communication
import Optimization
import Programs
import Tracing

// A phase makes the gradients of one network; its update follows as soon as they are summed over all ranks: at once, or
// beneath the first segment of the next phase, which looks at nothing that the update writes. The numbers are the same
// either way, bit for bit.
//
//     D gradients ─▶ sum ════════════╗          G gradients ─▶ sum ═══════════════════╗
//                     G: fakes ───── D update ─ G: the rest    D: real images ─────── G update ─ D: the rest

/// A phase whose gradients are made.
struct StartedPhase {
  let network: TrainedNetwork
  /// Counted over the whole run.
  let number: Int
  let iteration: Int
  let phase: Int
}

/// What every rank knows after an update.
public struct PhaseOutcome: Sendable, Equatable {
  public var network: TrainedNetwork
  /// Where the run stands with it: iterations done, and phases of the next one.
  public var iteration: Int
  public var phase: Int
  public var record: ControlRecord
  /// What the health detectors found, the first of them.
  public var incident: HealthIncident?
}

/// What came of the updates that a call has made, in their order; the same on every rank.
public struct PhaseOutcomes: Sendable, Equatable {
  /// Of the phase before.
  public var earlier: PhaseOutcome?
  /// Of the phase itself, unless it is still to come.
  public var own: PhaseOutcome?
}

extension Trainer {
  /// Runs a segment of a program.
  public typealias Running = (_ program: Program, _ segment: Int) throws -> Void

  /// Which network the next phase updates.
  public var nextNetwork: TrainedNetwork {
    phase < recipe.training.discriminatorSteps ? .discriminator : .generator
  }

  /// Phases done over the whole run.
  var phaseNumber: Int { iteration * (recipe.training.discriminatorSteps + 1) + phase }

  /// An update is still to come: `settle()` before looking at parameters.
  public var isUpdatePending: Bool { pending != nil }

  /// One iteration: `discriminatorSteps` updates of the discriminator, one of the generator.
  ///
  /// - Parameters:
  ///   - overlapping: leave the last update to the next iteration, or to `settle()`.
  ///   - run: in place of running the programs plainly: profiles put a clock there.
  public func runIteration(
    overlapping: Bool = false, _ run: Running = { try $0.run(segment: $1) }
  ) throws {
    repeat { _ = try runPhase(overlapping: overlapping, run) } while phase != 0
  }

  /// One phase: the gradients of one network, and every update that is due.
  ///
  /// - Parameter overlapping: its own update comes with the next phase, while its gradients travel.
  /// - Throws: where ranks turn out to be in different phases.
  public func runPhase(
    overlapping: Bool = false, _ run: Running = { try $0.run(segment: $1) }
  ) throws -> PhaseOutcomes {
    let network = nextNetwork
    let step = programs[network]
    let start = phaseTrace == nil ? 0 : TraceRecorder.now
    defer { phaseTrace?.record(network, start: start) }
    var earlier = settled
    settled = nil
    ControlRecord.write(stop: stopRequest, phase: phaseNumber, to: inputs.control.values)
    switch network {
    case .discriminator:
      inputs.prepareDiscriminator(step: iteration * recipe.training.discriminatorSteps + phase)
    case .generator: inputs.prepareGenerator(step: iteration)
    }
    let startsEarly = step.startsEarly && pending?.network != network
    if !startsEarly { earlier = try finishPending(run) ?? earlier }
    try run(step.gradients, 0)
    earlier = try finishPending(run) ?? earlier
    for segment in 1..<step.gradients.segmentCount { try run(step.gradients, segment) }

    pending = StartedPhase(network: network, number: phaseNumber, iteration: iteration, phase: phase)
    switch network {
    case .discriminator: phase += 1
    case .generator: (iteration, phase) = (iteration + 1, 0)
    }
    return PhaseOutcomes(earlier: earlier, own: overlapping ? nil : try finishPending(run))
  }

  /// Makes the update that is still to come, if any: for whoever looks at the state. Ranks need not agree on when: what came
  /// of it is told by the next phase, on all ranks alike.
  public func settle() throws {
    if let outcome = try finishPending({ try $0.run(segment: $1) }) { settled = outcome }
  }

  /// What the last phase brought, where all ranks have agreed to look at the state now.
  public func takeSettled() throws -> PhaseOutcome? {
    try settle()
    defer { settled = nil }
    return settled
  }

  /// The learning rate of an update in an iteration, counted from 0: what decay and roll backs have left of the recipe's.
  func learningRate(of network: NetworkState, iteration: Int) -> Double {
    network.settings.learningRate * recipe.learningRateFactor(iteration: iteration) * health.learningRateFactor
  }

  private func finishPending(_ run: Running) throws -> PhaseOutcome? {
    guard let started = pending else { return nil }
    let state = started.network == .discriminator ? discriminator : generator
    let schedule = recipe.learningRateFactor(iteration: started.iteration)
    state.prepareUpdate(
      learningRateFactor: schedule * health.learningRateFactor, normLimit: health.normLimit(of: started.network),
      checksFinite: !health.letsNonFinitePass)
    try run(programs[started.network].update, 0)
    state.finishUpdate()
    pending = nil
    return try examine(started)
  }

  /// Reads the sums of a phase that has been updated.
  private func examine(_ started: StartedPhase) throws -> PhaseOutcome {
    let network = started.network
    let state = network == .discriminator ? discriminator : generator
    let firstField: Int
    switch network {
    case .discriminator:
      firstField = DiscriminatorStep.Report.control.rawValue
      lastReport.discriminatorLoss = state.report(DiscriminatorStep.Report.loss.rawValue)
      lastReport.realAccuracy = state.report(DiscriminatorStep.Report.realAccuracy.rawValue)
      lastReport.fakeAccuracy = state.report(DiscriminatorStep.Report.fakeAccuracy.rawValue)
    case .generator:
      firstField = GeneratorStep.Report.control.rawValue
      lastReport.generatorLoss = state.report(GeneratorStep.Report.loss.rawValue)
    }
    let record = ControlRecord { state.report(firstField + $0.rawValue) }
    let place = state.report(firstField + ControlRecord.Field.place.rawValue)
    guard place == Float(communicator.size) * ControlRecord.number(ofPhase: started.number) else {
      throw CommunicationError.outOfStep(
        text:
          "this rank is in phase \(started.number) (\(network.rawValue), iteration \(started.iteration)), others are not",
        rank: communicator.rank)
    }
    var incident = health.examine(network, loss: state.report(0), norm: state.gradientNorm)
    if network == .generator {
      let saturation = health.examineAccuracy(real: lastReport.realAccuracy, fake: lastReport.fakeAccuracy)
      incident = incident ?? saturation
    }
    let isLast = network == .generator
    return PhaseOutcome(
      network: network, iteration: started.iteration + (isLast ? 1 : 0), phase: isLast ? 0 : started.phase + 1,
      record: record, incident: incident)
  }
}
