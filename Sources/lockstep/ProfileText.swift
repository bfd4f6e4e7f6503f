import Files
import Forecasting
import Programs
import Training

extension Profile {
  /// What a person reads: the whole, then by part, by layer, by operation, then memory.
  ///
  /// - Parameter top: lines of the tables of layers and operations.
  func text(top: Int) -> String {
    var lines = summary
    lines += ["", Self.heading + "  part of the iteration"]
    lines += parts.map { Self.line($0) }
    lines.append(
      decimal(batchMilliseconds, 4, width: 9) + decimal(100 * batchMilliseconds / measuredMilliseconds, 1, width: 6)
        + " %" + String(repeating: " ", count: 27) + "  images and conditions of the batches")
    lines += ["", Self.heading + "  layer"] + layers.prefix(top).map { Self.line($0) }
    lines += ["", Self.heading + "  bound     phase                 operation"]
    lines += operations.prefix(top).map { operation in
      Self.line(
        operation.milliseconds, operation.share, operation.gigaflopsPerSecond, operation.gigabytesPerSecond,
        operation.shareOfRoof)
        + "  " + padded(operation.bound?.rawValue ?? "others", 8) + "  " + padded(operation.phase, 22)
        + "\(operation.name)  \(operation.layer)"
    }
    return (lines + [""] + memoryLines).joined(separator: "\n")
  }

  /// The first lines, and those of the page.
  var summary: [String] {
    var lines = [
      "\(grouped(Int(imagesPerSecond))) images/s on \(ranks) × \(threads) (ranks × threads), batch \(grouped(batchSize)), "
        + "\(grouped(iterations)) iterations",
      "discriminator \(decimal(discriminatorMilliseconds, 3)) ms, generator \(decimal(generatorMilliseconds, 3)) ms an "
        + "iteration; peak resident \(decimal(peakResidentMegabytes, 1)) MB",
    ]
    lines += communicationLines
    lines += [
      "operations of a rank move \(decimal(megabytesMoved, 1)) MB an iteration, \(decimal(megabytesUnfused, 1)) MB if none "
        + "were fused",
      "roof of a rank: \(decimal(roof.gigaflopsPerSecond, 0)) GFLOP/s by products; "
        + roof.levels.map { "\(decimal($0.gigabytesPerSecond, 0)) GB/s in \(Self.size($0.bytes))" }.joined(
          separator: ", "),
      "\(decimal(100 * accountedShare, 1)) % of the time of an iteration is in the lines below; clocks between operations "
        + "make it \(decimal(100 * clockOverhead, 1)) % longer",
    ]
    return lines
  }

  /// What a process waits for in the others, and what would help; nothing for a process alone.
  private var communicationLines: [String] {
    guard ranks > 1 else { return [] }
    var line =
      "communication \(decimal(100 * communicationShare, 1)) % of an iteration: waiting for gradients "
      + "\(decimal(gradientWaitMilliseconds, 3)) ms, norm statistics \(decimal(statisticsMilliseconds, 3)) ms"
    if bytesSent > 0 {
      line += "; \(decimal(messagesSent, 1)) messages, \(decimal(bytesSent * 1e-6, 3)) MB sent to other machines"
    }
    return [line] + (statisticsShare > 0.1 ? ["--set norm.statistics=node would keep statistics within a machine"] : [])
  }

  private static let heading = "       ms   share  GFLOP/s    GB/s  of roof"

  private static func line(_ portion: Portion) -> String {
    line(
      portion.milliseconds, portion.share, portion.gigaflopsPerSecond, portion.gigabytesPerSecond, portion.shareOfRoof)
      + "  " + portion.name
  }

  private static func line(
    _ milliseconds: Double, _ share: Double, _ gigaflops: Double, _ gigabytes: Double, _ ofRoof: Double?
  ) -> String {
    decimal(milliseconds, 4, width: 9) + decimal(100 * share, 1, width: 6) + " %" + decimal(gigaflops, 1, width: 9)
      + decimal(gigabytes, 1, width: 8) + (ofRoof.map { decimal(100 * $0, 0, width: 7) + " %" } ?? "        –")
  }

  private static func size(_ bytes: Int) -> String { bytes < 1 << 20 ? "\(bytes >> 10) KiB" : "\(bytes >> 20) MiB" }

