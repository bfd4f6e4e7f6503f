import Files

extension SafetensorsFile {
  /// Writes tensors and metadata, each tensor with its CRC-32C and the header with its own. The file appears under its
  /// name whole and flushed to the disk, or not at all.
  ///
  /// Tensors keep their order, the wider types first, so that all lie aligned.
  /// - Precondition: names differ and are not `__metadata__`; no metadata key begins with `crc32c`.
  /// - Throws: when the disk is full or the place cannot be written; nothing is left behind then.
  public static func write(
    to path: String, tensors: [StoredTensor], metadata: [String: String] = [:]
  ) throws(CheckpointError) {
    precondition(
      !metadata.keys.contains { $0.hasPrefix(SafetensorsHeader.checksumKey) }, "metadata key of a checksum")
    let widths = Set(tensors.map(\.type.byteCount)).sorted(by: >)
    let sorted = widths.flatMap { width in tensors.filter { $0.type.byteCount == width } }
    var header = SafetensorsHeader()
    header.metadata = metadata
    var end = 0
    for tensor in sorted {
      precondition(tensor.name != SafetensorsHeader.metadataKey, "a tensor may not be called \(tensor.name)")
      let record = TensorRecord(shape: tensor.shape, type: tensor.type, range: end..<end + tensor.bytes.count)
      precondition(header.tensors.updateValue(record, forKey: tensor.name) == nil, "two tensors \(tensor.name)")
      header.metadata[SafetensorsHeader.checksumKey(of: tensor.name)] = hexadecimal(CRC32C.checksum(tensor.bytes))
      end += tensor.bytes.count
    }
    let text = header.encoded(order: sorted.map(\.name))
    let length = (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }
    do throws(FileError) {
      try AtomicFile.write(to: path) { writer throws(FileError) in
        try writer.write(length)
        try writer.write(text)
        for tensor in sorted { try writer.write(tensor.bytes) }
      }
    } catch {
      throw CheckpointError(error)
    }
  }
}
