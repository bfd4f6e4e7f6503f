import Measures
import Testing

@Suite struct NeighboursTests {
  @Test("neighbours are the nearest rows, nearest first, also behind the first tile of 1,024")
  func nearest() throws {
    // On a line: training images at 0, 1, 2, …; held-out ones 0.25 to 0.5 beside them.
    let training = Features(width: 1, doubles: (0..<3000).map(Double.init))
    let heldOut = Features(width: 1, doubles: [10.25, 20.375, 30.5, 40.5])
    let known = try KnownImages(training: training, heldOut: heldOut)
    let found = known.neighbours(of: Features(width: 1, doubles: [2500.0625, 7.625, 100.25]), k: 3)
    #expect(found.map(\.sample) == [0, 1, 2])
    #expect(found.map(\.images) == [[2500, 2501, 2499], [8, 7, 9], [100, 101, 99]])
    #expect(found.map(\.distance) == [0.0625, 0.375, 0.25])
    #expect(found.map(\.heldOutShare) == [0, 0.5, 0.25])
  }
}
