import Files
import Foundation
import Synchronization
import Testing

@testable import NumPyFiles

@Suite struct NumPyFileTests {
  private let directory: TemporaryDirectory
  private var path: String { directory.path + "/a.npz" }

  init() throws { directory = try TemporaryDirectory() }

  private func python(_ script: String) throws -> Bool {
    guard let output = try NumPyFilesTests.python(script + "\nprint('ok')", modules: ["numpy"], arguments: [path])
    else {
      print("skipped: no python3 with numpy here")
      return false
    }
    try #require(output == "ok\n", "\(output)")
    return true
  }

  @Test(
    "every type, order and way of packing of NumPy's is read",
    arguments: ["savez", "savez_compressed"])
  func types(save: String) throws {
    let script = """
      import sys
      a = {t.replace('<', 'l').replace('>', 'b').replace('|', 'n'):
           (numpy.arange(12).reshape(3, 4) % 2 if 'b1' in t else numpy.arange(12).reshape(3, 4)).astype(t)
           for t in '|b1 |u1 |i1 <u2 >u2 <i2 >i4 <u4 <i8 >u8 <f2 >f2 <f4 >f4 <f8 >f8'.split()}
      a['text'] = numpy.array(['a', 'äöü', ''])
      a['scalar'] = numpy.float32(3)
      numpy.\(save)(sys.argv[1], **a)
      """
    guard try python(script) else { return }
    let file = try NumPyFile(path: path)
    #expect(file.names.count == 18)
    for name in file.names where !["text", "scalar"].contains(name) {
      let array = try #require(try file.array(name))
      #expect(array.shape == [3, 4] && array.place.isMapped == (save == "savez"))
      #expect(try array.numbers() == (0..<12).map { Double(name == "nb1" ? $0 % 2 : $0) }, "\(name)")
    }
    #expect(try file.array("text")?.texts() == ["a", "äöü", ""])
    #expect(try file.array("scalar")?.numbers() == [3] && file.array("other") == nil)
  }

  @Test("half precision is exact: every bit pattern")
  func halves() {
    for bits in 0...UInt16.max {
      let expected = Double(Float16(bitPattern: bits))
      let found = Double(float16: bits)
      #expect(found == expected || found.isNaN && expected.isNaN)
    }
  }

  @Test("what cannot be used is refused by array and remedy")
  func refusals() throws {
    let cases = [
      ("x=numpy.asfortranarray(numpy.zeros((2, 3)))", "lies in Fortran order; save numpy.ascontiguousarray(x)"),
      ("x=numpy.array([1, 'a', None], dtype=object)", "are not numbers that can be trained on"),
      ("x=numpy.zeros(3, dtype='c16')", "are not numbers that can be trained on"),
      ("x=numpy.zeros(3, dtype=[('a', 'i4'), ('b', 'f4')])", "has fields of several types"),
      ("x=numpy.zeros(3, dtype='M8[s]')", "are not numbers that can be trained on"),
    ]
    for (arrays, reason) in cases {
      guard try python("import sys\nnumpy.savez(sys.argv[1], \(arrays))") else { return }
      #expect { try NumPyFile(path: path).array("x") } throws: { "\($0)".contains(reason) }
    }
  }

  @Test("a file cut anywhere, or with any byte changed, is read or refused, never more")
  func damage() throws {
    let values = (0..<64).map { UInt8($0) }
    try values.withUnsafeBytes {
      try NPZ.write(to: path, arrays: [NPZ.Entry("x", [64], .uint8, $0), NPZ.Entry("y", texts: ["a", "b"])])
    }
    let bytes = try contents(path)
    func readAll(_ bytes: [UInt8]) throws -> Int {
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      do throws(FileError) {
        let file = try NumPyFile(path: path)
        var sum = 0
        for name in file.names {
          guard let array = try file.array(name) else { continue }
          sum += array.type.isText ? try array.texts().count : try array.numbers().count
        }
        return sum
      } catch { return -1 }
    }
    #expect(try readAll(bytes) == 66)
    for count in 0..<bytes.count { #expect(try readAll(Array(bytes.prefix(count))) == -1, "\(count) bytes") }
    var refused = 0
    for place in bytes.indices {
      for change in [1, 0x80, 0xFF] as [UInt8] {
        var damaged = bytes
        damaged[place] ^= change
        if try readAll(damaged) == -1 { refused += 1 }
      }
    }
    #expect(refused > bytes.count)
  }

  @Test("a packed array that says it is larger than its bytes can hold takes no memory")
  func bomb() throws {
    let script = """
      import io, sys, zipfile
      b = io.BytesIO()
      numpy.lib.format.write_array_header_1_0(b, {'descr': '|u1', 'fortran_order': False, 'shape': (1 << 40,)})
      z = zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED)
      z.writestr('x.npy', b.getvalue())
      z.close()
      """
    guard try python(script) else { return }
    #expect { try NumPyFile(path: path).array("x") } throws: { "\($0)".contains("asks for 1,099,511,627") }
    // The directory lies as well.
    var bytes = try contents(path)
    let record = try #require(
      bytes.indices.dropLast(4).last { Array(bytes[$0..<$0 + 4]) == [0x50, 0x4B, 1, 2] })
    for place in 24..<28 { bytes[record + place] = 0xF0 }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    #expect { try NumPyFile(path: path).array("x") } throws: { "\($0)".contains("packed bytes cannot hold") }
  }

  /// `x` of so many million zeros, packed about 1,000 to 1.
  private func writePacked(_ type: String, millions: Int) throws -> Bool {
    try python(
      """
      import sys, zipfile
      numpy.savez_compressed(sys.argv[1], x=numpy.zeros((\(millions), 1000000), '\(type)'), y=numpy.arange(5))
      """)
  }

