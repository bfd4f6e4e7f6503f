import CChecksums
import Files

/// Where each tensor will lie in a file: the wider types first, so that all lie aligned, without gaps.
struct SafetensorsLayout {
  /// In the order of the file.
  private(set) var tensors: [StoredTensor]
  private let metadata: [String: String]
  /// Bytes of all tensors.
  let dataByteCount: Int

  /// Bytes whose checksum is taken and that are then written, still in the cache; and after how many of them the disk
  /// may begin: the flush at the end of 60 MB takes 6 ms instead of 22 ms so, and writing costs 18 ms of processor
  /// (with pieces of 128 KB 23 ms).
  private static let pieceByteCount = 1 << 20
  private static let flushByteCount = 8 << 20

  /// - Precondition: names differ and are not `__metadata__`; no metadata key begins with `crc32c`.
  init(_ tensors: [StoredTensor], metadata: [String: String]) {
    precondition(
      !metadata.keys.contains { $0.hasPrefix(SafetensorsHeader.checksumKey) }, "metadata key of a checksum")
    let widths = Set(tensors.map(\.type.byteCount)).sorted(by: >)
    self.tensors = widths.flatMap { width in tensors.filter { $0.type.byteCount == width } }
    self.metadata = metadata
    dataByteCount = tensors.reduce(0) { $0 + $1.bytes.count }
    var names: Set<String> = []
    for tensor in tensors {
      precondition(tensor.name != SafetensorsHeader.metadataKey, "a tensor may not be called \(tensor.name)")
      precondition(names.insert(tensor.name).inserted, "two tensors \(tensor.name)")
    }
  }

  /// Copies all tensors into one stretch of memory, in the order of the file, and returns the layout of the copy.
  ///
  /// - Precondition: `memory` has `dataByteCount` bytes.
  func copied(to memory: UnsafeMutableRawPointer) -> SafetensorsLayout {
    var copy = self
    var end = memory
    for (index, tensor) in tensors.enumerated() {
      if let source = tensor.bytes.baseAddress { end.copyMemory(from: source, byteCount: tensor.bytes.count) }
      copy.tensors[index] = tensor.moved(to: UnsafeRawPointer(end))
      end += tensor.bytes.count
    }
    return copy
  }

  /// Writes the file: one pass over the data, then the header, which has their checksums, at its beginning. Only the
  /// rename at the end gives the file its name, so nobody sees it without.
  ///
  /// - Returns: size of the file.
  func write(to place: FilePlace) throws(CheckpointError) -> Int {
    let blank = header(checksums: [String](repeating: SafetensorsHeader.noChecksum, count: tensors.count))
    guard blank.count <= SafetensorsHeader.largestByteCount, tensors.count <= SafetensorsHeader.mostTensors,
      metadata.count + tensors.count < SafetensorsHeader.mostMetadata
    else {
      throw CheckpointError(
        file: place.path,
        reason: "the header would take \(grouped(blank.count)) bytes for \(grouped(tensors.count)) tensors",
        remedy: "at most \(grouped(SafetensorsHeader.largestByteCount)) bytes can be read again: shorten the recipe")
    }
    let dataStart = 8 + blank.count
    do throws(FileError) {
      try AtomicFile.write(to: place) { writer throws(FileError) in
        let checksums = try writeData(to: writer, at: dataStart)
        let text = header(checksums: checksums)
        precondition(text.count == blank.count, "header of \(text.count) bytes instead of \(blank.count)")
        try writer.write((0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text, at: 0)
      }
    } catch {
      throw CheckpointError(writing: error)
    }
    return dataStart + dataByteCount
  }

  /// Writes the tensors from `start` on and returns their checksums. Neighbours in memory are written together.
  private func writeData(to writer: FileWriter, at start: Int) throws(FileError) -> [String] {
    var checksums: [String] = []
    var piece = UnsafeRawBufferPointer(start: nil, count: 0)
    var written = start
    var flushed = start
    func writePiece() throws(FileError) {
      try writer.write(piece, at: written)
      written += piece.count
      piece = UnsafeRawBufferPointer(start: nil, count: 0)
      guard written - flushed >= Self.flushByteCount else { return }
      cchecksums_begin_flush(writer.descriptor, Int64(flushed), Int64(written - flushed))
      flushed = written
    }
    for tensor in tensors {
      var crc = CRC32C()
      var rest = tensor.bytes
      while let address = rest.baseAddress, !rest.isEmpty {
        let isNeighbour = piece.baseAddress.map { $0 + piece.count == address } ?? false
        if !isNeighbour || piece.count == Self.pieceByteCount { try writePiece() }
        let count = min(rest.count, Self.pieceByteCount - piece.count)
        let part = UnsafeRawBufferPointer(rebasing: rest[..<count])
        crc.update(part)
        piece = UnsafeRawBufferPointer(start: piece.baseAddress ?? address, count: piece.count + count)
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
      checksums.append(hexadecimal(crc.value))
    }
    try writePiece()
    return checksums
  }

  private func header(checksums: [String]) -> [UInt8] {
    var header = SafetensorsHeader()
    header.metadata = metadata
    var end = 0
    for (tensor, checksum) in zip(tensors, checksums) {
      header.tensors[tensor.name] = TensorRecord(
        shape: tensor.shape, type: tensor.type, range: end..<end + tensor.bytes.count)
      header.metadata[SafetensorsHeader.checksumKey(of: tensor.name)] = checksum
      end += tensor.bytes.count
    }
    return header.encoded(order: tensors.map(\.name))
  }
}
