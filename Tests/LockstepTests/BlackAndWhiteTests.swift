import Files
import Foundation
import NumPyFiles
import Testing

extension LockstepTests {
  /// What the program takes for black and white in a user's images, and how it shows that.
  @Suite struct BlackAndWhiteTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// 100 images 16×16 of two classes, light at the left or at the right, in numbers from 0 to `white`.
    private func write(_ name: String, white: UInt8, type: ElementType = .uint8) throws {
      let pixels = (0..<100 * 256).map { index -> UInt8 in
        let isLight = (index % 16 < 8) == (index / 256 % 2 == 0)
        let grain = index * 7_919 % 10_007
        return isLight ? white - UInt8(grain % 9 * Int(white) / 16) : UInt8(grain % 8 * Int(white) / 16)
      }
      let labels = (0..<100).map { Int64($0 % 2) }
      try pixels.withUnsafeBytes { pixels in
        try labels.withUnsafeBytes { labels in
          try NPZ.write(
            to: scratch / name,
            arrays: [NPZ.Entry("x", [100, 16, 16], type, pixels), NPZ.Entry("y", [100], .int64, labels)])
        }
      }
    }

    /// Width and height that a PNG's header says.
    private func size(ofPNG path: String) throws -> [Int] {
      let header = try bytes(of: path)[16..<24]
      return [header.prefix(4), header.suffix(4)].map { $0.reduce(0) { $0 << 8 | Int($1) } }
    }

    @Test("data check draws ten images to train on above ten held out, or says why not, or nothing")
    func picture() throws {
      try write("mine.npz", white: 252)
      let check = try Run("data", "check", "mine.npz", in: scratch)
      #expect(check.status == 0, "\(check.errors)")
      #expect(check.output.contains("\npicture: data-check.png, samples to train on above, held-out ones below\n"))
      #expect(check.output.contains("the darkest pixel is 0 %, the brightest 99 % of white; 0 is black, 255 white"))
      #expect(try size(ofPNG: scratch / "data-check.png") == [10 * 66 + 2, 2 * 66 + 2])
      let named = try Run("data", "check", "waves", "--picture", "w.png", in: scratch)
      #expect(named.status == 0 && exists(scratch / "w.png"), "\(named.errors)")
      try FileManager.default.removeItem(atPath: scratch / "data-check.png")
      #expect(try Run("data", "check", "mine.npz", "--no-picture", in: scratch).status == 0)
      #expect(!exists(scratch / "data-check.png"))
      let nowhere = try Run("data", "check", "mine.npz", "--picture", "no/such/p.png", in: scratch)
      #expect(nowhere.status == 0 && nowhere.output.contains("note: no picture: "), "\(nowhere.output)")
      #expect(try Run("data", "check", "mine.npz", "--picture", "p.jpg", in: scratch).status == 64)
    }

    @Test(
      "numbers of 0 to 16 are refused before anything is written; the setting that is named trains on them, on 2 ranks too"
    )
    func range() throws {
      try write("dim.npz", white: 16)
      let arguments = ["train", "--recipe", "digits-dense", "--data", "dim.npz", "--iterations", "10"]
      let refused = try Run(arguments + ["--output", "no"], in: scratch)
      #expect(refused.status == 65 && refused.errorLines.count == 1 && !exists(scratch / "no"), "\(refused.errors)")
      #expect(refused.errors.contains("x holds uint8 from 0 to 16, 6.3 % of the way from 0 (black) to 255 (white)"))
      let settings = try #require(refused.errors.firstMatch(of: /--set (\S+), or --set (\S+) to leave/))
      let stretched = try Run(
        arguments + ["--output", "run", "--set", String(settings.1)], ranks: Launch.hasMPI ? 2 : nil, in: scratch)
      #expect(stretched.status == 0, "\(stretched.errors)")
      #expect(stretched.errors.contains("x holds uint8 from 0 to 16: 0 is taken for black, 16 for white"))
      // Of so short a run the samples are warned of, of the data nothing is.
      #expect(
        ["warning: x", "warning: the training images", "warning: all but"].allSatisfy { !stretched.errors.contains($0) }
      )
      let kept = try Run("data", "check", "dim.npz", "--set", String(settings.2), "--no-picture", in: scratch)
      #expect(kept.status == 0 && kept.output.contains("warning: x: from black to white, pixels go from 0 % to 6.3 %"))
      // Packed, they are what they were under that range.
      let pack = try Run(
        "data", "pack", "dim.npz", "--set", String(settings.1), "--output", "packed.npz", in: scratch)
      #expect(pack.status == 0, "\(pack.errors)")
    }

    @Test("few levels, and values that are clipped, are warned of by train and data check alike")
    func warnings() throws {
      try write("few.npz", white: 4)
      let settings = ["--set", "data.range=[0,3]"]
      let check = try Run(["data", "check", "few.npz", "--no-picture"] + settings, in: scratch)
      let run = try Run(
        ["train", "--recipe", "digits-dense", "--data", "few.npz", "--iterations", "2", "--output", "run"] + settings,
        in: scratch)
      #expect(check.status == 0 && run.status == 0, "\(check.errors)\(run.errors)")
      for text in [check.output, run.errors] {
        #expect(text.contains("warning: the training images have only 4 levels of brightness"), "\(text)")
        #expect(text.contains("values are beyond and clipped to [0,3], the farthest is 4"), "\(text)")
      }
    }
  }
}
