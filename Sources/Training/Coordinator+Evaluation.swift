import Clocks
import Communication
import Evaluation
import Files
import Reporting

extension Coordinator {
  /// Thrown on all ranks alike where a stop comes in the middle of an evaluation.
  private struct Interruption: Error { let reason: StopReason }

  /// Asks all ranks, between two rounds of blocks, whether any has to stop.
  func pollForStop() throws {
    communicator.pulse.enter(.evaluation, iteration: trainer.iteration)
    let weightiest = try communicator.maximum(of: Int64(ownStopRequest?.rawValue ?? 0))
    if let reason = StopReason(rawValue: Int(weightiest)) { throw Interruption(reason: reason) }
  }

  /// Judges held-out data, and draws the picture.
  ///
  /// - Returns: why all ranks have to stop, if that came up meanwhile: the evaluation is then left to whoever goes on.
  func evaluate() throws -> StopReason? {
    let start = SystemClock.monotonic.seconds
    do {
      if let traceWindow { try traceWindow.evaluating(evaluateWhole) } else { try evaluateWhole() }
    } catch let interruption as Interruption { return interruption.reason }
    lengthPlan?.learn(evaluationSeconds: SystemClock.monotonic.seconds - start)
    evaluatedIteration = trainer.iteration
    keeper?.consider(lastClassScores, lastQuality, iteration: trainer.iteration)
    return nil
  }

  /// Looks for collapse in the newest scores.
  func checkSpread() throws -> Consequence {
    guard let scores = lastClassScores, evaluatedIteration == trainer.iteration else { return .none }
    let names = trainer.dataset.classNames
    let name = names.indices.contains(scores.leastSpreadClass) ? names[scores.leastSpreadClass] : "?"
    return try actOn(
      trainer.health.examineSpread(
        scores.leastSpread, className: name, noun: trainer.dataset.layout.kind.noun))
  }

  private func evaluateWhole() throws {
    communicator.pulse.enter(.evaluation, iteration: trainer.iteration)
    let recipe = trainer.recipe
    try trainer.refreshEvaluation()
    let scores = try DiscriminatorScores.measure(
      trainer.evaluation, training: (trainer.dataset.training, trainer.conditions),
      test: (trainer.dataset.test, testConditions), samples: recipe.evaluation.samples,
      iteration: UInt64(trainer.iteration))
    let sampleScores = try classCheck?.scores(iteration: trainer.iteration)
    let (classScores, quality) = (sampleScores?.classes, sampleScores?.quality)
    let names = sampleScores.flatMap { classCheck?.names(of: $0) } ?? []
    let picture = try SamplePicture(trainer: trainer, columns: recipe.evaluation.gridColumns)
    lastScores = scores
    lastClassScores = classScores
    lastQuality = quality
    lastVerdict = sampleScores.flatMap { classCheck?.verdict($0) }
    guard isFirstRank else { return }
    classCheck?.keep(logger)
    if history.isEmpty { readHistory(isQuiet: true) }
    if let quality, let trend = narrowing(quality), let verdict = lastVerdict {
      lastVerdict = (verdict.words.replacing(" Nothing else stands out.", with: "") + " " + trend, true)
    }
    let verdict = lastVerdict
    let share = Double(trainer.iteration) / Double(max(1, trainer.recipe.training.iterations))
    let attention = scores.attentionFindings(progress: share)
    warn(ofAttention: attention)
    lookAtDirectory()
    let path = output.picture(iteration: trainer.iteration)
    // A picture that cannot be written is no reason to lose a run.
    do {
      try picture.write(to: output.place(path))
      lastPicture = path
    } catch {
      logger.warning("no picture: \(error)")
    }
    let neighbourRanks = writePictures(quality == nil ? nil : classCheck?.quality)
    appendToMetrics(kind: "evaluation") { line in
      scores.write(to: line)
      sampleScores?.write(to: line)
      for worst in names { line.field(named: worst.name, text: worst.text) }
      writeZeroGradients(scores, to: line)
      if !attention.isEmpty { line.field("attention", text: attention.joined(separator: ". ") + ".") }
      if let neighbourRanks { line.field("neighbourRanks", text: neighbourRanks) }
      if let verdict { line.field("verdict", text: verdict.words) }
    }
    if let verdict, verdict.isAlarming {
      progress?.clear()
      logger.warning("samples: \(verdict.words)")
    }
    writeReport()
  }

