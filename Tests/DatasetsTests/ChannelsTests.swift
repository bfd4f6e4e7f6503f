import Testing

@testable import Datasets

@Suite struct ChannelsTests {
  @Test("grey is the mean of the colours, rounded")
  func grey() {
    var pixels: [UInt8] = [0, 0, 1, 0, 1, 1, 255, 255, 255, 10, 20, 33, 9, 9, 9]
    Channels.convert(&pixels, count: 4, from: 3, to: 1)
    #expect(pixels.prefix(4) == [0, 1, 255, 21])
  }

  @Test("colours are the grey three times, in more memory where it is needed")
  func colour() {
    var pixels: [UInt8] = [1, 2, 3]
    Channels.convert(&pixels, count: 3, from: 1, to: 3)
    #expect(pixels == [1, 1, 1, 2, 2, 2, 3, 3, 3])
    Channels.convert(&pixels, count: 1, from: 3, to: 3)
    #expect(pixels == [1, 1, 1, 2, 2, 2, 3, 3, 3])
  }

  @Test("over black, every value and alpha give the nearest byte")
  func black() {
    for value in 0...255 {
      var pixels = (0...255).flatMap { [UInt8(value), UInt8($0)] }
      Channels.composeOverBlack(&pixels, count: 256, components: 2)
      #expect((0...255).allSatisfy { pixels[$0] == UInt8((Double(value * $0) / 255).rounded()) })
    }
  }
}
