import Testing

@testable import Diagnostics

struct JudgementTests {
  @Test("machines that are well give no complaint, and every complaint has a remedy")
  func well() {
    for nodes in [Made.node(), Made.pair(), Nodes([Made.rank(0, cpus: [0, 1])])] {
      #expect(Judgement.all(nodes, timeLeft: nil).complaints == [])
    }
    var spoilt = Made.rank(1)
    spoilt.processor.deservedCore = "SkylakeX"
    (spoilt.processor.gigaflopsPerSecond, spoilt.processor.coreShare, spoilt.processor.quota) = (5, 0.2, 0.5)
    (spoilt.program, spoilt.launch.library, spoilt.memory.available) = ("def", "MPICH 4", 1 << 20)
    (spoilt.memory.sharedFree, spoilt.network.stamps, spoilt.network.interfaces) = (0, [0, 0, 0], [])
    let complaints = Judgement.all(Nodes([Made.rank(0), spoilt]), timeLeft: nil).complaints
    #expect(complaints.count >= 9)
    #expect(complaints.allSatisfy { $0.remedy?.isEmpty == false && $0.nodes == ["node1"] })
  }

  @Test("a product below half of what the CPU should give is a warning of its node only")
  func slowProduct() throws {
    let found = Judgement.product(Made.pair { $0.processor.gigaflopsPerSecond = 95 })
    #expect(found.map(\.level) == [.ok, .warning])
    #expect(found.map(\.nodes) == [["node0"], ["node1"]])
    #expect(found[1].text.contains("95.0 GFLOP/s a rank, 49 % of what 3.00 GHz"))
    let close = Judgement.product(Made.pair { $0.processor.gigaflopsPerSecond = 97 })
    #expect(close.complaints == [])
    #expect(try #require(close.first).text.contains("97.0 to 180 GFLOP/s"))
    // Zen 4 has 512-bit instructions on units half as wide; threads multiply.
    var facts = Made.rank().processor
    (facts.vendor, facts.family, facts.threads) = ("AuthenticAMD", 25, 2)
    #expect(facts.expectedGigaflopsPerSecond == 192.0)
    facts.clockGigahertz = -1
    #expect(facts.expectedGigaflopsPerSecond == nil)
    #expect(Judgement.product(Made.pair { $0.processor = facts }).complaints == [])
  }

  @Test("kernels for an older CPU, a busy core and a low clock are warnings")
  func processor() {
    #expect(Judgement.processor(Made.pair { $0.processor.deservedCore = "SkylakeX" }).complaints.count == 1)
    #expect(Judgement.busyCores(Made.pair { $0.processor.coreShare = 0.5 }).complaints.map(\.subject) == ["cores"])
    let slow = Judgement.busyCores(Made.pair { $0.processor.promisedGigahertz = 5.1 })
    #expect(slow.map(\.subject) == ["clock"])
    #expect(Judgement.busyCores(Made.pair { $0.processor.promisedGigahertz = 4.9 }) == [])
  }

