import Files
import Tensors

/// A safetensors file open for reading; its header has been checked in full, tensors are read one by one.
///
/// Layout: header length (8 bytes, little-endian), header (JSON, padded with spaces), the tensors without gaps. Opening
/// takes memory for the header only, reading none beyond the caller's buffer.
/// - Source: the format description of Hugging Face's safetensors, version 0.4.
public final class SafetensorsFile {
  public let path: String
  /// Text by key, the checksums left out.
  public let metadata: [String: String]
  private let file: InputFile
  private let header: SafetensorsHeader
  private let dataStart: Int
  private let hasHeaderChecksum: Bool

  /// - Throws: when the file is missing, cut short, damaged, or no safetensors file.
  public convenience init(path: String) throws(CheckpointError) { try self.init(FilePlace(path)) }

  public init(_ place: FilePlace) throws(CheckpointError) {
    let path = place.path
    self.path = path
    let text: [UInt8]
    do throws(FileError) {
      file = try InputFile(place)
      guard file.byteCount >= 8 else {
        throw FileError(
          path: path, reason: "\(file.byteCount) bytes, a header takes more",
          remedy: "the file was cut short, use another")
      }
      let length = try file.bytes(in: 0..<8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      guard length <= UInt64(min(file.byteCount - 8, SafetensorsHeader.largestByteCount)) else {
        throw FileError(
          path: path,
          reason: "announces a header of \(length) bytes in a file of \(grouped(file.byteCount)), "
            + "the largest one is \(grouped(SafetensorsHeader.largestByteCount))",
          remedy: "it was cut short or is no safetensors file, use another")
      }
      text = try file.bytes(in: 8..<8 + Int(length))
    } catch {
      throw CheckpointError(error)
    }
    let holds = SafetensorsHeader.checksumHolds(in: text)
    hasHeaderChecksum = holds == true
    guard holds != false else {
      throw .damaged(path, "the header does not match its checksum")
    }
    var parser = HeaderParser(text, file: path)
    header = try parser.header()
    dataStart = 8 + text.count
    metadata = header.metadata.filter {
      $0.key != SafetensorsHeader.checksumKey && !$0.key.hasPrefix(SafetensorsHeader.checksumKey(of: ""))
    }
    try checkLayout()
  }

  /// The tensors must fill the rest of the file, one behind the other.
  private func checkLayout() throws(CheckpointError) {
    var end = 0
    let sorted = header.tensors.sorted {
      ($0.value.range.lowerBound, $0.value.range.upperBound) < ($1.value.range.lowerBound, $1.value.range.upperBound)
    }
    for (name, record) in sorted {
      guard record.range.lowerBound == end else {
        let what = record.range.lowerBound < end ? "overlaps the tensor before it" : "leaves a gap before it"
        throw .damaged(path, "tensor \(brief(name)) \(what)")
      }
      end = record.range.upperBound
    }
    let (expected, isTooLarge) = dataStart.addingReportingOverflow(end)
    guard !isTooLarge, expected <= file.byteCount else {
      throw CheckpointError(
        file: path, reason: "\(grouped(file.byteCount)) bytes of \(grouped(isTooLarge ? .max : expected))",
        remedy: "the file was cut short, use another checkpoint or copy it again")
    }
    guard expected == file.byteCount else {
      throw .damaged(path, "\(grouped(file.byteCount - expected)) bytes behind the last tensor")
    }
  }

  /// Names of all tensors, in the order in which they lie in the file.
  public var names: [String] {
    header.tensors.sorted { ($0.value.range.lowerBound, $0.key) < ($1.value.range.lowerBound, $1.key) }.map(\.key)
  }

  public func contains(_ name: String) -> Bool { header.tensors[name] != nil }

  public func shape(of name: String) throws(CheckpointError) -> Shape { try record(of: name).shape }

  public func type(of name: String) throws(CheckpointError) -> ElementType { try record(of: name).type }

  /// Reads a tensor and verifies its checksum, if the file has one.
  ///
  /// - Throws: when there is no such tensor, it has another type or shape than the buffer is for, or it is damaged.
  public func read(
    _ name: String, shape: Shape, type: ElementType = .float32, into buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    let record = try record(of: name)
    guard record.shape == shape, record.type == type else {
      throw CheckpointError(
        file: path,
        reason: "tensor \(name) is \(record.type.rawValue) \(record.shape), needed is \(type.rawValue) \(shape)",
        remedy: "this is the checkpoint of another model, use its own recipe", cause: .foreign)
    }
    try read(name, into: buffer)
  }

  /// Reads a tensor of whatever shape and verifies its checksum, if the file has one.
  ///
  /// - Precondition: `buffer` has the tensor's size.
  public func read(_ name: String, into buffer: UnsafeMutableRawBufferPointer) throws(CheckpointError) {
    let record = try record(of: name)
    precondition(buffer.count == record.range.count, "\(name): buffer of \(buffer.count), \(record.range.count) bytes")
    do throws(FileError) { try file.read(into: buffer, at: dataStart + record.range.lowerBound) } catch {
      throw CheckpointError(error)
    }
    try compare(CRC32C.checksum(UnsafeRawBufferPointer(buffer)), with: name)
  }

  /// Reads everything once and compares all checksums.
  ///
  /// - Throws: for the first tensor that is damaged, and where a checksum is missing.
  public func verify() throws(CheckpointError) {
    guard hasHeaderChecksum else { throw .damaged(path, "the header has no checksum") }
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: min(file.byteCount, 1 << 20), alignment: 64)
    defer { piece.deallocate() }
    for name in names {
      guard header.metadata[SafetensorsHeader.checksumKey(of: name)] != nil else {
        throw .damaged(path, "tensor \(shortened(name)) has no checksum")
      }
      let range = try record(of: name).range
      var crc = CRC32C()
      for start in stride(from: range.lowerBound, to: range.upperBound, by: piece.count) {
        let part = UnsafeMutableRawBufferPointer(rebasing: piece[..<min(piece.count, range.upperBound - start)])
        do throws(FileError) { try file.read(into: part, at: dataStart + start) } catch { throw CheckpointError(error) }
        crc.update(UnsafeRawBufferPointer(part))
      }
      try compare(crc.value, with: name)
    }
  }

  private func compare(_ checksum: UInt32, with name: String) throws(CheckpointError) {
    guard let expected = header.metadata[SafetensorsHeader.checksumKey(of: name)] else { return }
    guard expected == hexadecimal(checksum) else {
      throw .damaged(path, "tensor \(shortened(name)) does not match its checksum")
    }
  }

  private func record(of name: String) throws(CheckpointError) -> TensorRecord {
    guard let record = header.tensors[name] else {
      throw CheckpointError(
        file: path, reason: "has no tensor \(name)", remedy: "this is the checkpoint of another model or version",
        cause: .foreign)
    }
    return record
  }
}