  /// Whether samples were more varied before, in words: each evaluation for itself may look well.
  private func narrowing(_ quality: QualityScores) -> String? {
    let evaluations = history.evaluations.filter { $0.iteration < trainer.iteration }
    let best = evaluations.min {
      $0.numbers["frechetDistance"] ?? .infinity < $1.numbers["frechetDistance"] ?? .infinity
    }
    guard let best, let before = best.numbers["frechetDistance"], let recall = best.numbers["recall"],
      let now = quality.frechet, now > 1.5 * before, quality.placement.recall < 0.9 * recall
    else { return nil }
    let shown = { (x: Double) in "\((x * 100).rounded() / 100)" }
    return
      "The run narrows: since iteration \(grouped(best.iteration)) the Fréchet distance rose from \(shown(before)) to "
      + "\(shown(now)) and recall fell from \(shown(recall)) to \(shown(quality.placement.recall)); the samples were better then "
      + "(checkpoint.keepBest: frechet keeps the best)."
  }

  /// How evaluations measure, and what real images score: once, before the first iteration.
  func recordReference() {
    guard trainer.iteration == 0, let classCheck, let floor = classCheck.quality?.floor else { return }
    appendToMetrics(kind: "reference") { line in
      line.field("protocol", text: "\(classCheck.measurementProtocol)")
      if let quantities = classCheck.testQuantities {
        quantities.write(to: line)
      } else {
        line.field("classAccuracy", classCheck.testAccuracy)
      }
      floor.write(to: line)
    }
  }

  /// A report that cannot be written is no reason to lose a run; what could not be told is told the next time.
  func writeReport() {
    guard readHistory() else { return }
    do throws(FileError) { try output.writeReport(of: history) } catch { warnOfReport("no report: \(error)") }
    do throws(FileError) {
      let picture = lastPicture.map { (iteration: trainer.iteration, path: $0) }
      try events.add(
        tellsAnew ? history.lines : untold, isAnew: tellsAnew, picture: toldPicture == lastPicture ? nil : picture)
      (untold, tellsAnew, toldPicture) = ([], false, lastPicture)
    } catch { warnOfReport("TensorBoard is told nothing new: \(error)") }
  }

  /// Reads what has been added to the metrics.
  ///
  /// - Returns: false where they cannot be read; that has been said.
  @discardableResult
  private func readHistory(isQuiet: Bool = false) -> Bool {
    do throws(FileError) {
      let read: (lines: [RunHistory.Line], isAnew: Bool)
      if let metrics {
        read = try history.readOn(metrics, isStopping: { ownStopRequest != nil })
      } else if metricsOpening != nil {
        return false
      } else {
        read = try history.readOn(output.place(output.metrics))
      }
      tellsAnew = tellsAnew || read.isAnew || untold.count + read.lines.count > Self.mostUntold
      untold = tellsAnew ? [] : untold + read.lines
      return true
    } catch {
      if !isQuiet { warnOfReport("no report: \(error)") }
      return false
    }
  }

  /// Beyond so many, the thinned history is told again.
  private static let mostUntold = 10_000

  private func warnOfReport(_ text: String) {
    progress?.clear()
    logger.warning("\(text); training goes on, the next evaluation tries again")
  }

  /// Beside samples; those that cannot be written are no reason to lose a run.
  private func writePictures(_ quality: QualityCheck?) -> String? {
    do { return try EvaluationPictures(trainer: trainer, output: output).write(quality: quality) } catch {
      logger.warning("not all pictures for the report: \(error)")
      return nil
    }
  }

  /// The share of parameters that do not learn, of both networks and their attention layers.
  private func writeZeroGradients(_ scores: DiscriminatorScores, to line: LineBuffer) {
    for state in [trainer.generator, trainer.discriminator] {
      let network = state.parameters.name
      if let share = state.zeroGradientShare() { line.field(named: "\(network)/zeroGradients", share) }
      for layer in scores.attentionLayers where layer.hasPrefix(network + "/") {
        if let share = state.zeroGradientShare(under: layer) { line.field(named: "\(layer)/zeroGradients", share) }
      }
    }
  }

  /// Each only once.
  private func warn(ofAttention findings: [String]) {
    for finding in findings where attentionWarnings.insert(finding).inserted {
      progress?.clear()
      logger.warning("\(finding)")
    }
  }
}
