import Glibc
import Kernels
import Synchronization
import Testing

@Suite("Thread teams")
struct ThreadTeamTests {
  /// A number per part, on cache lines of their own; written by one thread each.
  final class Counters {
    let values: UnsafeMutablePointer<Int>
    private let count: Int
    init(_ count: Int) {
      self.count = count
      values = .allocate(capacity: 16 * count)
      values.initialize(repeating: 0, count: 16 * count)
    }
    deinit { values.deallocate() }
    func add(_ part: Int) { values[16 * part] += 1 }
    var all: [Int] { (0..<count).map { values[16 * $0] } }
  }

  final class Flag: Sendable {
    private let isSet = Atomic(false)
    var value: Bool { isSet.load(ordering: .acquiring) }
    func set() { isSet.store(true, ordering: .releasing) }
  }

  @Test("every run does every part exactly once, ten thousand runs in a row", arguments: 1...4)
  func everyPart(threads: Int) throws {
    let team = try ThreadTeam(count: threads)
    let counters = Counters(threads)
    let run = team.bind { part, parts in
      if parts == threads { counters.add(part) }
    }
    for _ in 0..<10_000 { run() }
    #expect(counters.all == Array(repeating: 10_000, count: threads))
  }

  @Test("what the parts wrote is there when a run has ended, and what the caller wrote when it starts")
  func visibility() throws {
    let team = try ThreadTeam(count: 3)
    let cells = UnsafeMutablePointer<Int>.allocate(capacity: 64)
    cells.initialize(repeating: 0, count: 64)
    defer { cells.deallocate() }
    let run = team.bind { part, _ in cells[16 * part + 16] = cells[0] + part }
    for round in 0..<2_000 {
      cells[0] = round
      run()
      #expect((0..<3).allSatisfy { cells[16 * $0 + 16] == round + $0 })
    }
  }

  @Test("the caller does the part of a worker that comes late")
  func lateWorker() throws {
    let team = try ThreadTeam(count: 2)
    let byCaller = Counters(2)
    let caller = pthread_self()
    let run = team.bind { part, _ in
      if pthread_equal(pthread_self(), caller) != 0 { byCaller.add(part) }
    }
    for _ in 0..<200 {
      // Long enough to fall asleep: waking takes longer than the caller's part.
      usleep(1000)
      run()
    }
    #expect(byCaller.all[0] == 200)
    #expect(byCaller.all[1] > 0)
  }

  @Test("sleeping workers wake")
  func sleep() throws {
    let team = try ThreadTeam(count: 2)
    let counters = Counters(2)
    let run = team.bind { part, _ in counters.add(part) }
    for _ in 0..<50 {
      usleep(500)
      run()
    }
    #expect(counters.all == [50, 50])
  }

  /// Runs `body` on a worker: part 0 keeps the caller busy until then, so it cannot do the other part too.
  private func onWorker(_ body: @escaping () -> Void) throws {
    let team = try ThreadTeam(count: 2)
    let isDone = Flag()
    let run = team.bind { part, _ in
      if part == 0 {
        while !isDone.value { usleep(100) }
      } else {
        body()
        isDone.set()
      }
    }
    run()
  }

  @Test("workers read and write denormal numbers as zero")
  func denormals() throws {
    let tiny = UnsafeMutablePointer<Float>.allocate(capacity: 1)
    tiny.initialize(to: 0x1p-126)
    defer { tiny.deallocate() }
    let halves = Counters(2)
    try onWorker { if tiny.pointee * 0.5 == 0 { halves.add(1) } }
    #expect(halves.all == [0, 1])
  }

  @Test("workers hold signals back: they are for the thread that made the team")
  func signals() throws {
    let held = Counters(2)
    try onWorker {
      var mask = sigset_t()
      if pthread_sigmask(SIG_BLOCK, nil, &mask) == 0, sigismember(&mask, SIGTERM) == 1 { held.add(1) }
    }
    #expect(held.all[1] == 1)
  }

  @Test("teams come and go")
  func lifetime() throws {
    let counters = Counters(3)
    for _ in 0..<100 {
      let team = try ThreadTeam(count: 3)
      team.bind { part, _ in counters.add(part) }()
    }
    #expect(counters.all == [100, 100, 100])
  }

  @Test("a bound call keeps its team alive")
  func ownership() throws {
    let counters = Counters(2)
    var team: ThreadTeam? = try ThreadTeam(count: 2)
    let run = try #require(team).bind { part, _ in counters.add(part) }
    team = nil
    run()
    #expect(counters.all == [1, 1])
  }

  @Test("a run inside a run of the same team stops the program")
  func nested() async {
    await #expect(processExitsWith: .failure) {
      let team = try ThreadTeam(count: 2)
      let inner = team.bind { _, _ in }
      team.bind { part, _ in if part == 0 { inner() } }()
    }
  }

  @Test("a team that the system refuses says what to do")
  func refused() {
    #expect {
      try ThreadTeam(count: 2, cpus: [0, 1_000_000])
    } throws: { error in
      "\(error)".contains("a team of 2 threads on CPUs 0, 1000000: ") && "\(error)".hasSuffix("or --no-pin")
    }
  }

  @Test("stretches cover all items once, in order, in whole grains")
  func ranges() {
    for (count, grain, parts) in [(0, 1, 3), (1, 1, 2), (7, 1, 3), (100, 16, 4), (16, 16, 3), (97, 8, 5), (64, 64, 2)] {
      let ranges = (0..<parts).map { ThreadTeam.range(of: count, grain: grain, part: $0, parts: parts) }
      #expect(ranges.flatMap(Array.init) == Array(0..<count))
      #expect(ranges.dropLast().allSatisfy { $0.upperBound % grain == 0 || $0.upperBound == count })
      let sizes = ranges.map { ($0.count + grain - 1) / grain }
      #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1, "\(count) items in \(parts)")
    }
  }

  @Test("work over items is shared where it is worth it, and done whole where it is not")
  func items() throws {
    let team = try ThreadTeam(count: 2)
    for (elements, calls) in [(100, 1), (1 << 20, 2)] {
      let done = Counters(1000)
      let ranges = Counters(1000)
      team.bind(over: 1000, elements: elements) { range in
        for item in range { done.add(item) }
        ranges.add(range.lowerBound)
      }()
      #expect(done.all == Array(repeating: 1, count: 1000))
      #expect(ranges.all.reduce(0, +) == calls)
    }
  }
}
