/// The command lines that start a layout.
public struct LaunchLines: Equatable, Sendable {
  public let script: String
  public let mpirun: String
  public let slurm: String

  /// - Parameter arguments: those of `lockstep`, `train` first, without `--threads`.
  public init(layout: Layout, arguments: [String]) {
    let words = arguments.map(Self.quoted).joined(separator: " ")
    let hosts = layout.nodes > 1 ? " --hostfile nodes.txt" : ""
    let threads = layout.threads > 1 ? " --threads \(layout.threads)" : ""
    script = "cluster/run.sh -n \(layout.ranks)\(hosts)\(threads) -- \(words)"
    // A lost node ends the job within 13 s instead of never.
    let alive = "--mca oob_tcp_keepalive_time 3 --mca oob_tcp_keepalive_intvl 2 --mca oob_tcp_keepalive_probes 3"
    mpirun =
      "mpirun -n \(layout.ranks)\(hosts) --map-by slot:PE=\(layout.threads) \(alive) lockstep \(words)\(threads)"
    slurm =
      "sbatch --nodes \(layout.nodes) --ntasks-per-node \(layout.ranksPerNode) --cpus-per-task \(layout.threads) "
      + "cluster/slurm.sbatch \(words)"
  }

  /// A line of the file of nodes; nil where one node needs none.
  public static func hostfile(_ layout: Layout) -> String? {
    layout.nodes > 1 ? "node1 slots=\(layout.ranksPerNode)" : nil
  }

  /// A word as a shell reads it back.
  static func quoted(_ word: String) -> String {
    let plain = word.allSatisfy { ($0.isASCII && ($0.isLetter || $0.isNumber)) || "-_./=:,+@%".contains($0) }
    return plain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
  }
}
