/// What was measured of a machine, or said of it: how long a rank's work takes, how fast ranks sum.
public struct Machine: Equatable, Sendable {
  /// How long one repetition of a phase takes by itself, all communication left out.
  public struct Phase: Equatable, Sendable {
    public let name: String
    /// What tells whether a recipe has the same networks.
    public let gradientBytes: Int
    /// Seconds against images of a rank, the update left out.
    public let work: LinearFit
    /// The part of `work` before the phase needs what the other network's update writes.
    public let early: LinearFit
    /// The part of `work` that makes gradients.
    public let backward: LinearFit
    /// Adam, averages, power iterations: the same for every batch.
    public let updateSeconds: Double

    public init(
      name: String, gradientBytes: Int, work: LinearFit, early: LinearFit, backward: LinearFit,
      updateSeconds: Double
    ) {
      (self.name, self.gradientBytes, self.work) = (name, gradientBytes, work)
      (self.early, self.backward, self.updateSeconds) = (early, backward, updateSeconds)
    }

    public func seconds(images: Int) -> Double { work.seconds(at: Double(images)) + updateSeconds }
  }

  public struct Network: Equatable, Sendable {
    public enum Origin: String, Sendable, CaseIterable { case measured, given, assumed }

    public var latencySeconds: Double
    /// Of a node, in each direction.
    public var bytesPerSecond: Double
    public var origin: Origin
    /// How many nodes took part in measuring.
    public var nodes: Int

    public init(latencySeconds: Double, bytesPerSecond: Double, origin: Origin, nodes: Int = 1) {
      (self.latencySeconds, self.bytesPerSecond) = (latencySeconds, bytesPerSecond)
      (self.origin, self.nodes) = (origin, nodes)
    }

    /// 50 µs and 10 Gbit/s: plain Ethernet between machines of one room.
    public static let assumed = Network(latencySeconds: 50e-6, bytesPerSecond: 1.25e9, origin: .assumed)
  }

  /// The recipe whose phases were measured.
  public let recipe: String
  /// What products run on: OpenBLAS's name of the core.
  public let core: String
  public let threads: Int
  /// Processes on each node that were measured at the same time.
  public let processes: Int
  /// The smallest and largest part of a batch that was measured.
  public let measuredImages: ClosedRange<Int>
  /// The largest relative distance of a measured time of a phase from its line.
  public let fitError: Double
  public let phases: [Phase]
  /// How fast the ranks of a node sum, as `NodeSum` counts bytes.
  public let sumBytesPerSecond: Double
  /// One meeting of the ranks of a node.
  public let barrierSeconds: Double
  public var network: Network

  public init(
    recipe: String, core: String, threads: Int, processes: Int, measuredImages: ClosedRange<Int>, fitError: Double,
    phases: [Phase], sumBytesPerSecond: Double, barrierSeconds: Double, network: Network
  ) {
    (self.recipe, self.core, self.threads, self.processes) = (recipe, core, threads, processes)
    (self.measuredImages, self.fitError, self.phases) = (measuredImages, fitError, phases)
    (self.sumBytesPerSecond, self.barrierSeconds, self.network) = (sumBytesPerSecond, barrierSeconds, network)
  }

  /// Why this machine's times say nothing about a workload; nil where they do.
  public func problem(for workload: Workload, threads: Int) -> String? {
    guard self.threads == threads else {
      return "was measured with \(self.threads) threads a rank, not \(threads)"
    }
    for phase in workload.phases where !phases.contains(where: { $0.name == phase.name }) {
      return "holds no times of the \(phase.name) phase"
    }
    for phase in phases {
      guard let wanted = workload.phases.first(where: { $0.name == phase.name }),
        wanted.gradientBytes == phase.gradientBytes
      else { return "was measured for \(recipe) with other networks than this recipe has" }
    }
    return nil
  }
}
