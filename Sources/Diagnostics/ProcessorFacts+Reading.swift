import Kernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension ProcessorFacts {
  /// What the system tells; nothing is measured.
  ///
  /// - Parameter cpus: that this rank may use.
  static func read(cpus: [Int], threads: Int) -> ProcessorFacts {
    var facts = ProcessorFacts()
    facts.readModel(SystemText.lines(of: "/proc/cpuinfo") ?? [])
    let kernels = StartUp.kernels.split(separator: " ").map(String.init)
    facts.level = kernels.first ?? ""
    facts.core = StartUp.coreName
    facts.usualCore = SystemText.variable(StartUp.guardVariable) ?? facts.core
    facts.deservedCore = StartUp.deservedCore(chosen: facts.core) ?? ""
    facts.cpus = cpus.sorted()
    facts.cores = facts.cpus.map(core)
    facts.machineCPUs = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    facts.quota = ControlGroup.processorQuota() ?? -1
    facts.threads = threads
    let frequency = "/sys/devices/system/cpu/cpu\(facts.cpus.first ?? 0)/cpufreq"
    if let kilohertz = SystemText.number(in: "\(frequency)/cpuinfo_max_freq") {
      facts.promisedGigahertz = Double(kilohertz) / 1e6
    }
    facts.governor = SystemText.line(of: "\(frequency)/scaling_governor") ?? ""
    return facts
  }

  /// Of the first processor in `/proc/cpuinfo`.
  mutating func readModel(_ lines: [Substring]) {
    for line in lines {
      let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { continue }
      let value = SystemText.trimmed(parts[1])
      switch SystemText.trimmed(parts[0]) {
      case "model name" where model.isEmpty: model = value
      case "vendor_id" where vendor.isEmpty: vendor = value
      case "cpu family" where family < 0: family = Int(value) ?? -1
      default: continue
      }
    }
  }

  /// The lowest CPU of a CPU's core.
  private static func core(of cpu: Int) -> Int {
    let siblings = SystemText.line(of: "/sys/devices/system/cpu/cpu\(cpu)/topology/thread_siblings_list")
    return siblings.flatMap { Int($0.prefix { $0.isNumber }) } ?? cpu
  }
}

extension ProcessorFacts {
  /// Float32 operations that a core can start in a clock: lanes × 2 units × 2 (a multiply and an add).
  ///
  /// An estimate. Zen 4 has 512-bit instructions on 256-bit units; some Xeons of
  /// the first AVX-512 years have one 512-bit unit only, which nothing tells.
  var operationsPerClock: Int {
    let isZen = vendor == "AuthenticAMD"
    return switch level {
    case "v4": isZen && family == 25 ? 32 : 64
    case "v3": 32
    default: 8
    }
  }

  /// What a rank's products should reach, in GFLOP/s; nil where the clock is not known.
  var expectedGigaflopsPerSecond: Double? {
    clockGigahertz > 0 ? clockGigahertz * Double(operationsPerClock * threads) : nil
  }
}
