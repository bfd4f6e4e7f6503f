import Communication
import Files
import Kernels
import Logging

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs the trials of a sweep on groups of ranks.
///
/// Rank 0 decides which trials there are and which go on; within these, a group takes the next one that nobody has
/// claimed, so that a slow trial keeps nobody waiting.
public struct SweepRunner {
  let plan: SweepPlan
  let directory: SweepDirectory
  let communicator: any Communicator
  let team: ThreadTeam
  let signals: StopSignals?
  let stallTimeoutSeconds: Double?
  let logger: Logger

  /// - Parameter stallTimeoutSeconds: for a group, which ends the sweep when nothing has moved in it for so long, though other
  ///   groups go on; nil: never.
  public init(
    _ plan: SweepPlan, directory: SweepDirectory, communicator: any Communicator, team: ThreadTeam,
    signals: StopSignals?, stallTimeoutSeconds: Double? = nil, logger: Logger
  ) {
    (self.plan, self.directory, self.communicator) = (plan, directory, communicator)
    (self.team, self.signals, self.logger) = (team, signals, logger)
    self.stallTimeoutSeconds = stallTimeoutSeconds
  }

  /// - Returns: why the sweep stopped before its end.
  public func run(groups: Int) throws -> StopReason? {
    let lock = try open()
    try prepareClassifier()
    let number = communicator.rank * groups / communicator.size
    let group = try communicator.part(color: number)
    var stop: StopReason?
    var alive = plan.trials.map(\.index)
    for (rung, iterations) in plan.rungs.enumerated() where stop == nil {
      stop = try alone { try runRung(alive, iterations, on: group) }
      // All groups have ended the rung when this returns.
      let weightiest = try communicator.maximum(of: Int64(stop?.rawValue ?? 0))
      stop = StopReason(rawValue: Int(weightiest))
      guard stop == nil, rung + 1 < plan.rungs.count else { continue }
      alive = try decide(alive, iterations)
      if alive.isEmpty { break }
    }
    try group.close()
    withExtendedLifetime(lock) {}
    return stop
  }

  /// One job alone, as a task of a batch system's array runs it.
  public func run(job number: Int) throws -> StopReason? {
    try communicator.together {
      if communicator.rank == 0 { try checkSame() }
    }
    let job = plan.jobs(of: plan.trials)[number - 1]
    guard try communicator.maximum(of: find(job, plan.space.iterations)) == 0 else { return nil }
    return try trial(job, plan.space.iterations, on: communicator).run()
  }

  private func find(_ job: SweepPlan.Job, _ iterations: Int) throws -> Int64 {
    try communicator.together {
      try communicator.rank == 0 && directory.find(job, iterations: iterations) != nil ? 1 : 0
    }
  }

  /// Makes the directory; refuses one of another sweep; forgets who was at work before.
  private func open() throws -> RunLock? {
    let lock = try communicator.together { () -> RunLock? in
      guard communicator.rank == 0 else { return nil }
      try checkSame()
      let lock = try RunLock(directory: directory.path, waitSeconds: 5)
      try Directories.create(directory.claims)
      try forgetClaims()
      return lock
    }
    try communicator.together {
      guard Directories.exists(directory.claims) else {
        throw Failure(
          "\(directory.path): rank \(communicator.rank) does not see it; the groups of a sweep need a directory that "
            + "all nodes share", code: .cannotCreate)
      }
    }
    return lock
  }

  /// Removes what groups of an earlier start have claimed, and nothing else.
  private func forgetClaims() throws {
    let own = Set(plan.jobs(of: plan.trials).flatMap { job in plan.rungs.map { "\(job.name)-\($0)" } })
    for name in try Directories.names(in: directory.claims) where own.contains(name) {
      try Directories.remove(file: directory.claims + "/" + name)
    }
  }

  private func checkSame() throws {
    let mark = "# plan \(plan.digest)\n"
    if try RunDirectory.isThere(directory.space) {
      let text = try RecipeFile.text(of: directory.space)
      guard text.hasPrefix(mark) else {
        throw Failure(
          "\(directory.path) holds another sweep; go on with that one's search space, or name another --output",
          code: .cannotCreate)
      }
      return
    }
    do {
      try Directories.create(directory.path)
      try directory.write(mark + plan.space.text, to: directory.space)
    } catch { throw Failure("\(error)", code: .cannotCreate) }
  }

  /// One classifier judges all trials.
  private func prepareClassifier() throws {
    // A trial that cannot be built is told of when its turn comes; another one's samples do as well.
    for trial in plan.trials where try trainClassifier(for: trial) { return }
  }

