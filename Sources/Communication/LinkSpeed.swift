import Clocks
import Tensors

/// How fast gradients travel between the nodes of a run, in the ways that they may.
public struct LinkSpeed: Sendable, Equatable {
  /// The way that serves best: the smallest buckets that are nearly as fast as the fastest, since small ones start early.
  public var settings: ReductionSettings
  /// Of a sum of few values.
  public var latencySeconds: Double
  /// Of the sum of a large block, per second; the slowest rank's.
  public var bytesPerSecond: Double

  /// Seconds of a sum of `bytes` bytes.
  public func seconds(bytes: Int) -> Double { latencySeconds + Double(bytes) / bytesPerSecond }

  /// What is tried. Buckets beyond 1 MB would leave nothing to overlap in networks of a few MB.
  static var candidates: [ReductionSettings] {
    [(1 << 16, 4), (1 << 18, 2), (1 << 20, 2)].map { bytes, count in
      var settings = ReductionSettings()
      (settings.bucketBytes, settings.bucketsInFlight) = (bytes, count)
      return settings
    }
  }
  /// The sum that is measured: longer than any socket holds, 10 ms at 1 Gbit/s.
  static let byteCount = 1 << 20
  /// A bucket may take so much longer than the fastest way and still be chosen.
  static let tolerance = 1.2

  /// Tries the ways, all ranks together; the same result on all of them. A second, or two where the network is slow.
  public static func measure(over communicator: any Communicator) throws(CommunicationError) -> LinkSpeed {
    var times: [(settings: ReductionSettings, seconds: Double)] = []
    for settings in candidates {
      let seconds = try median(of: byteCount, settings, communicator)
      times.append((settings, seconds))
      // The others would take as long.
      if seconds > 0.5 { break }
    }
    let fastest = times.map(\.seconds).min() ?? 1
    let chosen = times.first { $0.seconds <= tolerance * fastest } ?? (candidates[0], fastest)
    let latency = try median(of: 4096, chosen.settings, communicator)
    return LinkSpeed(
      settings: chosen.settings, latencySeconds: latency,
      bytesPerSecond: Double(byteCount) / max(1e-6, chosen.seconds - latency))
  }

  /// Seconds of a sum, of the slowest rank; the median of three, one for warming up before.
  private static func median(
    of byteCount: Int, _ settings: ReductionSettings, _ communicator: any Communicator
  ) throws(CommunicationError) -> Double {
    let count = byteCount / 4
    let parts = stride(from: 0, to: count, by: 1024).map { (offset: $0, ready: count - $0) }
    let block = try communicator.makeReducibleBlock(
      floatCount: count, buckets: settings.buckets(ofParts: parts, floatCount: count), settings: settings)
    var seconds: [Double] = []
    for _ in 0..<4 {
      try communicator.barrier()
      let start = SystemClock.monotonic.nanoseconds
      try block.allReduceSum()
      let slowest = try communicator.maximum(of: Int64(SystemClock.monotonic.nanoseconds - start))
      seconds.append(Double(slowest) * 1e-9)
    }
    return seconds.dropFirst().sorted()[1]
  }
}