  @Test("a packed array beyond the bytes and the multiple of its file is refused with the option that allows it")
  func mostUnpacked() throws {
    guard try writePacked("u1", millions: 90) else { return }
    let strict = ReadingLimits(unpackedBytes: 1_000_000)
    let file = try NumPyFile(path: path, limits: strict)
    #expect(try file.array("y")?.numbers() == [0, 1, 2, 3, 4])
    #expect { try file.array("x") } throws: {
      let text = "\($0)"
      return text.contains("array x and those before it: 90,000,") && text.contains(" times the file's ")
        && text.contains("data.mostUnpackedGB") && text.contains("numpy.savez")
    }
    #expect(try NumPyFile(path: path, limits: ReadingLimits(unpackedBytes: 91_000_000)).array("x")?.count == 90_000_000)
    // What packs no better than pictures or masks do is read, whatever it unpacks to.
    let script = """
      import sys
      x = numpy.zeros((100, 65536), 'u1'); x[:, :1310] = numpy.random.randint(0, 256, (100, 1310))
      numpy.savez_compressed(sys.argv[1], x=x)
      """
    guard try python(script) else { return }
    #expect(try NumPyFile(path: path, limits: ReadingLimits(unpackedBytes: 0)).array("x")?.count == 6_553_600)
  }

  @Test("a large packed array is unpacked piece by piece, alike every time, and its checksum is checked")
  func pieces() throws {
    let script = "import sys\nnumpy.savez_compressed(sys.argv[1], x=numpy.arange(9000000, dtype='<f8') % 1000)"
    guard try python(script) else { return }
    let array = try #require(try NumPyFile(path: path).array("x"))
    for _ in 0..<2 {
      var (place, wrong) = (0, 0)
      try array.visit {
        if $0 != Double(place % 1000) { wrong += 1 }
        place += 1
      }
      #expect(place == 9_000_000 && wrong == 0)
    }
    let lying = try array.unpacked()
    #expect(lying.place.range.count == 72_000_000 && !lying.place.isMapped)
    #expect(try lying.numbers() == array.numbers())
    var bytes = try contents(path)
    let record = try #require(bytes.indices.dropLast(4).last { Array(bytes[$0..<$0 + 4]) == [0x50, 0x4B, 1, 2] })
    bytes[record + 16] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    #expect { try NumPyFile(path: path).array("x")?.visit { _ in () } } throws: {
      "\($0)".contains("its checksum does not hold")
    }
  }

  @Test("whoever reads asks between pieces whether to go on", arguments: ["savez", "savez_compressed"])
  func stops(save: String) throws {
    guard try python("import sys\nnumpy.\(save)(sys.argv[1], x=numpy.zeros(20000000))") else { return }
    let asked = Mutex(0)
    let limits = ReadingLimits {
      asked.withLock { count in
        count += 1
        return count > 20
      }
    }
    let array = try #require(try NumPyFile(path: path, limits: limits).array("x"))
    var seen = 0
    #expect { try array.visit { _ in seen += 1 } } throws: { ($0 as? FileError)?.isStopped == true }
    #expect(seen > 0 && seen <= 20 * ReadingLimits.pieceBytes / 8)
  }

  @Test("beyond 4 GB sizes take 64 bits, and Python agrees", .enabled(if: freeBytes > 12 << 30))
  func large() throws {
    let piece = [UInt8](repeating: 7, count: 1 << 20)
    let entry = NPZ.Entry("x", [4_100, 1 << 20], .uint8) { body throws(FileError) in
      var failure: FileError?
      piece.withUnsafeBytes { bytes in
        for _ in 0..<4_100 { do throws(FileError) { try body(bytes) } catch { failure = error } }
      }
      if let failure { throw failure }
    }
    try [UInt8](repeating: 9, count: 5).withUnsafeBytes {
      try NPZ.write(to: path, arrays: [entry, NPZ.Entry("y", [5], .uint8, $0)])
    }
    let file = try NumPyFile(path: path)
    #expect(try file.array("x")?.count == 4_100 << 20)
    #expect(try file.array("y")?.numbers() == [9, 9, 9, 9, 9])
    _ = try python(
      "import sys\na = numpy.load(sys.argv[1])\nassert a['y'].tolist() == [9] * 5\n"
        + "import zipfile\nassert zipfile.ZipFile(sys.argv[1]).getinfo('x.npy').file_size == (4100 << 20) + 128")
  }

  @Test("a directory of arrays is a file of arrays")
  func directoryOfArrays() throws {
    let values: [Float] = [1, 2, 3]
    try values.withUnsafeBytes { try NPZ.write(to: path, arrays: [NPZ.Entry("x", [3], .float32, $0)]) }
    let bytes = try contents(path)
    try FileManager.default.removeItem(atPath: path)
    try Data(bytes[64..<64 + 128 + 12]).write(to: URL(fileURLWithPath: directory.path + "/x.npy"))
    let file = try NumPyFile(path: directory.path)
    #expect(try file.names == ["x"] && file.array("x")?.numbers() == [1, 2, 3])
    #expect(try NumPyFile(path: directory.path + "/x.npy").array("x")?.shape == [3])
  }
}

/// Of the disk that tests write to.
private let freeBytes: Int = {
  let values = try? URL(fileURLWithPath: NSTemporaryDirectory()).resourceValues(forKeys: [.volumeAvailableCapacityKey])
  return values?.volumeAvailableCapacity ?? 0
}()
