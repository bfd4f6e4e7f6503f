import Testing

@testable import Communication

struct SharedMemorySpaceTests {
  @Test("a window needs its bytes and a reserve for MPI; the line names both sizes")
  func space() throws {
    let reserve = 2 * SharedMemorySpace.reservePerRank
    #expect(SharedMemorySpace.problem(byteCount: 1000, ranks: 2, free: 1000 + reserve) == nil)
    #expect(SharedMemorySpace.problem(byteCount: 1000, ranks: 2, free: 999 + reserve) != nil)
    let line = try #require(SharedMemorySpace.problem(byteCount: 60 << 20, ranks: 2, free: 64 << 20))
    #expect(line.hasPrefix("/dev/shm: 64 MB free of the 68 MB needed; gradients are summed by messages"))
    #expect(try #require(SharedMemorySpace.problem(byteCount: 1, ranks: 1, free: nil)).contains("cannot be told"))
  }
}
