import Testing

@testable import Datasets

@Suite struct SampleDescriptionTests {
  @Test(
    "names and scales are read back as they were, whatever names hold",
    arguments: [
      [], [""], ["", "green", "red"], ["a", "", ""], ["a,b", "a\"b", #"a\nb"#, "tab\tname"],
      ["Möln", "Mäln", "🙂", "[1]"],
    ])
  func roundTrip(names: [String]) throws {
    var layout = SampleLayout(kind: .vectors)
    layout.columns = names.map { Column(name: $0, center: 0.1 + 0.2, unit: 1e-300) }
    layout.conditions = [Column(name: "", center: -1e9 / 3, unit: 2)]
    let description = SampleDescription(layout: layout, classNames: names)
    #expect(SampleDescription(json: description.json) == description)
    #expect(SampleDescription(metadata: [SampleDescription.metadataKey: description.json]) == description)
    #expect(SampleLayout(text: layout.text) == layout)
    #expect(!description.json.contains("\n"))
  }

  @Test("what earlier versions joined is taken apart again with no name lost")
  func earlier() {
    let metadata = ["classNames": "\nblue\n\nred\n", "layout": "vectors\ncolumn\t2.5\t0.5\tx 1\ncondition\t0.0\t1.0\t"]
    let description = SampleDescription(metadata: metadata)
    #expect(description?.classNames == ["", "blue", "", "red", ""])
    #expect(description?.layout.columns == [Column(name: "x 1", center: 2.5, unit: 0.5)])
    #expect(description?.layout.conditions == [Column(name: "")] && description?.layout.kind == .vectors)
    // The first version knew neither.
    #expect(SampleDescription(metadata: [:]) == SampleDescription())
  }

  @Test(
    "damaged metadata are told from those of earlier versions",
    arguments: [
      "", "{", "[]", #"{"classNames":["a"]}"#, #"{"classNames":"a","columns":[],"conditions":[],"kind":"images"}"#,
      #"{"classNames":[1],"columns":[],"conditions":[],"kind":"images"}"#,
      #"{"classNames":[],"columns":[{"center":0,"name":"x","unit":0}],"conditions":[],"kind":"vectors"}"#,
      #"{"classNames":[],"columns":[],"conditions":[],"kind":"paintings"}"#,
    ])
  func damaged(json: String) {
    #expect(SampleDescription(metadata: [SampleDescription.metadataKey: json, "classNames": "a\nb"]) == nil)
  }

  @Test("images come from −1 to 1, and their scale is told; vectors come in their units")
  func units() {
    let column = Column(name: "x", center: 0.5, unit: 0.25)
    let values: [Float] = [-1, 0, 1]
    let numbers = { (kind: SampleLayout.Kind) in
      values.withUnsafeBufferPointer { SampleLayout(kind: kind, columns: [column]).numbers(of: $0) }
    }
    #expect(numbers(.images) == values)
    #expect(numbers(.vectors) == [0.25, 0.5, 0.75] && numbers(.sequences) == [0.25, 0.5, 0.75])
    #expect(SampleLayout(kind: .images, columns: [column]).pixels == column)
    let bytes = SampleLayout().explicit.columns
    #expect(bytes.map { [$0.number(of: -1), $0.number(of: 1)] } == [[0, 255]])
  }

  @Test("classes without a name, and two of one name, are refused by every kind of data")
  func names() throws {
    let images = ImageSet(imageShape: [1, 1, 1], pixels: [1, 2, 3], labels: [0, 1, 2])
    let check = { (names: [String]) throws(DatasetError) in
      try Dataset(name: "some", classNames: names, training: images, test: images).checkedClassNames(of: "csv:t.csv")
    }
    for (names, reason) in [
      (["a", "", "c"], "class 1 of 3 has no name"), (["a", "b", "  "], "class 2 of 3 has no name"),
      (["a", "b", "a"], #"two classes are called "a""#),
      (["a", "b", "a "], #"two classes are called "a " but for blanks"#),
    ] {
      let error = #expect(throws: DatasetError.self) { try check(names) }
      #expect(error?.reason == reason && error?.file == "csv:t.csv")
    }
    #expect(try check(["a", "b", "A"]).classCount == 3)
  }
}
