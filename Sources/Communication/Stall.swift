/// Who waits for whom when nothing moves, read off the signs of life of all ranks. Allocates nothing: it works in a process
/// of which nothing is known but that it hangs.
struct Stall {
  /// Ranks named in a message; of the others it says how many they are.
  static let namedRanks = 8

  let readings: UnsafeBufferPointer<PulseReading>
  /// When something moved for the last time; nil where that is not known.
  private let before: UnsafeBufferPointer<PulseReading>?
  /// What the ranks are called.
  private let numbers: [Int]?
  /// The collective that the farthest rank has come to: the number of its arrival.
  let farthest: UInt64
  /// The lowest rank that has come as far as any; of those, one that waits. It speaks for all.
  let speaker: Int

  init(
    _ readings: UnsafeBufferPointer<PulseReading>, before: UnsafeBufferPointer<PulseReading>? = nil,
    numbers: [Int]? = nil
  ) {
    (self.readings, self.before, self.numbers) = (readings, before, numbers)
    var farthest: UInt64 = 0
    for reading in readings where !reading.hasEnded { farthest = max(farthest, reading.arrivals) }
    var (waiting, arrived) = (-1, -1)
    for rank in readings.indices.reversed() where !readings[rank].hasEnded && readings[rank].arrivals == farthest {
      arrived = rank
      if readings[rank].collective != nil { waiting = rank }
    }
    self.farthest = farthest
    speaker = waiting >= 0 ? waiting : max(0, arrived)
  }

  /// By how much the timeout is longer now: the patience due to the slowest work that some rank is at.
  var patience: Double {
    var patience = 1.0
    for reading in readings where !reading.hasEnded && reading.collective == nil {
      patience = max(patience, reading.patience)
    }
    return patience
  }

  /// A rank that others wait for: it has not come to the farthest collective, or has left it and hangs in its own work
  /// while `rank` is still inside.
  private func isMissing(_ other: Int, for rank: Int) -> Bool {
    let reading = readings[other]
    guard !reading.hasEnded else { return false }
    return reading.arrivals < farthest || (readings[rank].collective != nil && reading.collective == nil)
  }

  /// A rank whose process is suspended or starved: not even its watchdog has looked since all stand still.
  private func isSuspended(_ other: Int) -> Bool {
    guard let before, !readings[other].hasEnded else { return false }
    return readings[other].watches > 0 && readings[other].watches == before[other].watches
  }

  /// `lockstep: rank 0: no progress for 30 s in the sum of gradients (generator step, iteration 7); not arrived: rank 1 (…)`
  func describe(rank: Int, seconds: Double, in line: inout LineBuffer) {
    let own = readings[rank]
    line.append("lockstep: rank ")
    line.append(number(of: rank))
    line.append(": no progress for ")
    line.append(Int(seconds.rounded()))
    line.append(" s in ")
    if let collective = own.collective {
      line.append("the ")
      line.append(collective.words)
    } else {
      line.append("its own work")
    }
    line.append(" (")
    appendWork(own, in: &line)
    line.append(")")
    if own.arrivals < farthest || own.collective == nil {
      appendWaiting(rank, in: &line)
    } else {
      appendMissing(rank, in: &line)
    }
    line.append("\n")
  }

  /// `lockstep: rank 0: the process of rank 1 (generator step, iteration 7) has not run for 30 s`
  func describe(absent: Int, rank: Int, seconds: Double, in line: inout LineBuffer) {
    line.append("lockstep: rank ")
    line.append(number(of: rank))
    line.append(": the process of rank ")
    line.append(number(of: absent))
    line.append(" (")
    appendWork(readings[absent], in: &line)
    line.append(") has not run for ")
    line.append(Int(seconds.rounded()))
    line.append(" s\n")
  }

  private func number(of rank: Int) -> Int { numbers?[rank] ?? rank }

  private func appendWork(_ reading: PulseReading, in line: inout LineBuffer) {
    guard let activity = reading.activity else { return line.append("never heard of") }
    line.append(activity.words)
    line.append(", iteration ")
    line.append(reading.iteration)
  }

  private func appendMissing(_ rank: Int, in line: inout LineBuffer) {
    let missing = { (other: Int) in isMissing(other, for: rank) }
    let named = append("; not arrived: ", in: &line, where: missing) { other, line in
      guard readings[other].activity != nil else { return line.append("never heard of") }
      line.append("last seen in the ")
      if let collective = readings[other].collective {
        line.append(collective.words)
        line.append(", ")
      }
      appendWork(readings[other], in: &line)
    }
    guard named == 0, readings.count > 1 else { return }
    let suspended = append("; all ranks have arrived, but the process does not run of ", in: &line) {
      isSuspended($0)
    } detail: { other, line in
      appendWork(readings[other], in: &line)
    }
    if suspended == 0 { line.append("; all ranks have arrived: MPI or the network hangs") }
  }

  private func appendWaiting(_ rank: Int, in line: inout LineBuffer) {
    let waits = { (other: Int) in
      !readings[other].hasEnded && readings[other].collective != nil
        && (readings[other].arrivals > readings[rank].arrivals || readings[rank].collective == nil)
    }
    _ = append("; waiting for it: ", in: &line, where: waits) { other, line in
      guard let collective = readings[other].collective else { return }
      line.append("in the ")
      line.append(collective.words)
    }
  }

  /// `title`, then "rank 1 (…), rank 2 (…), 5 more" for the ranks chosen; returns how many they are.
  private func append(
    _ title: StaticString, in line: inout LineBuffer, where isChosen: (Int) -> Bool,
    detail: (Int, inout LineBuffer) -> Void
  ) -> Int {
    var found = 0
    for other in readings.indices where isChosen(other) {
      found += 1
      guard found <= Self.namedRanks else { continue }
      line.append(found == 1 ? title : ", ")
      line.append("rank ")
      line.append(number(of: other))
      line.append(" (")
      detail(other, &line)
      line.append(")")
    }
    if found > Self.namedRanks {
      line.append(", ")
      line.append(found - Self.namedRanks)
      line.append(" more")
    }
    return found
  }
}
