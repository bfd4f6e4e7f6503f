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
    PartialFile.removeAbandoned(of: path)
    try write(to: FilePlace(path), tensors: tensors, metadata: metadata)
  }

  public static func write(
    to place: FilePlace, tensors: [StoredTensor], metadata: [String: String] = [:]
  ) throws(CheckpointError) {
    _ = try SafetensorsLayout(tensors, metadata: metadata).write(to: place)
  }
}
