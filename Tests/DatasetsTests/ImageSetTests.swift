import Datasets
import Tensors
import Testing

@Suite struct ImageSetTests {
  @Test("bytes become 2·u/255 − 1, exactly −1 and 1 at the ends")
  func values() {
    let set = ImageSet(imageShape: [1, 256, 1], pixels: (0..<512).map { UInt8($0 % 256) }[...], labels: [3, 4][...])
    var values = [Float](repeating: 9, count: 256)
    values.withUnsafeMutableBufferPointer { set.write(index: 1, to: $0.baseAddress!) }
    for byte in 0..<256 {
      // Two roundings to float32 near 1.
      #expect(abs(Double(values[byte]) - (2 * Double(byte) / 255 - 1)) < 1.2e-7)
    }
    #expect(values[0] == -1 && values[255] == 1)
    #expect(set.label(at: 1) == 4)
  }

  @Test(
    "shards are contiguous, cover the batch and differ by at most one", arguments: [(64, 3), (5, 8), (64, 4), (1, 1)])
  func shards(batch: Int, size: Int) {
    let shards = (0..<size).map { Shard(globalBatch: batch, rank: $0, size: size) }
    #expect(shards.flatMap { Array($0.range) } == Array(0..<batch))
    #expect(shards.allSatisfy { $0.count == batch / size || $0.count == (batch + size - 1) / size })
  }

  @Test("a mirrored image has its columns in reverse, each pixel's channels in order", arguments: [1, 3])
  func mirrored(channels: Int) {
    let (height, width) = (2, 5)
    let size = height * width * channels
    let images = ImageSet(
      imageShape: [height, width, channels], pixels: (0..<2 * size).map { UInt8($0 * 4) }[...], labels: [0, 1])
    var plain = [Float](repeating: 0, count: size)
    var mirrored = plain
    images.write(index: 1, to: &plain)
    images.write(index: 1, mirrored: true, to: &mirrored)
    for row in 0..<height {
      for column in 0..<width {
        for channel in 0..<channels {
          let (here, there) = ((row * width + column), (row * width + width - 1 - column))
          #expect(mirrored[here * channels + channel] == plain[there * channels + channel])
        }
      }
    }
  }
}
