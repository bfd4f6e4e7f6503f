import CAllocationCounter
import CKernels
import Clocks
import Communication
import Datasets
import Kernels
import Reporting
import Training

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

// What ProgramsTests run, alone and under mpirun: how often a training iteration takes memory from the system.
//
//     mpirun -n 2 allocation-probe digits-dense 1000 3
//     allocation-probe digits-dense 1000 0 threads=2 training.batchSize=1024
//
// The first writes the stacks of the first three allocations to standard error.

/// An iteration of the coordinator's loop, with a line of progress and of metrics after every one.
func iterate(_ trainer: Trainer, _ progress: ProgressLine?, _ metrics: MetricsLog?) throws {
  try trainer.runIteration()
  guard let progress, let metrics else { return }
  let now = SystemClock.monotonic.seconds
  guard progress.isDue(now: now) || metrics.isDue(now: now) else { return }
  let report = trainer.lastReport
  progress.show(
    ProgressLine.Values(
      iteration: trainer.iteration, discriminatorLoss: Double(report.discriminatorLoss),
      generatorLoss: Double(report.generatorLoss), realAccuracy: Double(report.realAccuracy),
      fakeAccuracy: Double(report.fakeAccuracy)), now: now)
  try metrics.append(iteration: trainer.iteration, kind: "training", isThrottled: true, now: now) { line in
    line.field("discriminatorLoss", report.discriminatorLoss)
    line.field("generatorLoss", report.generatorLoss)
    line.field("realAccuracy", report.realAccuracy)
    line.field("fakeAccuracy", report.fakeAccuracy)
  }
}

/// What the counter must see, or its zeros mean nothing.
@inline(never) @_optimize(none)
func makeAndDropArray(_ count: Int) -> Int { [Int](repeating: count, count: count).count }

func measure(
  _ recipeName: String, iterations: Int, traces: Int32, isLeaking: Bool, threads: Int, settings: [String]
) throws {
  let communicator = try Communicators.make()
  let recipe = try Recipe(
    yaml: Recipe.embedded(named: recipeName).yaml, origin: recipeName, settings: ["log.everySeconds=0"] + settings)
  let dataset = try DatasetSource(recipe.data.source).load()
  let trainer = try Trainer(
    recipe: recipe, dataset: dataset, communicator: communicator, team: try ThreadTeam(count: threads))
  var progress: ProgressLine?
  var metrics: MetricsLog?
  if communicator.rank == 0 {
    let sink = open("/dev/null", O_WRONLY | O_CLOEXEC)
    precondition(sink >= 0, "cannot open /dev/null: \(String(cString: strerror(errno)))")
    progress = ProgressLine(
      totalIterations: 2 * iterations, samplesPerIteration: recipe.training.batchSize, descriptor: sink,
      writer: LineWriter(descriptor: sink), isTerminal: false, plainSeconds: 0)
    let path = "\(getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp")/allocation-probe-\(getpid()).jsonl"
    metrics = try MetricsLog(path: path, minimumSeconds: recipe.log.everySeconds)
    // Open files outlive their names: nothing stays behind, however this ends.
    precondition(unlink(path) == 0, "cannot remove \(path): \(String(cString: strerror(errno)))")
  }
  // What is made at first use: lazy globals, the metadata of generic types, MPI's connections.
  for _ in 0..<20 { try iterate(trainer, progress, metrics) }
  try communicator.barrier()
  ac_start(traces)
  for _ in 0..<iterations {
    try iterate(trainer, progress, metrics)
    if isLeaking { _ = makeAndDropArray(100) }
  }
  let counts = ac_stop()
  let all = try communicator.allGather(counts)
  if communicator.rank == 0 {
    let ranks = all.map {
      "\($0.taken) taken, \($0.freed) freed" + (threads > 1 ? ", \($0.elsewhere) by other threads" : "")
    }.joined(separator: "; ")
    print("\(recipeName), \(iterations) iterations: \(ranks)")
  }
  try communicator.close()
}

let arguments = Array(CommandLine.arguments.dropFirst())
guard arguments.count >= 2, let iterations = Int(arguments[1]) else {
  print("usage: allocation-probe RECIPE ITERATIONS [leak | number of traces] [threads=T] [KEY=VALUE …]")
  exit(64)
}
// As the program itself starts.
StartUp.prepareEnvironment()
ck_flush_to_zero()
do {
  try measure(
    arguments[0], iterations: iterations, traces: arguments.dropFirst(2).first.flatMap { Int32($0) } ?? 0,
    isLeaking: arguments.contains("leak"),
    threads: arguments.first { $0.hasPrefix("threads=") }.flatMap { Int($0.dropFirst(8)) } ?? 1,
    settings: arguments.filter { $0.contains("=") && !$0.hasPrefix("threads=") })
} catch {
  print("\(error)")
  exit(1)
}
