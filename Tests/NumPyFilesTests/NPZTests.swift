import Files
import Foundation
import NumPyFiles
import Tensors
import Testing

@Suite struct NPZTests {
  func writeSample(to path: String) throws {
    let images: [Float] = [0, 1, -1, 0.5, 0.25, .nan]
    let labels: [Int64] = [3, -4]
    try images.withUnsafeBytes { images in
      try labels.withUnsafeBytes { labels in
        try NPZ.write(
          to: path,
          arrays: [
            NPZ.Entry("images", [1, 2, 3, 1], .float32, images), NPZ.Entry("labels", [2], .int64, labels),
            NPZ.Entry("none", [0, 4], .float32, UnsafeRawBufferPointer(start: nil, count: 0)),
            NPZ.Entry("one", [], .int64, UnsafeRawBufferPointer(rebasing: labels[0..<8])),
          ])
      }
    }
  }

  @Test("NumPy reads names, shapes, types and values, and the zip tests as whole")
  func numpy() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/a.npz"
    try writeSample(to: path)
    let script = """
      import sys, zipfile
      assert zipfile.ZipFile(sys.argv[1]).testzip() is None
      a = numpy.load(sys.argv[1])
      for n in a: print(n, a[n].dtype, a[n].shape, a[n].ravel().tolist())
      """
    guard let output = try python(script, modules: ["numpy"], arguments: [path]) else {
      print("skipped: no python3 with numpy here")
      return
    }
    #expect(
      output == """
        images float32 (1, 2, 3, 1) [0.0, 1.0, -1.0, 0.5, 0.25, nan]
        labels int64 (2,) [3, -4]
        none float32 (0, 4) []
        one int64 () [3]

        """)
  }

  @Test("the bytes are those that NumPy and Python's zipfile read (recorded)")
  func recorded() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/a.npz"
    let values: [Float] = [1, 2]
    try values.withUnsafeBytes { try NPZ.write(to: path, arrays: [NPZ.Entry("x", [2], .float32, $0)]) }
    let bytes = try contents(path)
    // Local header of 30 + 5 bytes filled up to 64, an npy of 128 + 8, directory entry of 46 + 5, end record of 22.
    #expect(bytes.count == 64 + 136 + 51 + 22)
    #expect(bytes[64..<70].elementsEqual([0x93] + Array("NUMPY".utf8)))
    #expect(
      String(decoding: bytes[74..<131], as: UTF8.self) == "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }")
    #expect(bytes[192..<200].elementsEqual([0, 0, 128, 63, 0, 0, 0, 64]))
    // zlib.crc32 of the npy part, Python 3.11.
    #expect(bytes[14..<18].elementsEqual([0x9A, 0xCA, 0xAB, 0xE7]))
    #expect(try directory.names() == ["a.npz"])
  }

  @Test("a write that fails leaves nothing behind")
  func failing() throws {
    let directory = try TemporaryDirectory()
    #expect(throws: FileError.self) { try writeSample(to: directory.path + "/missing/a.npz") }
    #expect(try directory.names().isEmpty)
  }
}
