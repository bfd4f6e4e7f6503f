import ArgumentParser

struct LockstepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lockstep",
    abstract: "Trains conditional GANs with self-attention on CPUs: alone, under mpirun, or as a batch job.",
    discussion: """
      A first run, with no data and no files of your own:

        lockstep train --recipe digits --output runs/first
        lockstep sample runs/first --count 100 --output digits.png

      The same on N processes: cluster/run.sh -n N -- train --recipe digits --output runs/first

      Exit codes: 0 done; 64 wrong command line or launcher, 65 damaged data or checkpoint, 66 no such input, \
      73 output cannot be written, 78 wrong recipe, 75 stopped early and can go on, others as in sysexits.h.
      """,
    version: "0.1.0",
    subcommands: [
      TrainCommand.self, SampleCommand.self, EvaluateCommand.self, ProfileCommand.self, PlanCommand.self,
      DoctorCommand.self, InspectCommand.self, ReportCommand.self, RecipesCommand.self, DataCommand.self,
      SweepCommand.self, MeasureCommand.self, ExportCommand.self, ImportCommand.self,
    ])
}
