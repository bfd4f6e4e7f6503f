extension Judgement {
  static let scarceMemoryPerRank = 512 << 20
  static let hopelessMemoryPerRank = 64 << 20
  /// Gradients of SAGAN-32 at full width, and what MPI keeps for itself.
  static let sharedMemoryPerRank = 36 << 20
  static let scarceDisk = 2 << 30
  static let hopelessDisk = 100 << 20
  static let slowWriteSeconds = 1.0

  /// Memory of every node, and what a container or job leaves of it.
  static func memory(_ nodes: Nodes) -> [Finding] {
    func share(_ node: Nodes.Node) -> Double? {
      node.first.memory.free < 0 ? nil : Double(node.first.memory.free / node.ranks.count)
    }
    return nodes.findings(
      "memory", measured: share, format: { Quantity.range($0) { Quantity.bytes(Int($0)) } },
      level: { _, free in
        free < Double(hopelessMemoryPerRank) ? .problem : free < Double(scarceMemoryPerRank) ? .warning : .ok
      },
      judge: { level, range in
        let limits = Set(nodes.all.map(\.first.memory.limit)).filter { $0 >= 0 }
        let bound = limits.min().map { "; a limit of \(Quantity.bytes($0)) on container or job" } ?? ""
        let text = "\(range) free for each rank\(bound)"
        let remedy = "ask for more memory, use fewer ranks a node, or --threads, which share one rank's memory"
        return Remark(level: level, text: text, remedy: level == .ok ? nil : remedy)
      })
  }

  /// Where ranks of a node sum gradients.
  static func sharedMemory(_ nodes: Nodes) -> [Finding] {
    func level(_ node: Nodes.Node) -> Finding.Level {
      node.first.memory.sharedFree < node.ranks.count * sharedMemoryPerRank ? .warning : .ok
    }
    return nodes.findings(
      "shared memory", measured: { node in Double(node.first.memory.sharedFree) },
      format: { $0.lowerBound < 0 ? "space is not known" : Quantity.range($0) { Quantity.bytes(Int($0)) } + " free" },
      level: { node, _ in level(node) },
      judge: { level, range in
        guard level != .ok else { return .ok("/dev/shm: \(range)") }
        return .warning(
          "/dev/shm: \(range), little: gradients of larger models are summed by messages there, which is slower",
          remedy:
            "containers: --shm-size 1g; else mount more (mount -o remount,size=50% /dev/shm), or remove what fills "
            + "it")
      })
  }

  /// Writing into the output directory, by rank 0.
  static func output(_ nodes: Nodes) -> [Finding] {
    let facts = nodes.first.output
    let place = facts.fileSystem.isEmpty ? facts.path : "\(facts.path) (\(facts.fileSystem))"
    func finding(_ level: Finding.Level, _ text: String, _ remedy: String? = nil) -> [Finding] {
      [Finding(level, "output", "\(place): \(text)", remedy: remedy)]
    }
    guard facts.failure.isEmpty else { return finding(.problem, facts.failure, facts.remedy) }
    let free = facts.freeBytes < 0 ? "free space not known" : "\(Quantity.bytes(facts.freeBytes)) free"
    if facts.freeBytes >= 0, facts.freeBytes < scarceDisk {
      return finding(
        facts.freeBytes < hopelessDisk ? .problem : .warning, "only \(free)",
        "free some space, or name another place with --output")
    }
    let written = "a megabyte is on disk and renamed in \(Quantity.duration(facts.writeSeconds))"
    guard facts.writeSeconds < slowWriteSeconds else {
      return finding(
        .warning, "\(written); \(free)",
        "checkpoints are written in the background, but the last one is waited for: write them to a faster disk")
    }
    guard facts.hasLocks else {
      return finding(
        .warning, "no locks there: nothing keeps a second run out of the directory; \(free)",
        "see that one run at a time writes there, or mount with locks (NFS: without nolock; Lustre: -o flock)")
    }
    if ["tmpfs", "ramfs"].contains(facts.fileSystem) {
      return finding(
        .warning, "in memory: gone when the machine restarts; \(free)", "name a directory on a disk with --output")
    }
    return finding(.ok, "\(written), locks work; \(free)")
  }

  /// Whether other nodes see it.
  static func sharing(_ nodes: Nodes) -> [Finding] {
    let others = nodes.all.dropFirst()
    guard !others.isEmpty, nodes.first.output.failure.isEmpty else { return [] }
    let blind = others.filter { !$0.first.output.seesToken }
    guard blind.isEmpty else {
      return [
        Finding(
          .ok, "output", nodes: blind.map(\.name),
          "the directory is not shared with rank 0's node, which is fine: only rank 0 writes")
      ]
    }
    let unlocked = others.filter { !$0.first.output.isKeptOut }
    guard unlocked.isEmpty || !nodes.first.output.hasLocks else {
      return [
        Finding(
          .warning, "output", nodes: unlocked.map(\.name),
          "the directory is shared, but rank 0's lock does not hold here",
          remedy: "never start a second run for the same directory from here; NFS: mount without nolock, with "
            + "local_lock=none")
      ]
    }
    return [Finding(.ok, "output", "shared by all nodes\(nodes.first.output.hasLocks ? ", locks included" : "")")]
  }
}
