import Graphs
import Kernels
import Testing

@testable import Training

@Suite struct MachineRoofTests {
  private let roof = MachineRoof(
    gigaflopsPerSecond: 100,
    levels: [.init(bytes: 1 << 10, gigabytesPerSecond: 200), .init(bytes: 1 << 20, gigabytesPerSecond: 20)])

  @Test("the least time is the longer one of products and bytes")
  func least() {
    let products = roof.least(of: Cost(operations: 2_000_000_000, bytes: 1 << 20))
    #expect(products.bound == .products && abs(products.seconds - 0.02) < 1e-12)
    let bytes = roof.least(of: Cost(operations: 10, bytes: 40 << 20))
    #expect(bytes.bound == .bytes && abs(bytes.seconds - Double(40 << 20) / 20e9) < 1e-12)
    // What the method saves is not needed.
    #expect(roof.least(of: Cost(operations: 2_000_000_000, performed: 500_000_000, bytes: 1)).seconds == 0.005)
  }

  @Test("the bandwidth lies between those of the sizes next to it")
  func bandwidth() {
    #expect(roof.bandwidth(bytes: 1) == 200)
    #expect(roof.bandwidth(bytes: 1 << 10) == 200)
    #expect(abs(roof.bandwidth(bytes: 1 << 15) - 110) < 1e-9)
    #expect(roof.bandwidth(bytes: 1 << 30) == 20)
  }

  @Test("measured: smaller sizes are not slower than memory, products not slower than a core without vectors")
  func measured() throws {
    let roof = try MachineRoof(measuredOn: ThreadTeam())
    #expect(roof.gigaflopsPerSecond > 1)
    #expect(roof.levels.map(\.bytes) == roof.levels.map(\.bytes).sorted())
    #expect(roof.levels[0].gigabytesPerSecond > roof.levels[roof.levels.count - 1].gigabytesPerSecond)
  }

  @Test("Winograd's products: 36 points of 16 results, 25 where pixels repeat, tiles rounded up")
  func winograd() {
    func performed(_ side: Int, _ resampling: ConvolutionGeometry.Resampling, kernel: Int = 3) -> (Int, Int) {
      let geometry = ConvolutionGeometry(
        images: 3, height: side, width: side, inputChannels: 16, outputChannels: 8, kernelHeight: kernel,
        kernelWidth: kernel, padding: kernel / 2, resampling: resampling)
      return (geometry.performedOperations, geometry.directOperations)
    }
    #expect(performed(8, .none) == (2 * 3 * 4 * 36 * 128, 2 * 3 * 64 * 9 * 128))
    #expect(performed(8, .pooledOutput).0 == 2 * 3 * 4 * 25 * 128)
    #expect(performed(6, .none).0 == performed(8, .none).0)
    #expect(performed(8, .none, kernel: 1) == (2 * 3 * 64 * 128, 2 * 3 * 64 * 128))
  }
}
