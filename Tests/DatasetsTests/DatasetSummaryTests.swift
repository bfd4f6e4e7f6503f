import Tensors
import Testing

@testable import Datasets

@Suite struct DatasetSummaryTests {
  func dataset(_ counts: [Int], names: [String]? = nil, complaints: [String] = []) -> Dataset {
    let labels = counts.enumerated().flatMap { label, count in [Int32](repeating: Int32(label), count: count) }
    let images = ImageSet(
      imageShape: [2, 3, 1], pixels: [UInt8](repeating: 0, count: 6 * labels.count)[...], labels: labels[...])
    return Dataset(
      name: "some", classNames: names ?? counts.indices.map(String.init), training: images, test: images[0..<1],
      notes: [], complaints: complaints)
  }

  @Test("one line tells number, size and spread over the classes")
  func summary() {
    #expect(dataset([480, 500, 1_524]).summary == "2,504 images 2×3×1, 3 classes, 480–1,524 each; 1 held out")
    #expect(dataset([600, 600]).summary == "1,200 images 2×3×1, 2 classes, 600 each; 1 held out")
    #expect(dataset([7]).summary == "7 images 2×3×1, 1 class; 1 held out")
    #expect(dataset([0, 7]).summary == "7 images 2×3×1, 2 classes, 0–7 each; 1 held out")
  }

  @Test("classes without images and equal labels are warned of")
  func warnings() {
    #expect(dataset([1, 2, 3]).warnings.isEmpty)
    #expect(dataset([1, 2], complaints: ["a"]).warnings == ["a"])
    #expect(
      dataset([1, 0, 3], names: ["cat", "dog", "owl"]).warnings == [
        "no training image is of class 1 (dog): samples of it will mean nothing"
      ])
    #expect(
      dataset([1, 0, 3, 0, 0, 0, 0, 0]).warnings == [
        "no training image is of class 1, 3, 4, 5, 6 and 1 more: samples of them will mean nothing"
      ])
    let one =
      "all training images have one label, 2 (owl): the networks cannot learn what a class is; "
      + "check where the labels come from"
    #expect(dataset([0, 0, 3], names: ["cat", "dog", "owl"], complaints: ["a"]).warnings == ["a", one])
    #expect(dataset([4], names: ["owl"]).warnings.first?.contains("one label, 0 (owl)") == true)
  }
}
