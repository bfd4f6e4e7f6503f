import Datasets
import Testing

@Suite struct DatasetSourceTests {
  @Test("every form is read and written alike")
  func forms() throws {
    for text in [
      "digits", "idx:some/place", "semeion:a:b.data", "cifar10:c", "cifar100:c/d", "folder:./e", "npz:f.npz", "csv:g",
      "waves", "process",
    ] {
      #expect(try DatasetSource(text).description == text)
    }
    #expect(try DatasetSource("a/b.npz") == .numpy(path: "a/b.npz") && DatasetSource("npy:dir") == .numpy(path: "dir"))
    #expect(
      try DatasetSource("c.tsv") == .table(file: "c.tsv") && DatasetSource("idx:d.npz") == .idx(directory: "d.npz"))
    #expect(try DatasetSource("idx:d") == .idx(directory: "d"))
  }

  @Test(
    "a wrong form is refused with the known ones",
    arguments: [
      "", "digit", "cifar:x", "idx", "idx:", "semeion", "digits:x", "digits:", ":", "cifar10", "cifar100:", "folder",
    ])
  func wrong(text: String) {
    #expect { try DatasetSource(text) } throws: {
      "\($0)".hasSuffix(
        "; write digits, idx:DIR, semeion:FILE, cifar10:DIR, cifar100:DIR, folder:DIR, npz:FILE, npy:DIR, csv:FILE, waves or process"
      )
        && "\($0)".contains(text.debugDescription)
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

  @Test("data of one channel come in three alike when asked for")
  func colour() throws {
    var options = LoadingOptions()
    let grey = try DatasetSource.digits.load(options)
    options.channels = 3
    let colour = try DatasetSource.digits.load(options)
    #expect(colour.imageShape == [16, 16, 3])
    for index in [0, 296] {
      #expect(Array(colour.test.bytes(at: index)) == grey.test.bytes(at: index).flatMap { [$0, $0, $0] })
      #expect(colour.test.label(at: index) == grey.test.label(at: index))
    }
  }
}
