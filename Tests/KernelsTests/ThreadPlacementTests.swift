import Kernels
import Testing

@Suite("Thread placement")
struct ThreadPlacementTests {
  typealias Seat = ThreadPlacement.Seat

  private func seat(node: UInt64 = 1, cpus: UInt64 = 1, cores: Int64, isBound: Bool = false) -> Seat {
    Seat(node: node, cpus: cpus, cores: cores, isBound: isBound)
  }

  private func places(_ seats: [Seat], _ allowed: [[Int]], threads: Int) -> [[Int]] {
    seats.indices.map {
      ThreadPlacement(seats: seats, rank: $0, allowed: allowed[$0], threads: threads).cpus
    }
  }

  @Test("unbound ranks share out a machine's CPUs in order")
  func unbound() {
    let seats = Array(repeating: seat(cores: 8), count: 3)
    let all = Array(repeating: Array(0..<8), count: 3)
    #expect(places(seats, all, threads: 2) == [[0, 1], [2, 3], [4, 5]])
    #expect(ThreadPlacement(seats: seats, rank: 0, allowed: all[0], threads: 2).warning == nil)
  }

  @Test("ranks of different machines do not count each other")
  func machines() {
    let seats = [1, 1, 2, 2].map { seat(node: $0, cores: 4) }
    let all = Array(repeating: Array(0..<4), count: 4)
    #expect(places(seats, all, threads: 2) == [[0, 1], [2, 3], [0, 1], [2, 3]])
  }

  @Test("threads stay inside what a launcher bound")
  func bound() {
    let seats = [seat(cpus: 1, cores: 2, isBound: true), seat(cpus: 2, cores: 2, isBound: true)]
    #expect(places(seats, [[4, 5], [6, 7]], threads: 2) == [[4, 5], [6, 7]])
  }

  @Test("ranks bound to one socket share it out")
  func sockets() {
    let seats = [1, 1, 2, 2].map { seat(cpus: $0, cores: 4, isBound: true) }
    let allowed = [[0, 1, 2, 3], [0, 1, 2, 3], [4, 5, 6, 7], [4, 5, 6, 7]]
    #expect(places(seats, allowed, threads: 2) == [[0, 1], [2, 3], [4, 5], [6, 7]])
  }

  @Test("where there are too few CPUs, or one thread, nothing is pinned")
  func unpinned() {
    let seats = Array(repeating: seat(cores: 4), count: 3)
    let all = Array(repeating: Array(0..<4), count: 3)
    #expect(places(seats, all, threads: 2) == [[], [], []])
    #expect(places(seats, all, threads: 1) == [[], [], []])
    #expect(ThreadPlacement(seats: seats, rank: 0, allowed: all[0], threads: 2).sharesCores)
    #expect(!ThreadPlacement(seats: seats, rank: 0, allowed: all[0], threads: 1).sharesCores)
  }

  @Test("more threads than cores are warned of, with the remedy, the same on all ranks")
  func warnings() throws {
    let cases: [([Seat], Int, String?)] = [
      ([seat(cores: 2), seat(cores: 2)], 1, nil),
      ([seat(cores: 2), seat(cores: 2)], 2, "2 ranks × 2 threads take turns on 2 cores: let ranks"),
      ([seat(cores: 2)], 3, "1 rank × 3 threads take turns on 2 cores: let ranks × threads be at most 2"),
      (Array(repeating: seat(cores: 2), count: 4), 1, "4 ranks × 1 thread take turns on 2 cores: use at most 2 ranks"),
      (
        [seat(cpus: 1, cores: 1, isBound: true), seat(cpus: 2, cores: 1, isBound: true)], 2,
        "a rank may use 1 core of its machine, but has 2 threads, which take turns: start it with cluster/run.sh, or with "
          + "mpirun --map-by slot:PE=2"
      ),
      ([seat(cores: 8), seat(node: 2, cores: 2)], 4, "1 rank × 4 threads take turns on 2 cores"),
      // Where the system does not say how many cores there are, nothing is said.
      ([seat(cores: 0)], 64, nil),
    ]
    for (seats, threads, expected) in cases {
      let warnings = seats.indices.map {
        ThreadPlacement(seats: seats, rank: $0, allowed: [], threads: threads).warning
      }
      #expect(warnings.allSatisfy { $0 == warnings[0] })
      if let expected {
        #expect(try #require(warnings[0]).hasPrefix(expected))
      } else {
        #expect(warnings[0] == nil)
      }
    }
  }

  @Test("this process tells the same of itself every time, and may use a CPU")
  func own() {
    let allowed = ThreadPlacement.allowedCPUs
    #expect(!allowed.isEmpty)
    #expect(Set(allowed).count == allowed.count)
    let seat = ThreadPlacement.seat(allowed: allowed)
    #expect(seat == ThreadPlacement.seat(allowed: allowed))
    #expect((1...allowed.count).contains(Int(seat.cores)))
  }
}
