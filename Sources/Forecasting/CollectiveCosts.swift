/// What sums over ranks cost: pure functions of sizes, so that counters of a real run can be held against them.
public enum NodeSum {
  /// Bytes that a rank reads and writes so that k ranks of a node sum `bytes` each: every rank reads its slice in all
  /// blocks and writes the result.
  ///
  ///     bytes·(k + 1)/k,  0 for one rank
  public static func bytesMoved(_ bytes: Int, ranks k: Int) -> Double {
    k > 1 ? Double(bytes) * Double(k + 1) / Double(k) : 0
  }

  /// Moved bytes over the measured rate, and the meetings before and after.
  public static func seconds(_ bytes: Int, ranks: Int, on machine: Machine) -> Double {
    guard ranks > 1 else { return 0 }
    return bytesMoved(bytes, ranks: ranks) / machine.sumBytesPerSecond + 2 * machine.barrierSeconds
  }
}

/// A sum of `bytes` between n nodes by recursive halving and doubling.
///
///     n = 2^m:  2·m messages, 2·(n − 1)/n·bytes;  short values and n = 2:  m messages, m·bytes
///
/// Nodes beyond the largest power of two hand their values to a partner and get the result back: two messages more on the
/// way, `bytes` more for the busiest node in each direction.
///
/// - Source: Thakur, Rabenseifner, Gropp: Optimization of collective communication operations in MPICH, 2005, section 4.5.
public struct NodeExchange: Equatable, Sendable {
  /// One after the other, each a latency.
  public let rounds: Int
  /// That the busiest rank sends, none longer than `messageBytes`.
  public let messages: Int
  /// That the busiest rank sends.
  public let bytes: Double
  /// Up to here half the rounds are worth more than half the bytes.
  public static let shortBytes = 65_536
  /// Longer ones are cut, so that they are sent without asking the receiver first.
  public static let messageBytes = 61_440

  public init(_ bytes: Int, nodes: Int) {
    let m = Self.logarithm(nodes)
    let power = 1 << m
    let isWhole = power == nodes
    let isShort = bytes <= Self.shortBytes || power == 2
    let exchanged = isShort ? Double(m * bytes) : 2 * Double(bytes) * Double(power - 1) / Double(power)
    let steps = isShort ? m : 2 * m
    rounds = steps + (isWhole ? 0 : 2)
    var lengths: [Int] = []
    if isShort {
      lengths = Array(repeating: bytes, count: m)
    } else {
      // Halves, quarters …, and the same way back.
      lengths = (0..<m).flatMap { [bytes >> ($0 + 1), bytes >> ($0 + 1)] }
    }
    if !isWhole { lengths.append(bytes) }
    messages = lengths.reduce(0) { $0 + max(1, ($1 + Self.messageBytes - 1) / Self.messageBytes) }
    self.bytes = exchanged + (isWhole ? 0 : Double(bytes))
  }

  public func seconds(on network: Machine.Network) -> Double {
    Double(rounds) * network.latencySeconds + bytes / network.bytesPerSecond
  }

  /// ⌊log₂ n⌋
  static func logarithm(_ n: Int) -> Int {
    precondition(n > 0, "\(n) nodes")
    return Int.bitWidth - 1 - n.leadingZeroBitCount
  }
}

/// One sum of gradients over all ranks: within nodes, then between them in buckets.
public struct GradientReduction: Equatable, Sendable {
  /// On the cores, which compute nothing meanwhile.
  public let nodeSeconds: Double
  /// On the network.
  public let networkSeconds: Double

  /// - Parameter buckets: bytes of each.
  public init(buckets: [Int], inFlight: Int, layout: Layout, machine: Machine) {
    nodeSeconds = NodeSum.seconds(buckets.reduce(0, +), ranks: layout.ranksPerNode, on: machine)
    guard layout.nodes > 1 else {
      networkSeconds = 0
      return
    }
    let network = machine.network
    let exchanges = buckets.map { NodeExchange($0, nodes: layout.nodes) }
    let latency = Double(exchanges.map(\.rounds).max() ?? 0) * network.latencySeconds
    // Several buckets are under way at a time: either the wire is busy, or each of them waits for its messages.
    let wire = exchanges.reduce(0) { $0 + $1.bytes } / network.bytesPerSecond
    let waiting = exchanges.reduce(0) { $0 + $1.seconds(on: network) }
    networkSeconds = max(latency + wire, waiting / Double(inFlight))
  }
}

extension Workload.BlockingSum {
  /// Nobody computes meanwhile: the sum within nodes, then between them.
  public func seconds(layout: Layout, machine: Machine) -> Double {
    let between =
      extent == .all && layout.nodes > 1
      ? NodeExchange(bytes, nodes: layout.nodes).seconds(on: machine.network) : 0
    return NodeSum.seconds(bytes, ranks: layout.ranksPerNode, on: machine) + between
  }
}

extension Workload {
  /// What one rank sends to other nodes in an iteration, at most.
  public struct Traffic: Equatable, Sendable {
    public var messages = 0
    public var bytes = 0.0
  }

  /// Gradients travel in slices, one per rank of a node; statistics are sent by one rank of a node.
  public func traffic(layout: Layout) -> Traffic {
    var traffic = Traffic()
    guard layout.nodes > 1 else { return traffic }
    for phase in phases {
      for bytes in phase.bucketBytes {
        let slice = NodeExchange((bytes + layout.ranksPerNode - 1) / layout.ranksPerNode, nodes: layout.nodes)
        traffic.messages += phase.repetitions * slice.messages
        traffic.bytes += Double(phase.repetitions) * slice.bytes
      }
      for sum in phase.blockingSums where sum.extent == .all {
        let exchange = NodeExchange(sum.bytes, nodes: layout.nodes)
        traffic.messages += phase.repetitions * exchange.messages
        traffic.bytes += Double(phase.repetitions) * exchange.bytes
      }
    }
    return traffic
  }
}
