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
}
