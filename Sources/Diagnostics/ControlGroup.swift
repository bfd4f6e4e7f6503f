/// What a container or a batch job may use, by the kernel's control groups, old (v1) and new (v2).
enum ControlGroup {
  private static let root = "/sys/fs/cgroup"

  /// CPUs' worth of time; nil: unlimited.
  static func processorQuota() -> Double? {
    let new = directories(controller: nil).compactMap { quota(SystemText.line(of: "\($0)/cpu.max")) }
    let old = directories(controller: "cpu").compactMap { path -> Double? in
      guard let quota = SystemText.number(in: "\(path)/cpu.cfs_quota_us"), quota > 0,
        let period = SystemText.number(in: "\(path)/cpu.cfs_period_us"), period > 0
      else { return nil }
      return Double(quota) / Double(period)
    }
    return (new + old).min()
  }

  /// Of `cpu.max`: `150000 100000` is 1.5; nil for `max`.
  static func quota(_ line: String?) -> Double? {
    let numbers = (line ?? "").split(separator: " ").compactMap { Double($0) }
    return numbers.count == 2 && numbers[1] > 0 ? numbers[0] / numbers[1] : nil
  }

  /// The narrowest limit on memory, and how much of it is in use; nil: unlimited.
  static func memoryLimit() -> (limit: Int, used: Int)? {
    let new = directories(controller: nil).compactMap { limit($0, "memory.max", "memory.current") }
    let old = directories(controller: "memory").compactMap {
      limit($0, "memory.limit_in_bytes", "memory.usage_in_bytes")
    }
    return (new + old).min { $0.limit < $1.limit }
  }

  private static func limit(_ path: String, _ most: String, _ used: String) -> (limit: Int, used: Int)? {
    // v1 writes "unlimited" as the largest whole number of pages.
    guard let limit = SystemText.number(in: "\(path)/\(most)"), limit > 0, limit < 1 << 60 else { return nil }
    return (limit, SystemText.number(in: "\(path)/\(used)") ?? 0)
  }

  /// This process's group and those around it, narrowest first; inside a container only the root may be seen.
  private static func directories(controller: String?) -> [String] {
    let own = group(of: controller, in: SystemText.lines(of: "/proc/self/cgroup") ?? [])
    let mount = controller.map { "\(root)/\($0)" } ?? root
    guard let own else { return [] }
    var components = own.split(separator: "/").filter { $0 != ".." }
    var paths: [String] = []
    while !components.isEmpty {
      paths.append(mount + "/" + components.joined(separator: "/"))
      components.removeLast()
    }
    return paths + [mount]
  }

  /// The path in `/proc/self/cgroup`: `4:memory:/a/b`, or `0::/a/b` for v2.
  static func group(of controller: String?, in lines: [Substring]) -> String? {
    for line in lines {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let names = parts[1].split(separator: ",")
      if controller.map({ names.contains($0[...]) }) ?? (parts[0] == "0") { return String(parts[2]) }
    }
    return nil
  }
}

extension MemoryFacts {
  static func read(sharedFree: Int?) -> MemoryFacts {
    var facts = MemoryFacts()
    facts.readTotals(SystemText.lines(of: "/proc/meminfo") ?? [])
    if let (limit, used) = ControlGroup.memoryLimit() { (facts.limit, facts.limitUsed) = (limit, used) }
    facts.sharedFree = sharedFree ?? -1
    return facts
  }

  /// `MemTotal:  123 kB`
  mutating func readTotals(_ lines: [Substring]) {
    for line in lines {
      let words = line.split(separator: " ")
      guard words.count >= 2, let kilobytes = Int(words[1]) else { continue }
      if words[0] == "MemTotal:" { total = kilobytes << 10 }
      if words[0] == "MemAvailable:" { available = kilobytes << 10 }
    }
  }

  /// What a node's ranks can still take.
  var free: Int {
    guard limit >= 0, limit < total || total < 0 else { return available }
    return available < 0 ? limit - limitUsed : min(available, limit - limitUsed)
  }
}