  @Test("ranks bound to one core are named, and so is a rank bound to fewer cores than it has threads")
  func binding() throws {
    let same = try #require(
      Judgement.places(Nodes([Made.rank(0, leader: 0, cpus: [1]), Made.rank(0, leader: 0, cpus: [1])])).first)
    #expect(same.level == .warning)
    #expect(same.text == "ranks 0, 1 are bound to the same CPU 1 and take turns there")
    // One inside the CPUs of the other: three threads on two cores.
    var wide = Made.rank(0, leader: 0, cpus: [0, 1])
    (wide.processor.threads, wide.processor.machineCPUs) = (2, 4)
    let nested = try #require(Judgement.places(Nodes([Made.rank(0, leader: 0, cpus: [1]), wide])).first)
    #expect(nested.text.contains("ranks 0, 1 are bound to the same CPUs 0, 1"))
    var lone = Made.rank(0)
    lone.processor.threads = 2
    #expect(try #require(Judgement.places(Nodes([lone])).first).text == "rank 0 has 2 threads, but is bound to CPU 0")
  }

  @Test("more threads than cores, or than a container's time, is a warning; CPUs of one core count once")
  func oversubscription() throws {
    let free = { Made.rank(0, leader: 0, cpus: [0, 1]) }
    #expect(Judgement.places(Nodes([free(), free()])).complaints == [])
    let three = try #require(Judgement.places(Nodes([free(), free(), free()])).first)
    #expect(three.level == .warning && three.text == "3 threads of 3 ranks take turns on 2 cores")
    var siblings = [free(), free()]
    for index in siblings.indices { siblings[index].processor.cores = [0, 0] }
    #expect(Judgement.places(Nodes(siblings)).complaints.count == 1)
    #expect(Judgement.places(Made.node { $0.processor.quota = 1.5 }).complaints.count == 1)
    #expect(Judgement.places(Made.node { $0.processor.quota = 2 }).complaints == [])
    // Two hosts on one machine share its cores.
    var other = Made.rank(1, cpus: [0])
    other.machine = "boot0"
    #expect(Judgement.places(Nodes([Made.rank(0), other])).complaints.count == 1)
    #expect(Judgement.machines(Nodes([Made.rank(0), other])).map(\.nodes) == [["node0", "node1"]])
  }

  @Test("ranks that take turns without yielding are warned of")
  func yielding() {
    func run(_ ranks: Int, yields: Int) -> Nodes {
      Nodes(
        (0..<ranks).map { _ in
          var facts = Made.rank(0, leader: 0, cpus: [0, 1])
          facts.launch.yields = yields
          return facts
        })
    }
    #expect(Judgement.yielding(run(3, yields: 0)).complaints.count == 1)
    #expect(Judgement.yielding(run(3, yields: 1)) == [])
    #expect(Judgement.yielding(run(3, yields: -1)) == [])
    #expect(Judgement.yielding(run(2, yields: 0)) == [])
  }

  @Test("another program or MPI on a node is a problem, another version than at building a warning")
  func versions() {
    #expect(Judgement.program(Made.pair { $0.program = "def" }).map(\.level) == [.problem])
    #expect(Judgement.program(Made.pair { $0.program = "" }) == [])
    let mixed = Judgement.library(Made.pair { $0.launch.library = "MPICH Version:\t4.0.2" }).complaints
    #expect(mixed.map(\.level) == [.problem] && mixed[0].text == "MPICH 4.0.2, but rank 0 has Open MPI v4.1.4")
    #expect(Judgement.library(Made.node { $0.launch.builtFor = "Open MPI v4.1.2" }).map(\.level) == [.warning])
  }

  @Test("ranks beyond the slots and nodes left idle are warnings; a lone process learns how to start several")
  func launch() {
    #expect(Judgement.launch(Made.node { $0.launch.slots = 1 }).complaints.count == 1)
    #expect(Judgement.launch(Made.node { $0.launch.slots = 2 }).complaints == [])
    let idle = Judgement.launch(
      Made.node { ($0.launch.scheduler, $0.launch.job, $0.launch.allocatedNodes) = ("Slurm", "7", 4) })
    #expect(idle.map(\.text) == ["2 ranks on 1 node, started by Open MPI's mpirun, but Slurm job 7 has 4 nodes"])
    var alone = Made.rank()
    alone.launch.launcher = ""
    #expect(Judgement.launch(Nodes([alone])).first?.text.contains("cluster/run.sh -n 2 -- doctor") == true)
  }

  @Test("time that is unknown in a job, short or over is said with its level")
  func scheduler() {
    var facts = Made.rank()
    facts.launch.readScheduler { ["PBS_JOBID": "12.head", "PBS_NUM_NODES": "3", "JOB_ID": "1"][$0] }
    #expect((facts.launch.scheduler, facts.launch.job, facts.launch.allocatedNodes) == ("PBS", "12.head", 3))
    let nodes = Nodes([facts])
    #expect(Judgement.scheduler(nodes, nil).map(\.level) == [.warning])
    let levels = [3600, 100, -1].map { seconds in
      Judgement.scheduler(nodes, TimeLeft(seconds: seconds, origin: "LOCKSTEP_END_TIME"))[0].level
    }
    #expect(levels == [.ok, .warning, .problem])
    #expect(Judgement.scheduler(Made.pair(), nil).map(\.level) == [.ok])
  }
}
