/// What one rank knows of its process and its machine. Numbers that could not be found out are negative.
struct RankFacts: Facts, Equatable {
  var host = ""
  /// Tells running kernels apart: two hosts with one are containers or emulated nodes.
  var machine = ""
  /// The first rank of this one's node, as MPI sees nodes.
  var leader = 0
  /// Digest of the program's file; the first rank of a node tells it.
  var program = ""
  var processor = ProcessorFacts()
  var launch = LaunchFacts()
  var network = NetworkFacts()
  var memory = MemoryFacts()
  var output = OutputFacts()

  mutating func visit(_ fields: inout some FactFields) {
    fields.field("host", &host)
    fields.field("machine", &machine)
    fields.field("leader", &leader)
    fields.field("program", &program)
    processor.visit(&fields)
    launch.visit(&fields)
    network.visit(&fields)
    memory.visit(&fields)
    output.visit(&fields)
  }
}

struct ProcessorFacts: Facts, Equatable {
  var model = ""
  var vendor = ""
  var family = -1
  /// `v4`, `v3` or `baseline`: what our own kernels use.
  var level = ""
  /// OpenBLAS's kernels in use, those it would have taken by itself, and those it should have where it has not.
  var core = ""
  var usualCore = ""
  var deservedCore = ""
  /// CPUs that this rank may use, and the core of each.
  var cpus: [Int] = []
  var cores: [Int] = []
  /// CPUs of the machine.
  var machineCPUs = -1
  /// CPUs' worth of time that a container may use.
  var quota = -1.0
  var threads = 1
  /// Measured now; the fastest that the system promises.
  var clockGigahertz = -1.0
  var promisedGigahertz = -1.0
  var governor = ""
  /// The best of some products, by all threads.
  var gigaflopsPerSecond = -1.0
  /// How much of the time the first thread had its core, from 0 to 1.
  var coreShare = -1.0

  mutating func visit(_ fields: inout some FactFields) {
    fields.field("model", &model)
    fields.field("vendor", &vendor)
    fields.field("family", &family)
    fields.field("level", &level)
    fields.field("core", &core)
    fields.field("usualCore", &usualCore)
    fields.field("deservedCore", &deservedCore)
    fields.list("cpus", &cpus)
    fields.list("cores", &cores)
    fields.field("machineCPUs", &machineCPUs)
    fields.field("quota", &quota)
    fields.field("threads", &threads)
    fields.field("clockGigahertz", &clockGigahertz)
    fields.field("promisedGigahertz", &promisedGigahertz)
    fields.field("governor", &governor)
    fields.field("gigaflopsPerSecond", &gigaflopsPerSecond)
    fields.field("coreShare", &coreShare)
  }
}

struct LaunchFacts: Facts, Equatable {
  /// MPI's name and version, now and when the program was built.
  var library = ""
  var builtFor = ""
  /// Who started the ranks; empty: nobody did.
  var launcher = ""
  /// Slots of all nodes, where the launcher tells.
  var slots = -1
  /// 1 where MPI gives up its core while it waits, 0 where it does not.
  var yields = -1
  var scheduler = ""
  var job = ""
  /// Nodes that the scheduler gave.
  var allocatedNodes = -1

  mutating func visit(_ fields: inout some FactFields) {
    fields.field("library", &library)
    fields.field("builtFor", &builtFor)
    fields.field("launcher", &launcher)
    fields.field("slots", &slots)
    fields.field("yields", &yields)
    fields.field("scheduler", &scheduler)
    fields.field("job", &job)
    fields.field("allocatedNodes", &allocatedNodes)
  }
}

struct NetworkFacts: Facts, Equatable {
  /// Up, not loopback, IPv4: `eth0 10.77.0.1/24`.
  var interfaces: [String] = []
  /// Open MPI's settings in use.
  var btl = ""
  var tcpInclude = ""
  var tcpExclude = ""
  /// Medians, in seconds: a sum of eight values over the node and over all ranks, and of `sumBytes` bytes over the node.
  var nodeSmallSeconds = -1.0
  var nodeLargeSeconds = -1.0
  var smallSeconds = -1.0
  /// Of `sumBytes` bytes over all ranks, in the memory and on the way that gradients take.
  var gradientSeconds = -1.0
  var sumBytes = -1
  /// Seconds since 1970, read right after barriers.
  var stamps: [Double] = []

  mutating func visit(_ fields: inout some FactFields) {
    fields.list("interfaces", &interfaces)
    fields.field("btl", &btl)
    fields.field("tcpInclude", &tcpInclude)
    fields.field("tcpExclude", &tcpExclude)
    fields.field("nodeSmallSeconds", &nodeSmallSeconds)
    fields.field("nodeLargeSeconds", &nodeLargeSeconds)
    fields.field("smallSeconds", &smallSeconds)
    fields.field("gradientSeconds", &gradientSeconds)
    fields.field("sumBytes", &sumBytes)
    fields.list("stamps", &stamps)
  }
}

/// In bytes.
struct MemoryFacts: Facts, Equatable {
  var total = -1
  var available = -1
  /// What the container or job may use, and does already.
  var limit = -1
  var limitUsed = -1
  var sharedFree = -1

  mutating func visit(_ fields: inout some FactFields) {
    fields.field("total", &total)
    fields.field("available", &available)
    fields.field("limit", &limit)
    fields.field("limitUsed", &limitUsed)
    fields.field("sharedFree", &sharedFree)
  }
}

struct OutputFacts: Facts, Equatable {
  /// Where rank 0 tried to write.
  var path = ""
  var fileSystem = ""
  var freeBytes = -1
  /// To write a megabyte durably and put it in place.
  var writeSeconds = -1.0
  /// What failed, and what to do.
  var failure = ""
  var remedy = ""
  var hasLocks = false
  /// Of another node: whether it saw rank 0's file, and whether rank 0's lock kept it out.
  var seesToken = false
  var isKeptOut = false

  mutating func visit(_ fields: inout some FactFields) {
    fields.field("path", &path)
    fields.field("fileSystem", &fileSystem)
    fields.field("freeBytes", &freeBytes)
    fields.field("writeSeconds", &writeSeconds)
    fields.field("failure", &failure)
    fields.field("remedy", &remedy)
    fields.field("hasLocks", &hasLocks)
    fields.field("seesToken", &seesToken)
    fields.field("isKeptOut", &isKeptOut)
  }
}
