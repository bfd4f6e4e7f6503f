import Testing

@testable import Datasets

@Suite struct ClassNamesTests {
  @Test("classes that are all numbers come by value, others by spelling")
  func order() {
    #expect(ClassNames.sorted((0..<12).map(String.init).reversed()) == (0..<12).map(String.init))
    #expect(ClassNames.sorted(["10", "-1", "2.5", "2", "02"]) == ["-1", "02", "2", "2.5", "10"])
    #expect(ClassNames.sorted(["10", "9", "x"]) == ["10", "9", "x"])
    #expect(ClassNames.sorted(["nan", "1", "inf"]) == ["1", "inf", "nan"])
    #expect(ClassNames.sorted(["b", "a", "b"]) == ["a", "b"])
  }

  @Test("folders are ordered as tables are")
  func folders() throws {
    let directory = try ImageFolderTests().directory(
      Dictionary(
        uniqueKeysWithValues: (0..<24).map { ("\($0 / 2)/\($0 % 2).png", ImageFolderTests.flat(UInt8($0 / 2))) }))
    let data = try ImageFolder.load(directory: directory.path)
    #expect(data.classNames == (0..<12).map(String.init))
    for index in 0..<12 { #expect(Int(data.training.bytes(at: index).first ?? 99) == data.training.label(at: index)) }
  }

  @Test("data are labelled as a model that knew their classes in another order")
  func labelled() {
    let set = ImageSet(imageShape: [1, 1, 1], pixels: [0, 1, 2], labels: [0, 1, 2])
    let data = Dataset(name: "x", classNames: ["0", "2", "10"], training: set, test: set)
    let other = data.labelled(as: ["0", "10", "2"])
    #expect((0..<3).map { other.classNames[other.training.label(at: $0)] } == ["0", "2", "10"])
    #expect((0..<3).map { other.training.label(at: $0) } == [0, 2, 1])
    #expect(data.labelled(as: ["0", "1", "2"]).classNames == data.classNames)
    #expect(data.labelled(as: []).classNames == data.classNames)
  }
}
