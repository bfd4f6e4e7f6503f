import Datasets
import Testing

@Suite struct DatasetSourceTests {
  @Test("the three forms are read and written alike")
  func forms() throws {
    for text in ["digits", "idx:some/place", "semeion:a:b.data"] {
      #expect(try DatasetSource(text).description == text)
    }
    #expect(try DatasetSource("idx:d") == .idx(directory: "d"))
  }

  @Test(
    "a wrong form is refused with the known ones",
    arguments: ["", "digit", "cifar:x", "idx", "idx:", "semeion", "digits:x", ":"])
  func wrong(text: String) {
    #expect { try DatasetSource(text) } throws: {
      "\($0)".hasSuffix("; write digits, idx:DIR or semeion:FILE") && "\($0)".contains(text.debugDescription)
    }
  }

  @Test("a missing file or a directory in its place is named")
  func missing() throws {
    #expect { try DatasetSource("semeion:/nowhere/s.data").load() } throws: {
      "\($0)" == "/nowhere/s.data: cannot open for reading: No such file or directory; check the path"
    }
    #expect { try DatasetSource("semeion:/").load() } throws: { "\($0)" == "/: is a directory; name a file" }
  }

  @Test("digits come at 16×16, or at the size that is asked for")
  func resolution() throws {
    #expect(try DatasetSource.digits.load().imageShape == [16, 16, 1])
    #expect(try DatasetSource.digits.load(resolution: Resolution(height: 32, width: 32)).imageShape == [32, 32, 1])
  }
}
