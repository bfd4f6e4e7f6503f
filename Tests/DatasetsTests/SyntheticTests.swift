import Testing

@testable import Datasets

@Suite struct SyntheticTests {
  @Test("readings follow their formulas, in their own units")
  func process() {
    let data = Synthetic.process.load()
    let (heat, load) = (data.layout.columns[0], data.layout.conditions[0])
    var (errors, squares) = (0.0, 0.0)
    var row = [Float](repeating: 0, count: 5)
    for index in 0..<data.test.count {
      row.withUnsafeMutableBufferPointer { data.test.write(index: index, to: $0.baseAddress!) }
      let told = Array(data.test.conditions!.row(index))
      let (l, s) = (load.number(of: Double(told[0])), Double(told[1]))
      let error = heat.number(of: Double(row[0])) - (20 + 60 * l * l + 3 * s)
      errors += error
      squares += error * error
      #expect(s == 0 || s == 1)
    }
    #expect(abs(errors / 1_000) < 0.15 && abs(squares / 1_000 - 1) < 0.15)
  }

  @Test("waves have the frequency that they are said to have")
  func waves() {
    let data = Synthetic.waves.load()
    #expect(data.imageShape == [1, 48, 1] && data.layout.kind == .sequences)
    var wave = [Float](repeating: 0, count: 48)
    var right = 0
    for index in 0..<200 {
      wave.withUnsafeMutableBufferPointer { data.training.write(index: index, to: $0.baseAddress!) }
      let frequency = data.layout.conditions[0].number(of: Double(data.training.conditions!.row(index).first!))
      // The best of many frequencies by least squares on sine and cosine.
      let powers = stride(from: 0.5, to: 5, by: 0.1).map { f -> (Double, Double) in
        var (a, b) = (0.0, 0.0)
        for t in 0..<48 {
          a += Double(wave[t]) * _cos(f * Double(t) / 48)
          b += Double(wave[t]) * _cos(f * Double(t) / 48 - 0.25)
        }
        return (f, a * a + b * b)
      }
      let best = powers.max { $0.1 < $1.1 }!.0
      right += abs(best - frequency) < 0.5 ? 1 : 0
    }
    #expect(right > 180, "\(right) of 200")
  }

  /// cos 2πx.
  private func _cos(_ x: Double) -> Double {
    let turn = x - x.rounded()
    // Taylor's series is exact enough within half a turn.
    let y = -(2 * .pi * turn) * (2 * .pi * turn)
    return 1 + y / 2 * (1 + y / 12 * (1 + y / 30 * (1 + y / 56 * (1 + y / 90 * (1 + y / 132 * (1 + y / 182))))))
  }
}
