import Foundation
import NumPyFiles
import Tensors
import Testing

extension LockstepTests {
  @Suite struct MeasureCommandTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Rows of four numbers, uniform about `center`.
    private func write(_ name: String, rows: Int, center: Float, width: Int = 4) throws {
      var state: UInt64 = UInt64(rows)
      let values = (0..<rows * width).map { _ -> Float in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return center + Float(state >> 40) / Float(1 << 24)
      }
      try values.withUnsafeBytes {
        try NPZ.write(to: scratch / name, arrays: [NPZ.Entry("x", [rows, width], .float32, $0)])
      }
    }

    @Test("features of one's own: shifted samples score worse than halves of the real ones, alike on 1 and 2 ranks")
    func values() throws {
      try write("real.npz", rows: 400, center: 0)
      try write("samples.npz", rows: 300, center: 0.5)
      let arguments = ["measure", "real.npz", "samples.npz", "--json"]
      let alone = try Run(arguments, in: scratch)
      #expect(alone.status == 0, "\(alone.errors)")
      let found = try #require(JSONSerialization.jsonObject(with: Data(alone.output.utf8)) as? [String: Double])
      // Four columns, each shifted by a half.
      #expect(abs(try #require(found["frechetDistance"]) - 1) < 0.1)
      #expect(try #require(found["real/frechetDistance"]) < 0.05 && found["real/precision"]! > found["precision"]!)
      guard Launch.hasMPI else { return }
      #expect(try Run(arguments, ranks: 2, in: scratch).output == alone.output)
    }

    @Test("too few rows, other widths and no features are refused")
    func refusals() throws {
      try write("real.npz", rows: 400, center: 0)
      try write("few.npz", rows: 4, center: 0)
      try write("wide.npz", rows: 40, center: 0, width: 5)
      let cases = [
        ("few.npz", "Fréchet distance: 4 samples are too few, it takes at least 5"),
        ("wide.npz", "5 columns, real.npz has 4"),
        ("none.npz", "cannot open for reading"),
      ]
      for (name, reason) in cases {
        let run = try Run(["measure", "real.npz", name], in: scratch)
        #expect(run.status == (name == "none.npz" ? 66 : 65) && run.errors.contains(reason), "\(run.errors)")
      }
    }
  }
}
