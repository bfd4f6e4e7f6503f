/// What is to be said about the facts. Nothing is measured or read here.
enum Judgement {
  static let slowShare = 0.5
  static let busyShare = 0.85

  static func all(_ nodes: Nodes, timeLeft: TimeLeft?) -> [Finding] {
    processor(nodes) + product(nodes) + busyCores(nodes) + places(nodes) + machines(nodes) + program(nodes)
      + library(nodes) + launch(nodes) + yielding(nodes) + interfaces(nodes) + sums(nodes) + gradients(nodes)
      + memory(nodes) + sharedMemory(nodes) + output(nodes) + sharing(nodes) + clocks(nodes)
      + scheduler(nodes, timeLeft)
  }

  /// The CPU and whose kernels multiply.
  static func processor(_ nodes: Nodes) -> [Finding] {
    nodes.findings("CPU") { node in
      let facts = node.first.processor
      let features =
        switch facts.level {
        case "v4": "AVX-512"
        case "v3": "AVX2"
        default: "neither AVX2 nor AVX-512"
        }
      let model = facts.model.isEmpty ? "unknown model" : facts.model
      let text = "\(model), \(features); OpenBLAS uses \(facts.core) kernels"
      guard facts.deservedCore.isEmpty else {
        return .warning(
          text + ", made for an older CPU", remedy: "unset OPENBLAS_CORETYPE, or set it to \(facts.deservedCore)")
      }
      return .ok(facts.usualCore == facts.core ? text : text + " (it took the CPU for \(facts.usualCore))")
    }
  }

  /// Measured products against what clock and width of the CPU promise.
  static func product(_ nodes: Nodes) -> [Finding] {
    func share(_ node: Nodes.Node) -> Double? {
      node.facts.compactMap { rank in
        rank.processor.expectedGigaflopsPerSecond.map { rank.processor.gigaflopsPerSecond / $0 }
      }.min()
    }
    func level(_ node: Nodes.Node) -> Finding.Level { (share(node) ?? 1) < slowShare ? .warning : .ok }
    return nodes.findings(
      "products", measured: { node in node.facts.map(\.processor.gigaflopsPerSecond).min() },
      format: { "\(Quantity.range($0)) GFLOP/s a rank" }, level: { node, _ in level(node) },
      judge: { wanted, range in
        let group = nodes.all.filter { level($0) == wanted }
        let (shares, clocks) = (
          group.compactMap(share), group.flatMap { $0.facts.map(\.processor.clockGigahertz) }.filter { $0 > 0 }
        )
        guard let least = shares.min(), let most = shares.max(), let slow = clocks.min(), let fast = clocks.max()
        else { return .ok("\(range); what the CPU should give is not known") }
        let text =
          "\(range), \(Quantity.range(least...most, Quantity.percent)) of what \(Quantity.range(slow...fast)) GHz (measured) "
          + "and the width of its units should give, by estimate"
        guard wanted != .ok else { return .ok(text) }
        guard group.allSatisfy({ (coreShare($0) ?? 1) >= busyShare }) else {
          return .warning(text, remedy: "ranks did not have their cores to themselves: change that, then measure again")
        }
        return .warning(
          text,
          remedy:
            "see that OpenBLAS is not a build for older CPUs; some Xeons have one AVX-512 unit only and reach half")
      })
  }

  /// Of a node's busiest core.
  private static func coreShare(_ node: Nodes.Node) -> Double? {
    node.facts.map(\.processor.coreShare).filter { $0 >= 0 }.min()
  }

