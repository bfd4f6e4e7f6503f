// Trains the model of EfficientGAN.swift, alone or under mpirun:
//
//     efficient-attention [DIRECTORY [KEY=VALUE…]]

import Communication
import Kernels
import Training

// First of all: OpenBLAS reads its environment while the program loads.
StartUp.prepareEnvironment()
let arguments = Array(CommandLine.arguments.dropFirst())
// Ctrl-C, SIGTERM and time limits end a run with a checkpoint; before MPI starts its threads.
let signals = StopSignals()

Session.runToCode { communicator, logger in
  let output = RunDirectory(arguments.first ?? "runs/efficient-attention")
  let settings = ["name=efficient-attention"] + arguments.dropFirst()
  // Everything but the networks is a recipe's: data, losses, learning rates, evaluation, checkpoints.
  let recipe = try communicator.together { () throws -> Recipe in
    guard !output.path.hasPrefix("-") else {
      throw Failure("usage: efficient-attention [DIRECTORY [KEY=VALUE…]]", code: .usage)
    }
    return try Recipe(yaml: Recipe.embedded(named: "digits").yaml, origin: "digits", settings: settings)
  }
  let run = try TrainingRun(
    recipe, output: output, models: EfficientGAN.source, on: communicator, signals: signals, logger: logger)
  let ending = try run.run()
  if ending == .finished, communicator.rank == 0 {
    logger.show("\(output.path): trained; samples \(run.coordinator.lastPicture ?? "were drawn before")\n")
    if let scores = run.coordinator.lastClassScores {
      logger.show("recognised as their class: \(Int(100 * scores.accuracy)) %\n")
    }
  }
  return ending.exitCode
}
