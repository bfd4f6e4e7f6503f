import Files
import Tensors

/// The arrays of an `.npz` file, of an `.npy` file, or of a directory of `.npy` files, by name.
///
/// Arrays that are not packed stay in the file, mapped; packed ones are unpacked into memory when they are asked for.
public struct NumPyFile {
  /// Stored arrays up to this size are read once to check zip's checksum; larger ones are trusted.
  private static let mostChecked = 1 << 28

  private enum Place {
    case file(String)
    case entry(ZipDirectory.Entry)
  }

  public let path: String
  /// In the order of the file; those of a directory sorted.
  public let names: [String]
  private let places: [String: Place]
  private let block: MemoryBlock?

  /// Finds out what is there; no element is read.
  public init(path: String) throws(FileError) {
    self.path = path
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
      return try NumPyArray(block, content: 0..<block.byteCount, isMapped: true, path: path, name: clipped(name))
    case .entry(let entry):
      guard let block else { return nil }
      let source = UnsafeRawBufferPointer(start: block.address + entry.offset, count: entry.packedCount)
      if entry.isPacked {
        let unpacked = try Inflation.unpacked(
          source, byteCount: entry.byteCount, checksum: entry.checksum, path: path, name: clipped(name))
        return try NumPyArray(
          unpacked, content: 0..<entry.byteCount, isMapped: false, path: path, name: clipped(name))
      }
      guard entry.byteCount > Self.mostChecked || crc32(of: source) == entry.checksum else {
        throw FileError(
          path: path, reason: "array \(clipped(name)): its checksum does not hold", remedy: "copy the file again")
      }
      return try NumPyArray(
        block, content: entry.offset..<entry.offset + entry.byteCount, isMapped: true, path: path, name: clipped(name))
    }
  }
}
