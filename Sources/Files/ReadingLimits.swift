/// What reading a file may take, and whether it is still wanted. Readers go by it between pieces.
public struct ReadingLimits: Sendable {
  /// A packed file may unpack to so many bytes, whatever its own size.
  public var unpackedBytes: Int
  /// Asked between pieces: whether the process is to end, so that what is read is not wanted any more.
  public var isStopped: @Sendable () -> Bool

  /// A packed file may also unpack to so many times its own size. Pictures and measured numbers pack 1.1 to 10 to 1, masks and
  /// one-hot rows up to 100 to 1 in files that stay below the bytes above; deflate can reach 1,032 to 1.
  public static let mostFactor = 64
  /// Readers ask at least this often, in bytes: a few milliseconds.
  public static let pieceBytes = 1 << 20

  public init(unpackedBytes: Int = 1_000_000_000, isStopped: @escaping @Sendable () -> Bool = { false }) {
    self.unpackedBytes = unpackedBytes
    self.isStopped = isStopped
  }

  /// The bytes that a packed file of so many may unpack to.
  public func mostUnpacked(ofPacked byteCount: Int) -> Int {
    let (product, isTooLarge) = byteCount.multipliedReportingOverflow(by: Self.mostFactor)
    return max(unpackedBytes, isTooLarge ? .max : product)
  }

  /// - Parameters:
  ///   - what: the part of the file that is too much, `array x`.
  ///   - instead: what else to do than to raise the limit.
  /// - Throws: before memory is taken, where a packed file of `packedCount` bytes would unpack to more than it may.
  public func check(
    unpacked byteCount: Int, ofPacked packedCount: Int, path: String, what: String? = nil, instead: String
  ) throws(FileError) {
    let most = mostUnpacked(ofPacked: packedCount)
    guard byteCount > most else { return }
    throw FileError(
      path: path,
      reason: "\(what.map { "\($0): " } ?? "")\(grouped(byteCount)) bytes when unpacked, "
        + "\(grouped(byteCount / max(1, packedCount))) times the file's \(grouped(packedCount)); up to \(grouped(most)) are "
        + "unpacked",
      remedy: "raise data.mostUnpackedGB, or \(instead)")
  }

  /// - Throws: where what is read is not wanted any more.
  public func checkStop(_ path: String) throws(FileError) {
    guard isStopped() else { return }
    throw FileError(
      path: path, reason: "stopped as asked while it was read", remedy: "nothing was written; start the same again",
      isStopped: true)
  }
}
