extension Judgement {
  static let slowNodeLatency = 100e-6
  static let slowLatency = 2e-3
  /// A little less than what Gigabit Ethernet gives an all-reduce.
  static let slowBytesPerSecond = 50e6
  static let largestSkew = 1.0

  /// What MPI may use between nodes.
  static func interfaces(_ nodes: Nodes) -> [Finding] {
    let isOpenMPI = nodes.first.launch.library.hasPrefix("Open MPI")
    let chosen = nodes.all.map { node -> [Interface] in
      let facts = node.first.network
      return Interface.chosen(
        from: facts.interfaces.compactMap(Interface.init), include: facts.tcpInclude, exclude: facts.tcpExclude)
    }
    let uses = Dictionary(chosen.flatMap { Set($0.map(\.address)) }.map { ($0, 1) }, uniquingKeysWith: +)
    let own = Dictionary(zip(nodes.names, chosen), uniquingKeysWith: { first, _ in first })
    return nodes.findings("network") { node in
      let usable = own[node.name] ?? []
      let facts = node.first.network
      let named = usable.map { nodes.all.count > 1 ? $0.name : "\($0.name) \($0.text)" }.joined(separator: ", ")
      guard nodes.all.count > 1 else {
        let text = usable.isEmpty ? "no interface but loopback" : "between nodes it would be \(named)"
        return .ok(nodes.rankCount > 1 ? "not needed on one node; \(text)" : text)
      }
      guard !usable.isEmpty else {
        return .warning(
          "no interface with an IPv4 address that MPI's TCP may use",
          remedy: "look at `ip address`, and at btl_tcp_if_include and btl_tcp_if_exclude; a network without TCP needs "
            + "nothing")
      }
      if let twice = usable.first(where: { uses[$0.address, default: 0] > 1 }) {
        return .warning(
          "\(twice.name) has the address \(twice.text) on several nodes, as bridges of containers have: MPI may try to reach "
            + "a node there and hang", remedy: exclusion(of: usable, but: twice))
      }
      guard usable.count > 1, isOpenMPI, facts.tcpInclude.isEmpty, isUsual(facts.tcpExclude) else {
        return .ok("MPI uses \(named)\(facts.btl.isEmpty ? "" : " (btl \(facts.btl))")")
      }
      let example = "\(usable[0].text)/\(usable[0].prefix)"
      return .warning(
        "MPI may use any of \(named): none was chosen",
        remedy:
          "choose the network between nodes: --mca btl_tcp_if_include NETWORK (such as \(example)), for mpirun's own "
          + "messages --mca oob_tcp_if_include NETWORK")
    }
  }

  /// What Open MPI excludes by itself.
  private static func isUsual(_ exclude: String) -> Bool {
    exclude.isEmpty || exclude.split(separator: ",").allSatisfy { ["lo", "sppp", "127.0.0.1/8"].contains($0) }
  }

  private static func exclusion(of usable: [Interface], but unwanted: Interface) -> String {
    guard let wanted = usable.first(where: { $0.name != unwanted.name }) else {
      return "give every node an address of its own"
    }
    return
      "choose another: --mca btl_tcp_if_include \(wanted.text)/\(wanted.prefix), and the same for oob_tcp_if_include"
  }

  /// Latency and bandwidth of sums inside nodes and between them.
  static func sums(_ nodes: Nodes) -> [Finding] {
    let inside = nodes.findings("sums") { node in
      let (small, large) = (worst(node, \.nodeSmallSeconds), worst(node, \.nodeLargeSeconds))
      guard let small, let large else { return nil }
      let text = "within the node: \(speed(small, large, node.first.network.sumBytes))"
      guard small > slowNodeLatency else { return .ok(text) }
      return .warning(text, remedy: "give every rank a core of its own; see the placement, and what else runs there")
    }
    guard nodes.all.count > 1 else { return inside }
    let (small, large) = (worst(nodes, \.smallSeconds), worst(nodes, \.gradientSeconds))
    guard let small, let large else { return inside }
    let bytes = nodes.first.network.sumBytes
    let text = "between nodes: \(speed(small, large, bytes))"
    let isSlow = Double(bytes) / large < slowBytesPerSecond
    guard isSlow || small > slowLatency else { return inside + [Finding(.ok, "sums", text)] }
    return inside + [
      Finding(
        .warning, "sums", "\(text), slower than Gigabit Ethernet should be",
        remedy:
          "see that MPI uses the fast network, and that ranks do not take turns; else train with larger batches and "
          + "`--set norm.statistics=node`")
    ]
  }

  /// The way that gradients take, on one node; between nodes it is part of `sums`.
  static func gradients(_ nodes: Nodes) -> [Finding] {
    guard nodes.all.count == 1, let seconds = worst(nodes, \.gradientSeconds) else { return [] }
    let bytes = nodes.first.network.sumBytes
    return [
      Finding(.ok, "gradients", "a sum of \(Quantity.bytes(bytes)) takes \(Quantity.duration(seconds)) on all ranks")
    ]
  }

  private static func speed(_ small: Double, _ large: Double, _ bytes: Int) -> String {
    "\(Quantity.duration(small)) for 32 bytes, \(Quantity.duration(large)) for \(Quantity.bytes(bytes)) "
      + "(\(Quantity.number(Double(bytes) / large / 1e9)) GB/s)"
  }

  private static func worst(_ node: Nodes.Node, _ value: KeyPath<NetworkFacts, Double>) -> Double? {
    node.facts.map { $0.network[keyPath: value] }.filter { $0 >= 0 }.max()
  }

  private static func worst(_ nodes: Nodes, _ value: KeyPath<NetworkFacts, Double>) -> Double? {
    nodes.all.compactMap { worst($0, value) }.max()
  }

  /// Clocks of the nodes against rank 0's.
  static func clocks(_ nodes: Nodes) -> [Finding] {
    guard nodes.all.count > 1 else { return [] }
    let reference = nodes.first.network.stamps
    func skew(_ node: Nodes.Node) -> Double? {
      let differences = zip(node.first.network.stamps, reference).map { $0 - $1 }.sorted()
      return differences.isEmpty ? nil : differences[differences.count / 2]
    }
    let late = nodes.all.filter { abs(skew($0) ?? 0) > largestSkew }
    guard late.isEmpty else {
      return late.map { node in
        let seconds = skew(node) ?? 0
        return Finding(
          .warning, "clock", nodes: [node.name],
          "\(Quantity.duration(abs(seconds))) \(seconds > 0 ? "ahead of" : "behind") rank 0's: times of files and logs "
            + "mislead",
          remedy: "set it by NTP (`timedatectl set-ntp true`, or chrony)")
      }
    }
    let most = nodes.all.compactMap { skew($0).map(abs) }.max() ?? 0
    return [Finding(.ok, "clock", "nodes agree within \(Quantity.duration(most))")]
  }
}
