import Files
import Tensors

/// The arrays of an `.npz` file, of an `.npy` file, or of a directory of `.npy` files, by name.
///
/// Arrays that are not packed stay in the file, mapped. Packed ones are unpacked into memory when they are asked for; large
/// ones a piece at a time, whenever somebody goes through them.
public struct NumPyFile {
  /// Stored arrays up to this size are read once to check zip's checksum; larger ones are trusted.
  private static let mostChecked = 1 << 28
  /// Packed arrays up to this size are unpacked once and for all.
  private static let mostKept = 1 << 26

  private enum Place {
    case file(String)
    case entry(ZipDirectory.Entry)
  }

  public let path: String
  /// In the order of the file; those of a directory sorted.
  public let names: [String]
  private let places: [String: Place]
  private let block: MemoryBlock?
  private let limits: ReadingLimits
  private let asked = Asked()

  /// Packed arrays that were asked for, and what they unpack to.
  private final class Asked {
    var byteCounts: [String: Int] = [:]
  }

  /// Finds out what is there; no element is read.
  ///
  /// - Parameter limits: what all packed arrays that are asked for may unpack to together.
  public init(path: String, limits: ReadingLimits = ReadingLimits()) throws(FileError) {
    self.path = path
    self.limits = limits
    if let files = try? Directories.names(in: path) {
      let arrays = files.filter { $0.hasSuffix(".npy") && !$0.hasPrefix(".") }.sorted()
      guard !arrays.isEmpty else {
        throw FileError(path: path, reason: "no .npy file in it", remedy: "name an .npz file or put x.npy there")
      }
      names = arrays.map { String($0.dropLast(4)) }
      places = Dictionary(uniqueKeysWithValues: arrays.map { (String($0.dropLast(4)), .file("\(path)/\($0)")) })
      block = nil
      return
    }
    let block = try MappedFile.open(path)
    let bytes = UnsafeRawBufferPointer(start: block.address, count: block.byteCount)
    if bytes.prefix(6).elementsEqual(ArrayHeader.magic) {
      names = ["x"]
      places = ["x": .file(path)]
      self.block = nil
      return
    }
    guard bytes.prefix(2).elementsEqual(Array("PK".utf8)) else {
      throw FileError(
        path: path, reason: "begins neither as an .npz nor as an .npy file",
        remedy: "write it with numpy.savez or numpy.save")
    }
    var (names, places): ([String], [String: Place]) = ([], [:])
    for entry in try ZipDirectory(bytes, path: path).entries where entry.name.hasSuffix(".npy") {
      let name = String(entry.name.dropLast(4))
      guard places.updateValue(.entry(entry), forKey: name) == nil else {
        throw FileError(path: path, reason: "two arrays are called \(clipped(name))", remedy: "write the file again")
      }
      names.append(name)
    }
    self.names = names
    self.places = places
    self.block = block
  }

  /// What an array is, told by its first bytes; nil where there is none of that name.
  public func header(_ name: String) throws(FileError) -> (type: ElementType, shape: [Int])? {
    let header: ArrayHeader
    switch places[name] {
    case nil: return nil
    case .file(let path):
      let block = try MappedFile.open(path)
      header = try Self.header(
        UnsafeRawBufferPointer(start: block.address, count: block.byteCount), path: path, name: name)
    case .entry(let entry):
      guard let block else { return nil }
      let source = UnsafeRawBufferPointer(start: block.address + entry.offset, count: entry.packedCount)
      guard entry.isPacked else {
        header = try Self.header(source, path: path, name: name)
        break
      }
      let first = Inflation.first(ArrayHeader.mostBytes + 12, of: source)
      header = try first.withUnsafeBytes { bytes -> Result<ArrayHeader, FileError> in
        do throws(FileError) { return .success(try Self.header(bytes, path: path, name: name)) } catch {
          return .failure(error)
        }
      }.get()
    }
    return (header.type, header.shape)
  }

  private static func header(
    _ bytes: UnsafeRawBufferPointer, path: String, name: String
  ) throws(FileError) -> ArrayHeader {
    try ArrayHeader(
      UnsafeRawBufferPointer(rebasing: bytes.prefix(ArrayHeader.mostBytes + 12)), path: path, name: clipped(name))
  }

  /// The array of that name; nil where there is none.
  public func array(_ name: String) throws(FileError) -> NumPyArray? {
    switch places[name] {
    case nil: return nil
    case .file(let path):
      let block = try MappedFile.open(path)
      return try NumPyArray(block, content: 0..<block.byteCount, path: path, name: clipped(name), limits: limits)
    case .entry(let entry):
      guard let block else { return nil }
      let source = UnsafeRawBufferPointer(start: block.address + entry.offset, count: entry.packedCount)
      if entry.isPacked { return try packed(entry, source, in: block, name) }
      guard entry.byteCount > Self.mostChecked || crc32(of: source) == entry.checksum else {
        throw FileError(
          path: path, reason: "array \(clipped(name)): its checksum does not hold", remedy: "copy the file again")
      }
      return try NumPyArray(
        block, content: entry.offset..<entry.offset + entry.byteCount, path: path, name: clipped(name), limits: limits)
    }
  }

  private func packed(
    _ entry: ZipDirectory.Entry, _ source: UnsafeRawBufferPointer, in block: MemoryBlock, _ name: String
  ) throws(FileError) -> NumPyArray {
    let place = Inflation.Place(path: path, name: clipped(name), limits: limits)
    try Inflation.check(entry, place)
    asked.byteCounts[name] = entry.byteCount
    // Those before it were not too much.
    try limits.check(
      unpacked: asked.byteCounts.values.reduce(0, +), ofPacked: block.byteCount, path: path,
      what: "array \(clipped(name))" + (asked.byteCounts.count > 1 ? " and those before it" : ""),
      instead: "save it with numpy.savez, which does not pack")
    let first = Inflation.first(min(entry.byteCount, ArrayHeader.mostBytes + 12), of: source)
    let header = try first.withUnsafeBytes { bytes -> Result<ArrayHeader, FileError> in
      do throws(FileError) { return .success(try Self.header(bytes, path: path, name: name)) } catch {
        return .failure(error)
      }
    }.get()
    let array = try NumPyArray(
      header, contentCount: entry.byteCount,
      PackedElements(block, entry, headerBytes: header.byteCount, place), place)
    return entry.byteCount <= Self.mostKept ? try array.unpacked() : array
  }
}
