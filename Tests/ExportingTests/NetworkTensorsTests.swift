import Checkpoints
import Graphs
import Layers
import NumPyFiles
import Tensors
import Testing

@testable import Exporting

@Suite struct NetworkTensorsTests {
  private func network() throws -> TestNetwork {
    try TestNetwork([[4, 4, 3], [2]], isNormalized: true) { x, s in
      let h = try convolution(x[0], outputChannels: 4, in: s / "c")
      return try batchNorm(conditionalBatchNorm(h, condition: x[1], in: s / "n"), in: s / "last")
    }
  }

  private func tensors(of network: TestNetwork) -> NetworkTensors {
    NetworkTensors(parameters: network.parameters, vectors: network.vectors, standing: network.standing)
  }

  private func numbers(_ name: String, _ tensors: [NamedTensor]) throws -> [Float] {
    try #require(tensors.first { $0.name == name }, "no \(name)").numbers
  }

  @Test("raw tensors are the blocks' numbers, vectors and statistics beside them")
  func raw() throws {
    let network = try network()
    let raw = tensors(of: network).raw
    #expect(
      raw.map(\.name) == [
        "net/layer/c/kernel", "net/layer/c/bias", "net/layer/n/gain", "net/layer/n/bias", "net/layer/last/gain",
        "net/layer/last/bias", "net/layer/c/kernel/u", "net/layer/c/kernel/v", "net/layer/n/statistics",
        "net/layer/last/statistics",
      ])
    #expect(raw[0].shape == [3, 3, 3, 4])
    #expect(
      raw[0].numbers == Array(network.parameters.slice(network.parameters.entries[0], of: network.parameters.values)))
  }

  @Test("folded weights have the largest singular value 1; scale and shift are those of the formula")
  func folded() throws {
    let network = try network()
    let (raw, folded) = (tensors(of: network).raw, tensors(of: network).folded)
    #expect(
      folded.map(\.name) == [
        "net/layer/c/kernel", "net/layer/c/bias", "net/layer/n/scale", "net/layer/n/shift", "net/layer/last/scale",
        "net/layer/last/shift",
      ])
    let (plain, divided) = (try numbers("net/layer/c/kernel", raw), try numbers("net/layer/c/kernel", folded))
    let (u, v) = (try numbers("net/layer/c/kernel/u", raw), try numbers("net/layer/c/kernel/v", raw))
    var sigma: Float = 0
    for row in 0..<27 { for column in 0..<4 { sigma += v[row] * plain[4 * row + column] * u[column] } }
    for (a, b) in zip(plain, divided) { #expect(abs(a / sigma - b) < 1e-6) }
    let (statistics, gain, bias) = (
      try numbers("net/layer/n/statistics", raw), try numbers("net/layer/n/gain", raw),
      try numbers("net/layer/n/bias", raw)
    )
    let (scale, shift) = (try numbers("net/layer/n/scale", folded), try numbers("net/layer/n/shift", folded))
    for index in 0..<8 {
      let (mean, variance) = (statistics[index % 4], statistics[4 + index % 4])
      let expected = gain[index] / (variance + 1e-5).squareRoot()
      #expect(abs(scale[index] - expected) < 1e-5)
      #expect(abs(shift[index] - (bias[index] - mean * expected)) < 1e-5)
    }
  }

  @Test("safetensors and npz give back the same bits")
  func files() throws {
    let directory = try TemporaryDirectory()
    let raw = tensors(of: try network()).raw
    try raw.writeSafetensors(to: directory.path + "/w.safetensors", metadata: ["network": "net"])
    try raw.writeNPZ(to: directory.path + "/w.npz")
    let file = try SafetensorsFile(path: directory.path + "/w.safetensors")
    let arrays = try NumPyFile(path: directory.path + "/w.npz")
    #expect(file.names == raw.map(\.name) && file.metadata["network"] == "net")
    #expect(arrays.names == raw.map { NamedTensor.npzName(of: $0.name) })
    for tensor in raw {
      var read = [Float](repeating: 0, count: tensor.shape.count)
      try read.withUnsafeMutableBytes { try file.read(tensor.name, shape: tensor.shape, into: $0) }
      #expect(read.map(\.bitPattern) == tensor.numbers.map(\.bitPattern))
      let array = try #require(try arrays.array(NamedTensor.npzName(of: tensor.name)))
      #expect(array.shape == tensor.shape.dimensions)
      #expect(try array.numbers().map { Float($0).bitPattern } == tensor.numbers.map(\.bitPattern))
    }
  }

  @Test("transposing moves every number as NumPy does")
  func transposed() {
    let tensor = NamedTensor(name: "w", shape: [2, 3, 4, 5], numbers: (0..<120).map(Float.init))
    let turned = tensor.transposed([2, 3, 1, 0])
    #expect(turned.shape == [4, 5, 3, 2])
    for a in 0..<2 {
      for b in 0..<3 {
        for c in 0..<4 {
          for d in 0..<5 {
            #expect(turned.numbers[((c * 5 + d) * 3 + b) * 2 + a] == tensor.numbers[((a * 3 + b) * 4 + c) * 5 + d])
          }
        }
      }
    }
    #expect(turned.transposed([3, 2, 0, 1]) == tensor)
  }
}
