#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Tells whether a file is the one that was looked at before: as long as this is equal, nobody has replaced or changed it.
public struct FileSeal: Equatable, Sendable {
  private let numbers: [Int64]

  /// - Returns: nil where there is no file.
  /// - Throws: where that cannot be told.
  public init?(_ place: FilePlace) throws(FileError) {
    guard let status = try place.status() else { return nil }
    #if canImport(Darwin)
      let time = status.st_ctimespec
    #else
      let time = status.st_ctim
    #endif
    numbers = [
      Int64(status.st_dev), Int64(bitPattern: UInt64(status.st_ino)), Int64(status.st_size), Int64(time.tv_sec),
      Int64(time.tv_nsec),
    ]
  }
}
