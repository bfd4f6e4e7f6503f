import Tensors
import Testing

@testable import Datasets

struct PackedDatasetTests {
  private static func packed(_ dataset: Dataset) throws -> (Dataset, MemoryBlock) {
    let packed = PackedDataset(dataset)
    let memory = MemoryBlock(byteCount: packed.byteCount)
    packed.write(to: UnsafeMutableRawBufferPointer(start: memory.address, count: packed.byteCount))
    return (try PackedDataset.read(memory), memory)
  }

  private static func floats(_ set: ImageSet, _ index: Int, mirrored: Bool) -> [Float] {
    [Float](unsafeUninitializedCapacity: set.imageShape.count) { buffer, count in
      set.write(index: index, mirrored: mirrored, to: buffer.baseAddress!)
      count = set.imageShape.count
    }
  }

  @Test("a data set read from one stretch of bytes is the one that was written, and lies in it")
  func roundTrip() throws {
    let digits = Digits.load(resolution: Resolution(height: 8, width: 12)).converted(toChannels: 3)
    var original = Dataset(
      name: "a \"name\"", classNames: digits.classNames, training: digits.training[3..<203], test: digits.test,
      notes: ["held out: ä"], complaints: ["one", ""])
    original.note("and more")
    let (read, memory) = try Self.packed(original)
    #expect(read.name == original.name && read.classNames == original.classNames)
    #expect(read.notes == ["held out: ä", "and more"] && read.complaints == ["one", ""])
    #expect(read.isOfNode && !original.isOfNode)
    for (a, b) in [(read.training, original.training), (read.test, original.test)] {
      #expect(a.imageShape == b.imageShape && a.count == b.count)
      for index in 0..<b.count {
        #expect(a.label(at: index) == b.label(at: index))
        #expect(a.bytes(at: index) == b.bytes(at: index))
        for mirrored in [false, true] {
          #expect(Self.floats(a, index, mirrored: mirrored) == Self.floats(b, index, mirrored: mirrored))
        }
      }
    }
    // What changes in the memory is seen: no copy was made.
    let before = read.test[5..<9].bytes(at: 3).last ?? 0
    let last = memory.address + (memory.byteCount - 1 - (original.test.count - 9) * original.imageShape.count)
    last.storeBytes(of: before ^ 255, as: UInt8.self)
    #expect(read.test[5..<9].bytes(at: 3).last == before ^ 255)
    read.test.withBytes(at: 8) { #expect($0.last == before ^ 255) }
  }

  @Test("its memory lives as long as any part of it")
  func lifetime() throws {
    var isFreed = false
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { memory.deallocate() }
    var part: ImageSet?
    do {
      let packed = PackedDataset(Digits.load(resolution: Resolution(height: 8, width: 8)))
      packed.write(to: UnsafeMutableRawBufferPointer(start: memory, count: packed.byteCount))
      part = try PackedDataset.read(MemoryBlock(foreign: memory, byteCount: 1 << 20) { isFreed = true }).test[1..<2]
    }
    #expect(!isFreed && part?.count == 1)
    part = nil
    #expect(isFreed)
  }

  @Test("a listing is the same after its way through bytes, and its data are")
  func listing() throws {
    let folder = ImageFolder.Contents(
      classNames: ["cat", "dög"], training: [.init(path: "a/cat/1.png", label: 0), .init(path: "a/dög/2", label: 1)],
      test: [.init(path: "", label: 1)], notes: ["x"], isSplit: true)
    for contents in [DatasetListing.Contents.nothing, .names(["a", "b c", ""]), .folder(folder)] {
      let read = DatasetListing(bytes: DatasetListing(contents).bytes).contents
      switch (read, contents) {
      case (.nothing, .nothing): break
      case (.names(let a), .names(let b)): #expect(a == b)
      case (.folder(let a), .folder(let b)): #expect(a == b)
      default: Issue.record("\(read) for \(contents)")
      }
    }
  }
}