  /// - Returns: false, on all ranks, where the trial cannot be built.
  private func trainClassifier(for trial: SweepPlan.Trial) throws -> Bool {
    let recipe = trial.recipe
    let takesPart = recipe.training.batchSize >= communicator.size || communicator.rank == 0
    let part = try communicator.part(color: takesPart ? 0 : 1)
    var isMade = true
    if takesPart {
      let dataset = try recipe.loadDataset(on: part, signals: signals)
      try part.together {
        guard recipe.model.conditionKind.settled(by: dataset) == .classes else { throw plan.withoutClassifier }
      }
      do {
        let trainer = try Trainer(recipe: recipe, dataset: dataset, communicator: part, team: team)
        _ = try ClassCheck(trainer, output: directory.classifier, logger: logger)
      } catch let shared as SharedFailure where shared.failure.code == .configuration { isMade = false }
    }
    try part.close()
    return try communicator.maximum(of: isMade ? 0 : 1) == 0
  }

  private func runRung(_ alive: [Int], _ iterations: Int, on group: any Communicator) throws -> StopReason? {
    for job in plan.jobs(of: plan.trials.filter { alive.contains($0.index) }) {
      let asked = try group.maximum(of: Int64(signals?.stop?.rawValue ?? 0))
      if let stop = StopReason(rawValue: Int(asked)) { return stop }
      let isMine = try group.together { group.rank == 0 ? try claim(job, iterations) : false }
      guard try group.maximum(of: isMine ? 1 : 0) == 1 else { continue }
      if let stop = try trial(job, iterations, on: group).run() { return stop }
      tell(job, iterations)
    }
    return nil
  }

  /// A failure that all ranks of a group share, the other groups do not know of: it ends them too.
  private func alone<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let shared as SharedFailure {
      if shared.isMine { throw shared.failure }
      // The one that speaks is to be first.
      usleep(300_000)
      communicator.abort(exitCode: shared.failure.code.rawValue)
    }
  }

  private func trial(_ job: SweepPlan.Job, _ iterations: Int, on group: any Communicator) -> SweepTrial {
    SweepTrial(
      job: job, iterations: iterations, measure: plan.space.measure, directory: directory, group: group, team: team,
      signals: signals, stallTimeoutSeconds: stallTimeoutSeconds, showsProgress: group.size == communicator.size)
  }

  /// Whether this group is to run it: a file that only one can create says so.
  private func claim(_ job: SweepPlan.Job, _ iterations: Int) throws -> Bool {
    guard try directory.find(job, iterations: iterations) == nil else { return false }
    let path = "\(directory.claims)/\(job.name)-\(iterations)"
    let descriptor = createOnly(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      guard errno == EEXIST else { throw FileError(path: path, action: "create", code: errno) }
      return false
    }
    guard close(descriptor) == 0 else { throw FileError(path: path, action: "finish writing", code: errno) }
    return true
  }

  private func createOnly(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 {
    #if canImport(Glibc)
      Glibc.open(path, flags, mode)
    #elseif canImport(Darwin)
      Darwin.open(path, flags, mode)
    #endif
  }

  private func tell(_ job: SweepPlan.Job, _ iterations: Int) {
    guard communicator.rank == 0, let result = try? directory.find(job, iterations: iterations) else { return }
    let words = result.failure.map { "failed: \($0)" } ?? "\(plan.space.measure) \(result.value ?? .nan)"
    logger.info("trial \(job.trial.index), seed \(job.seed), \(iterations) iterations (\(job.trial.words)): \(words)")
  }

  /// Which trials go on: rank 0 says.
  private func decide(_ alive: [Int], _ iterations: Int) throws -> [Int] {
    let chosen = try communicator.together { () -> [Int64] in
      guard communicator.rank == 0 else { return [] }
      let results = try directory.results(of: plan).filter { $0.iterations == iterations }
      let rows = SweepTable.rows(of: plan.trials.filter { alive.contains($0.index) }, results)
      return SweepTable.survivors(rows, eta: plan.space.eta, measure: plan.space.measure).map(Int64.init)
    }
    let count = try communicator.broadcast([Int64(chosen.count)], from: 0)[0]
    guard count > 0 else { return [] }
    let padded = communicator.rank == 0 ? chosen : [Int64](repeating: 0, count: Int(count))
    return try communicator.broadcast(padded, from: 0).map { Int($0) }
  }
}
