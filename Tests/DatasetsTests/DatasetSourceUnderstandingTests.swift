import Datasets
import Files
import Foundation
import Testing

/// Paths as users write them.
@Suite struct DatasetSourceUnderstandingTests {
  private let directory: TemporaryDirectory
  private var root: String { directory.path }

  init() throws { directory = try TemporaryDirectory() }

  /// Empty files: kinds are told by names.
  private func touch(_ names: String..., bytes: [UInt8] = [1]) throws {
    for name in names {
      let folder = ("\(root)/\(name)" as NSString).deletingLastPathComponent
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      _ = try directory.write(bytes, as: name)
    }
  }

  private func understood(_ text: String) throws -> String { try DatasetSource.understood(text).text }

  private func refusal(_ text: String) -> DatasetError? {
    do throws(DatasetError) { _ = try DatasetSource.understood(text) } catch { return error }
    return nil
  }

  @Test("a directory is what lies in it, and a note says what it is taken for")
  func directories() throws {
    try touch("photos/cat/1.PNG", "photos/dog/2.jpeg", "photos/labels.csv", "photos/.hidden/x.npz")
    try touch("parts/train/cat/1.png", "parts/test/cat/2.png", "listed/dataset.json", "listed/00/1.png")
    try touch("mnist/train-images-idx3-ubyte.gz", "mnist/train-labels-idx1-ubyte.gz")
    try touch("dots/t10k-images.idx3-ubyte", "dots/t10k-labels.idx1-ubyte", "MNIST/raw/train-images-idx3-ubyte")
    try touch(
      "ten/data_batch_1.bin", "ten/batches.meta.txt", "python/data_batch_1", "hundred/train.bin", "hundred/test.bin")
    try touch("arrays/x.npy", "arrays/y.npy", "array/mine.npy", "one/mine.npz", "one/README.md", "table/T.CSV")
    try touch("strokes/semeion.data", "deep/a/b/mine.npz")
    for (path, expected) in [
      ("photos", "folder:R/photos"), ("photos/", "folder:R/photos"), ("parts", "folder:R/parts"),
      ("listed", "folder:R/listed"), ("mnist", "idx:R/mnist"), ("dots", "idx:R/dots"), ("MNIST", "idx:R/MNIST/raw"),
      ("ten", "cifar10:R/ten"), ("python", "cifar10:R/python"), ("hundred", "cifar100:R/hundred"),
      ("arrays", "npz:R/arrays"), ("array", "npz:R/array/mine.npy"), ("one", "npz:R/one/mine.npz"),
      ("table", "csv:R/table/T.CSV"), ("strokes", "semeion:R/strokes/semeion.data"),
      ("deep", "npz:R/deep/a/b/mine.npz"),
    ] {
      let expected = expected.replacingOccurrences(of: "R/", with: root + "/")
      let found = try DatasetSource.understood("\(root)/\(path)")
      #expect(found.text == expected)
      #expect(found.note == "\(root)/\(path) is taken for \(expected)")
      #expect(try DatasetSource(found.text).description == expected, "what is kept reads back")
    }
  }

  @Test("a file is what its name or its first bytes say")
  func files() throws {
    try touch("X.NPZ", "x.npy", "T.CSV", "t.tsv", "t.csv.gz", "semeion.data", "d/train-labels-idx1-ubyte.gz")
    try touch("c/data_batch_3.bin", "c100/test.bin")
    try touch("plain", bytes: [0x93] + Array("NUMPY".utf8) + [1, 0])
    let line = Array(repeating: "0.0000", count: 256) + Array(repeating: "1", count: 10)
    try touch("strokes", bytes: Array((line.joined(separator: " ") + " \n").utf8))
    // Those that name their kind are kept as they are, without a word.
    for name in ["X.NPZ", "x.npy", "T.CSV", "t.tsv", "t.csv.gz"] {
      let found = try DatasetSource.understood("\(root)/\(name)")
      #expect(found.text == "\(root)/\(name)" && found.note == nil)
    }
    #expect(try DatasetSource("a/X.NPZ") == .numpy(path: "a/X.NPZ"))
    #expect(try DatasetSource("T.CSV.GZ") == .table(file: "T.CSV.GZ"))
    for (name, expected) in [
      ("semeion.data", "semeion:R/semeion.data"), ("d/train-labels-idx1-ubyte.gz", "idx:R/d"),
      ("c/data_batch_3.bin", "cifar10:R/c"), ("c100/test.bin", "cifar100:R/c100"), ("plain", "npz:R/plain"),
      ("strokes", "semeion:R/strokes"),
    ] {
      #expect(try understood("\(root)/\(name)") == expected.replacingOccurrences(of: "R/", with: root + "/"))
    }
  }

  @Test("a kind in other letters, a file for its directory and a directory for its file are understood")
  func kinds() throws {
    try touch("mnist/train-images-idx3-ubyte", "one/mine.npz", "one/strokes.txt", "c/test_batch.bin")
    #expect(try understood("Folder:some/where") == "folder:some/where")
    #expect(try understood("IDX:\(root)/mnist") == "idx:\(root)/mnist")
    #expect(try understood("idx:\(root)/mnist/train-images-idx3-ubyte") == "idx:\(root)/mnist")
    #expect(try understood("cifar10:\(root)/c/test_batch.bin") == "cifar10:\(root)/c")
    #expect(try understood("npz:\(root)/one") == "npz:\(root)/one/mine.npz")
    // Another kind than what lies there: as it was asked for.
    #expect(try understood("csv:\(root)/one") == "csv:\(root)/one")
    #expect(try understood("Digits") == "digits" && understood("waves") == "waves")
    #expect(try understood("folder:nowhere") == "folder:nowhere" && understood("nowhere.npz") == "nowhere.npz")
  }

