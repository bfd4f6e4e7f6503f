import Communication
import Optimization
import Programs
import Tracing

/// What the trainer tells a trace recorder beside the units of its programs.
struct PhaseTrace {
  let recorder: TraceRecorder
  let discriminator: TraceName
  let generator: TraceName

  init(_ recorder: TraceRecorder) {
    self.recorder = recorder
    discriminator = recorder.name("discriminator step", kind: .phase)
    generator = recorder.name("generator step", kind: .phase)
  }

  func record(_ network: TrainedNetwork, start: UInt64) {
    recorder.record(
      network == .discriminator ? discriminator : generator, lane: .compute, start: start, end: TraceRecorder.now)
  }
}

extension Trainer {
  /// Events of a rank in an iteration, at most: what a recorder needs room for.
  public var eventsPerIteration: Int {
    let steps = recipe.training.discriminatorSteps
    let units = zip(programs.all, [steps, steps, 1, 1]).reduce(0) { $0 + $1.0.plan.unitCount * $1.1 }
    return units + (steps + 1) + steps * discriminator.bucketCount + generator.bucketCount
  }

  /// From now on `recorder` is told what runs and what travels, while it records; nil ends that.
  ///
  /// All ranks may call it at different times.
  public func trace(with recorder: TraceRecorder?) throws {
    try settle()
    for step in [programs.discriminator, programs.generator] {
      step.gradients.trace(with: recorder, isUpdate: false)
      step.update.trace(with: recorder, isUpdate: true)
    }
    for network in [discriminator, generator] {
      guard let recorder else {
        network.observeSums(nil)
        continue
      }
      let names = (0..<network.bucketCount).map {
        recorder.name("\(network.parameters.name) gradients \($0 + 1)", kind: .gradientTransfer)
      }
      network.observeSums { bucket, start, end in
        recorder.record(names[bucket], lane: .communication, start: start, end: end)
      }
    }
    phaseTrace = recorder.map(PhaseTrace.init)
  }
}
