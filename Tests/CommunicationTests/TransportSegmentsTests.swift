import Testing

@testable import Communication

struct TransportSegmentsTests {
  private func line(_ path: String) -> String { "7f13f50ac000-7f13f5158000 rw-s 00000000 00:1b 13689  \(path)" }

  @Test("one file for each rank of the node, in rank order, whatever else is mapped")
  func found() {
    let maps = [
      "7f0000000000-7f0000001000 r-xp 00000000 00:00 0", line("/usr/lib/mca_shmem_mmap.so"),
      line("/dev/shm/vader_segment.a-node.example.1000.4bde0001.1"), line("/dev/shm/osc_sm.vm.4bde0001.0.10 (deleted)"),
      line("/dev/shm/vader_segment.a-node.example.1000.4bde0001.0"),
      line("/dev/shm/vader_segment.a-node.example.1000.4bde0001.1"),
    ].joined(separator: "\n")
    #expect(
      TransportSegments(maps: maps, count: 2).paths
        == [0, 1].map { "/dev/shm/vader_segment.a-node.example.1000.4bde0001.\($0)" })
    // Two files of one rank, a rank that is missing, one too many: not what we know, so nothing is removed.
    #expect(TransportSegments(maps: maps + "\n" + line("/dev/shm/vader_segment.vm.1000.5bde0001.1"), count: 2).isEmpty)
    #expect(TransportSegments(maps: maps, count: 3).isEmpty)
    #expect(TransportSegments(maps: maps, count: 1).isEmpty)
  }

  @Test(
    "other names are nobody's segment",
    arguments: [
      "vader_segment.vm.0.4bde0001.0 (deleted)", "vader_segment.vm.0.4bde0001", "vader_segment.vm.0.4bde0001.-1",
      "vader_segment.vm.0.4bde0001.x", "my_vader_segment.vm.0.4bde0001.0", "vader_segment", "",
    ])
  func others(name: String) {
    #expect(TransportSegments(maps: line("/dev/shm/\(name)"), count: 1).isEmpty)
    #expect(TransportSegments(maps: "", count: 1).isEmpty)
  }

  @Test("only a file of this user that is no link counts")
  func notOurs() {
    #expect(TransportSegments.mapped(count: 1).isEmpty)
    #expect(ProcessMaps.text().contains("/"))
  }
}

extension MPICommunicatorTests {
  @Test(
    "no file stays behind the memory of running ranks, and Open MPI ends without a word about it", .underMPI,
    arguments: [2, 3])
  func segments(ranks: Int) throws {
    let run = try MPIRun(ranks: ranks, "segments")
    #expect(run.status == 0)
    #expect(run.output == "\(ranks) ranks of one node have 0 files with a name")
    #expect(!run.errors.contains("unlink"), "\(run.errors)")
  }
}
