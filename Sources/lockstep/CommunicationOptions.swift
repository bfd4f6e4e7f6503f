import ArgumentParser
import Checkpoints
import Communication
import Datasets
import Kernels
import Training

/// How gradients are summed over the processes.
struct CommunicationOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      How gradients are summed. auto: measured at start where there are several machines; a resumed run keeps what it \
      had. nodes: in memory that the processes of a machine share, then between machines; with ,bucket=BYTES they \
      travel in parts as they become ready, ,inflight=N so many parts at a time, ,split takes the discriminator's real \
      images first, beneath the generator's gradients. library: by MPI's own all-reduce.
      """, valueName: "auto|nodes[,…]|library"))
  var communication = "auto"

  func validate() throws { _ = try fixed() }

  /// Nil for `auto`.
  func fixed() throws -> ReductionSettings? {
    if communication == "auto" { return nil }
    guard let settings = ReductionSettings(communication) else {
      throw ValidationError(
        "--communication \(communication): write auto, library, or nodes with bucket=BYTES (4096 or more), inflight=N (1 "
          + "to 16) and split behind it, as in nodes,bucket=1048576,split")
    }
    return settings
  }

  /// What this run does: what was asked for, what the resumed run did on the same ranks, or what measuring says.
  ///
  /// - Parameters:
  ///   - resumed: on rank 0, the checkpoint that the run goes on from.
  ///   - retunes: measure anew all the same.
  func tuning(
    recipe: Recipe, dataset: Dataset, resumed: SafetensorsFile?, retunes: Bool = false, communicator: any Communicator,
    team: ThreadTeam
  ) throws -> ReductionTuning {
    if let fixed = try fixed() { return ReductionTuning(fixed) }
    return try ReductionTuning(
      resuming: resumed, retunes: retunes, recipe: recipe, dataset: dataset, communicator: communicator, team: team)
  }
}