  private var memoryLines: [String] {
    let total = memory.reduce(0) { $0 + $1.bytes }
    var lines = ["memory of a rank, planned: \(Quantity.bytes(Double(total)))"]
    lines += memory.filter { $0.bytes > 0 }.map { "  " + padded(Quantity.bytes(Double($0.bytes)), 9) + "  " + $0.name }
    for program in programs {
      // Updates work in place.
      guard let (unit, places) = program.fullest, program.bytesInUse[unit] > 4096 else { continue }
      lines.append(
        "\(program.program): \(Quantity.bytes(Double(program.arenaBytes))) of arena; fullest at operation \(unit + 1) of "
          + "\(program.units.count) (\(program.units[unit])), with \(Quantity.bytes(Double(program.bytesInUse[unit])))")
      lines += places.prefix(3).map { place in
        "  " + padded(Quantity.bytes(Double(4 * place.count)), 9) + "  \(place.operation) \(place.layer), operations "
          + "\(place.units.lowerBound + 1) to \(place.units.upperBound)"
      }
    }
    return lines
  }
}

extension BatchSweep {
  var text: String {
    let header = "   batch   images/s   ms an iteration   iterations/s   memory of a rank"
    let rows = points.map { point in
      decimal(Double(point.batch), 0, width: 8) + decimal(point.imagesPerSecond, 0, width: 11)
        + decimal(point.milliseconds, 3, width: 18) + decimal(point.iterationsPerSecond, 1, width: 15) + "   "
        + padded(Quantity.bytes(Double(point.memoryBytes)), 9)
        + (point.batch == recommended?.batch ? "  recommended" : "")
        + (point.batch == recipeBatch ? "  the recipe's" : "")
    }
    return ([header] + rows + [""] + conclusions).joined(separator: "\n")
  }

  /// What the numbers say, a sentence each.
  var conclusions: [String] {
    let fastest = fastest.imagesPerSecond
    let percent = { (point: Point) in decimal(100 * point.imagesPerSecond / fastest, 0) + " %" }
    guard let chosen = recommended else {
      let advice = "no recommendation: the measurements are not to be trusted; repeat them when the machine is quiet"
      return doubts + [advice] + omissionLines
    }
    var lines: [String] = []
    if let saturation {
      let gain = fastest / saturation.imagesPerSecond - 1
      lines.append(
        "throughput is saturated at \(saturation.batch): larger batches are "
          + (gain > 0 ? "at most \(decimal(100 * gain, 1)) % faster" : "slower"))
    } else if points.count > 1 {
      lines.append(
        "throughput still rises at \(points[points.count - 1].batch): name larger sizes to see where it ends")
    }
    if let limit {
      let fixed = line.fixed > 0 ? "\(Quantity.time(line.fixed)) and " : ""
      lines.append(
        "an iteration takes about \(fixed)\(Quantity.time(line.slope)) an image: no batch makes more than "
          + "\(grouped(Int(limit))) images/s")
    }
    lines.append(
      "recommended: \(chosen.batch), the smallest with 90 % of the highest rate (\(percent(chosen))); an update comes every "
        + "\(Quantity.time(chosen.milliseconds * 1e-3))")
    if let largest = points.last, largest.batch > chosen.batch {
      lines.append(
        "a batch of \(largest.batch) instead: \(decimal(largest.imagesPerSecond / chosen.imagesPerSecond, 2)) times the "
          + "images, \(decimal(largest.milliseconds / chosen.milliseconds, 1)) times the time to an update, "
          + "\(decimal(Double(largest.memoryBytes) / Double(chosen.memoryBytes), 1)) times the memory")
    }
    if chosen.batch != recipeBatch {
      lines.append(
        "this is about speed; learning rates of \(recipe) were chosen for a batch of \(recipeBatch): `lockstep sweep` says "
          + "whether another one learns as well")
    }
    return lines + omissionLines
  }

  private var omissionLines: [String] {
    omissions.map {
      "\($0.batch) left out: a machine's ranks would need \(Quantity.bytes(Double($0.neededBytes))), "
        + "\(Quantity.bytes(Double($0.availableBytes))) are free"
    }
  }
}