  /// Cores that others use, and clocks far below what they could be.
  static func busyCores(_ nodes: Nodes) -> [Finding] {
    let busy = nodes.findings(
      "cores", measured: coreShare, format: { Quantity.range(1 - $0.upperBound...1 - $0.lowerBound, Quantity.percent) },
      level: { _, share in share < busyShare ? .warning : .ok },
      judge: { level, range in
        guard level != .ok else { return .ok("") }
        return .warning(
          "others had a rank's core for \(range) of the time that products were measured",
          remedy: "end what else runs there (`top`), or use fewer ranks × threads")
      })
    let slow = nodes.findings("clock") { node in
      let facts = node.facts.map(\.processor).first {
        0 < $0.clockGigahertz && $0.clockGigahertz < 0.6 * $0.promisedGigahertz
      }
      guard let facts else { return nil }
      return .warning(
        "\(Quantity.number(facts.clockGigahertz)) GHz under load, of \(Quantity.number(facts.promisedGigahertz))"
          + (facts.governor.isEmpty ? "" : " (governor \(facts.governor))"),
        remedy: "set the governor to performance (`cpupower frequency-set -g performance`); look at power limits, heat")
    }
    // That a core is free needs no word.
    return busy.filter { $0.level != .ok } + slow
  }

  /// Where ranks may run, and how many want the same cores.
  static func places(_ nodes: Nodes) -> [Finding] {
    nodes.findings("placement") { node in
      let load = [(node.ranks.count, "rank"), (node.first.processor.threads, "thread")].map(Quantity.count)
        .joined(separator: " × ")
      // Ranks on other nodes of this machine want its cores, too.
      let sharing = nodes.all.filter { $0.first.machine == node.first.machine }.flatMap { other in
        zip(other.ranks, other.facts).map { (rank: $0, facts: $1.processor) }
      }
      for facts in node.facts.map(\.processor) where !facts.cpus.isEmpty {
        let within = sharing.filter { !$0.facts.cpus.isEmpty && Set($0.facts.cpus).isSubset(of: facts.cpus) }
        let (threads, cores) = (within.reduce(0) { $0 + $1.facts.threads }, Set(facts.cores).count)
        guard threads > cores else { continue }
        if facts.cpus.count < facts.machineCPUs {
          return bound(within.map(\.rank), threads: threads, to: facts)
        }
        return .warning(
          "\(threads) threads of \(Quantity.count(within.count, "rank")) take turns on \(Quantity.count(cores, "core"))",
          remedy: "let ranks × threads be at most \(cores) there")
      }
      let (threads, quota) = (node.threads, node.first.processor.quota)
      if quota > 0, Double(threads) > quota {
        return .warning(
          "\(load), but the container or job may use \(Quantity.number(quota)) cores' worth of time",
          remedy: "raise its CPU limit (containers: --cpus), or use fewer ranks × threads")
      }
      let isBound = node.facts.contains { $0.processor.cpus.count < $0.processor.machineCPUs }
      let cores = Set(node.facts.flatMap { $0.processor.cores }).count
      return .ok("\(load) on \(Quantity.count(cores, "core")), \(isBound ? "bound" : "not bound") to cores")
    }
  }

  private static func bound(_ ranks: [Int], threads: Int, to facts: ProcessorFacts) -> Remark {
    let list = facts.cpus.prefix(8).map(String.init).joined(separator: ", ") + (facts.cpus.count > 8 ? " …" : "")
    let place = facts.cpus.count == 1 ? "CPU \(list)" : "CPUs \(list)"
    guard ranks.count > 1 else {
      return .warning(
        "rank \(ranks.first ?? 0) has \(threads) threads, but is bound to \(place)",
        remedy: "start it with cluster/run.sh --threads \(threads), or mpirun --map-by slot:PE=\(threads)")
    }
    let named = ranks.prefix(4).map(String.init).joined(separator: ", ") + (ranks.count > 4 ? " …" : "")
    return .warning(
      "ranks \(named) are bound to the same \(place) and take turns there",
      remedy: "start them with cluster/run.sh, or mpirun --map-by slot:PE=\(facts.threads); two jobs on one node: "
        + "--bind-to none")
  }

  /// Nodes that are one machine.
  static func machines(_ nodes: Nodes) -> [Finding] {
    var byMachine: [String: [String]] = [:]
    for node in nodes.all where !node.first.machine.isEmpty {
      byMachine[node.first.machine, default: []].append(node.name)
    }
    return byMachine.values.filter { $0.count > 1 }.sorted { $0[0] < $1[0] }.map { names in
      Finding(
        .warning, "machine", nodes: names, "these nodes are one machine: containers, or emulated nodes",
        remedy: "count their ranks together: they share its cores and memory; fine for tests")
    }
  }
}