  @Test("home directories are written out, at the start and behind a kind")
  func home() throws {
    let home = try HomeDirectory.expanded("~")
    #expect(home.hasPrefix("/"))
    #expect(try HomeDirectory.expanded("~/x/y") == "\(home == "/" ? "" : home)/x/y")
    #expect(try HomeDirectory.expanded("~root/x").hasSuffix("/x") && !HomeDirectory.expanded("~root").contains("~"))
    #expect(try HomeDirectory.expanded("./~/x") == "./~/x" && HomeDirectory.expanded("a/~") == "a/~")
    #expect(try understood("folder:~/none/x") == "folder:\(HomeDirectory.expanded("~/none/x"))")
    #expect(try understood("~/none/x.npz") == HomeDirectory.expanded("~/none/x.npz"))
    #expect(refusal("folder:~no-such-user/x")?.reason == "there is no user no-such-user")
  }

  @Test("a path that is not there, and one of unknown kind, are told apart")
  func unknown() throws {
    try touch("photos/cat/1.png", "blob", "docs/a.md", "two/a.npz", "two/b.csv", "run/recipe.yaml", "run/checkpoints/x")
    try touch("table.dat", bytes: Array("1,2\n3,4\n".utf8))
    try FileManager.default.createDirectory(atPath: "\(root)/empty", withIntermediateDirectories: true)
    let missing = try #require(refusal("\(root)/photo"))
    #expect(
      missing.cause == .missing
        && missing.description.hasSuffix("no such file or directory; did you mean \(root)/photos?"))
    #expect(
      refusal("\(root)/other/x")?.description == "\(root)/other/x: there is no such file or directory; check the path")
    #expect(refusal("$HOME/x")?.remedy.contains("outside of single quotes") == true)
    for (name, text) in [
      ("blob", "is there, but its name and first bytes tell no kind of data; write digits, "),
      ("table.dat", "if it is a table, a sample a line, write csv:\(root)/table.dat"),
      ("empty", "is an empty directory"),
      ("docs", "is a directory without data that its names tell"),
      ("two", "holds 2 sets of data; name one of them: npz:\(root)/two/a.npz or csv:\(root)/two/b.csv"),
      ("run", "is the directory of a run, no data; go on with it by --resume \(root)/run"),
      ("photos/cat/1.png", "is one picture; name the directory that holds a folder of pictures for each class"),
    ] {
      let error = try #require(refusal("\(root)/\(name)"))
      #expect(error.cause == .wrongSource && error.description.contains(text), "\(error)")
    }
    #expect(refusal("digit")?.reason == #"no kind of data is called "digit" (did you mean digits?)"#)
    #expect(refusal("images:a/b")?.reason == #"no kind of data is called "images" (did you mean folder:a/b?)"#)
    #expect(refusal("mnist")?.reason == #"no kind of data is called "mnist" (did you mean idx:PATH?)"#)
    #expect(refusal(#"C:\data\x.npz"#)?.remedy == "under its Linux subsystem it is /mnt/c/data/x.npz")
    #expect(refusal("file:///data/x.npz")?.remedy == "write /data/x.npz")
    #expect(refusal("https://a.b/x.npz")?.reason == "is an address, not a path")
  }

  @Test(
    "a format of other programs is named, with the line that converts it",
    arguments: [
      ("calo.h5", "HDF5", #"h5py.File("R/calo.h5"); numpy.savez("calo.npz", x=f["IMAGES"][:], y=f["LABELS"][:])"#),
      ("a.HDF5", "HDF5", "numpy.savez(\"a.npz\""), ("jets.root", "ROOT", "uproot.open(\"R/jets.root\")"),
      ("t.parquet", "Parquet", #"pandas.read_parquet("R/t.parquet").to_csv("t.csv", index=False)"#),
      ("t.xlsx", "Excel", "read_excel"), ("m.mat", "MATLAB", "scipy.io.loadmat"), ("d.pt", "PyTorch", "torch.load"),
      ("d.pkl", "pickle", "pickle.load"), ("p.zip", "a zip archive", "unzip -q R/p.zip -d p, and name p"),
      ("p.tar.gz", "a tar archive", "tar -xf R/p.tar.gz -C p"), ("p.tgz", "a tar archive", "mkdir p"),
      ("t.json", "JSON", "read_json"), ("f.mp4", "a film", "ffmpeg"), ("x.nc", "NetCDF", "xarray"),
    ])
  func foreign(name: String, format: String, remedy: String) throws {
    try touch(name)
    let error = try #require(refusal("\(root)/\(name)"))
    #expect(error.reason == "is \(format), which is not read")
    #expect(error.remedy.contains(remedy.replacingOccurrences(of: "R/", with: root + "/")), "\(error)")
    // The same in a directory with nothing else, and without its name.
    #expect(refusal(root)?.reason == error.reason)
  }

  @Test("a format without its ending is told by its first bytes")
  func magic() throws {
    for (bytes, format) in [
      ([0x89] + Array("HDF\r\n".utf8), "HDF5"), (Array("PAR1....".utf8), "Parquet"),
      (Array("SQLite format 3".utf8), "SQLite"), (Array("PK\u{3}\u{4}nothing".utf8), "a zip archive"),
      ([0x1F, 0x8B, 8, 0], "packed by gzip"),
    ] {
      let path = try directory.write(bytes, as: "unnamed")
      #expect(refusal(path)?.reason == "is \(format), which is not read")
    }
  }
}
