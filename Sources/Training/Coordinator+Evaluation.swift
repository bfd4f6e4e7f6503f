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
    do {
      if let traceWindow { try traceWindow.evaluating(evaluateWhole) } else { try evaluateWhole() }
    } catch let interruption as Interruption { return interruption.reason }
    evaluatedIteration = trainer.iteration
    keeper?.consider(lastClassScores, lastQuality, iteration: trainer.iteration)
    return nil
  }

  /// Looks for collapse in the newest scores.
  func checkSpread() throws -> Consequence {
    guard let scores = lastClassScores, evaluatedIteration == trainer.iteration else { return .none }
    let names = trainer.dataset.classNames
    let name = names.indices.contains(scores.leastSpreadClass) ? names[scores.leastSpreadClass] : "?"
    return try actOn(trainer.health.examineSpread(scores.leastSpread, className: name))
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
    let picture = try SamplePicture(trainer: trainer, columns: recipe.evaluation.gridColumns)
    lastScores = scores
    lastClassScores = classScores
    lastQuality = quality
    lastVerdict = sampleScores.flatMap { classCheck?.verdict($0) }
    guard isFirstRank else { return }
    let verdict = lastVerdict
    warnOfIdleAttention(scores)
    let path = output.picture(iteration: trainer.iteration)
    // A picture that cannot be written is no reason to lose a run.
    do {
      try picture.write(to: path)
      lastPicture = path
    } catch {
      logger.warning("no picture: \(error)")
    }
    appendToMetrics(kind: "evaluation") { line in
      scores.write(to: line)
      sampleScores?.write(to: line)
      if let verdict { line.field("verdict", text: verdict) }
    }
    if let verdict, classCheck?.isAlarming(quality) == true {
      progress?.clear()
      logger.warning("samples: \(verdict)")
    }
    writeReport()
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

  /// A report that cannot be written is no reason to lose a run.
  func writeReport() {
    do throws(FileError) {
      let (lines, isAnew) = try history.readOn(path: output.metrics)
      try output.writeReport(of: history)
      let picture = lastPicture.map { (iteration: trainer.iteration, path: $0) }
      try events.add(lines, isAnew: isAnew, picture: toldPicture == lastPicture ? nil : picture)
      toldPicture = lastPicture
    } catch { logger.warning("no report: \(error); training goes on") }
  }

  private func warnOfIdleAttention(_ scores: DiscriminatorScores) {
    guard !hasWarnedOfAttention, !scores.idleAttention.isEmpty else { return }
    hasWarnedOfAttention = true
    progress?.clear()
    logger.warning(
      """
      \(scores.idleAttention.joined(separator: ", ")): the weights have over 98 % of the largest entropy, so every token \
      becomes the mean of all; a score activation of none lets them choose, a gate keeps what the mean loses
      """)
  }
}
