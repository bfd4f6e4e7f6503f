import Tensors
import Testing

@testable import Datasets

@Suite struct ResizingTests {
  @Test(
    "weights of an output pixel sum to one and stay inside the image",
    arguments: [(8, 16), (28, 16), (28, 32), (32, 7), (1, 4)])
  func weights(size: Int, newSize: Int) {
    let taps = Resizing.Taps(from: size, to: newSize)
    #expect(taps.first.count == newSize && taps.weights.count == newSize * taps.count)
    for output in 0..<newSize {
      // Float sums of at most ten terms.
      #expect(abs(taps.weights[output * taps.count..<(output + 1) * taps.count].reduce(0, +) - 1) < 1e-6)
      #expect(taps.first[output] >= 0 && taps.first[output] + taps.count <= size)
    }
  }

  @Test("a constant image stays constant, colours stay apart")
  func constant() {
    let pixels: [UInt8] = (0..<30).flatMap { _ in [10, 20, 255] as [UInt8] }
    for (height, width) in [(5, 6), (10, 12), (2, 3), (7, 1)] {
      let result = pixels.withUnsafeBufferPointer {
        Resizing.bilinear($0, from: [5, 6, 3], to: Resolution(height: height, width: width), valueScale: 1)
      }
      #expect(result == (0..<height * width).flatMap { _ in [10, 20, 255] as [UInt8] })
    }
  }

  @Test("halving weighs the four pixels around a centre 1, 3, 3, 1")
  func halved() {
    let row: [UInt8] = [0, 0, 80, 160, 240, 0, 0, 0]
    let result = row.withUnsafeBufferPointer {
      Resizing.bilinear($0, from: [1, 8, 1], to: Resolution(height: 1, width: 4), valueScale: 1)
    }
    // Border: weights 3, 3, 1 over 7; inside (1·a + 3·b + 3·c + 1·d) / 8.
    #expect(result == [11, 120, 110, 0])
  }
}
