import Foundation
import Testing

@testable import Datasets

@Suite struct TwinFolderTests {
  @Test("class folders that differ in their Unicode form only are refused, none is lost")
  func twins() throws {
    let directory = try TemporaryDirectory()
    for folder in ["gr\u{FC}n", "gru\u{308}n", "rot"] {
      try FileManager.default.createDirectory(
        atPath: directory.path + "/" + folder, withIntermediateDirectories: true)
      for number in 1...3 {
        _ = try directory.write([], as: "\(folder)/\(number).png")
      }
    }
    let error = #expect(throws: DatasetError.self) { try ImageFolder.contents(of: directory.path) }
    #expect(error?.reason == "2 class folders are called \"gr\u{FC}n\", in different Unicode forms")
  }

  @Test("a run that goes on keeps black, white and the order of classes that it began with")
  func known() throws {
    let pixels = (0..<320).map { UInt8($0 % 2) }
    let set = ImageSet(imageShape: [4, 4, 1], pixels: pixels[...], labels: (0..<20).map { Int32($0 % 3) }[...])
    let now = Dataset(name: "some", classNames: ["1", "2", "10"], training: set, test: set)
    let before = now.labelled(as: ["1", "10", "2"])
    #expect((0..<3).map { before.training.label(at: $0) } == [0, 2, 1] && before.classNames == ["1", "10", "2"])
    var options = LoadingOptions()
    options.keep(SampleDescription(layout: SampleLayout(), classNames: ["1"]))
    let kept = try now.ranged(options, file: "x")
    #expect(kept.layout.columns.isEmpty && kept.training.bytes(at: 0).max() == 1)
    let fresh = try now.ranged(LoadingOptions(), file: "x")
    #expect(fresh.training.bytes(at: 0).max() == 255)
  }
}
