#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A directory that is held open: what is written through it goes there, even where it is moved, or another one takes its
/// name, meanwhile.
public final class HeldDirectory: Sendable {
  /// Under which it was opened; for messages.
  public let path: String
  /// The same number as long as this lives, also where `replace` lets it stand for another directory.
  let descriptor: Int32

  /// Names may begin there; the right to list it is not needed.
  #if os(Linux)
    /// With Linux' `O_PATH`, which Swift does not import; the value of x86-64 and ARM.
    static let flags = 0o10_000_000 | O_DIRECTORY
  #else
    static let flags = O_RDONLY | O_DIRECTORY
  #endif

  /// - Parameter path: of a directory, or of a link to one.
  public init(path: String) throws(FileError) {
    self.path = path
    descriptor = try FilePlace(path).open(Self.flags, action: "open the directory")
  }

  // Nothing is written through this descriptor itself.
  deinit { _ = close(descriptor) }

  /// A file in it: `metrics.jsonl`, `checkpoints/iteration-00000100.safetensors`.
  public func place(_ name: String) -> FilePlace { FilePlace(name, in: self) }

  /// What has become of it.
  public enum Whereabouts: Equatable, Sendable {
    /// Under its path.
    case here
    /// Under another path, as far as the system tells.
    case moved(to: String?)
    /// Nowhere: nothing can be made in it any more.
    case removed
  }

  public var whereabouts: Whereabouts {
    var (held, there) = (stat(), stat())
    // Not to be told, as where a server does not answer: nothing says that it has gone.
    guard fstat(descriptor, &held) == 0 else { return .here }
    if stat(path, &there) == 0 {
      if held.st_dev == there.st_dev && held.st_ino == there.st_ino { return .here }
    } else if errno != ENOENT && errno != ENOTDIR {
      // Not to be told, as where a server does not answer: nothing says that it has moved.
      return .here
    }
    return held.st_nlink == 0 ? .removed : .moved(to: systemPath)
  }

  /// Its path as the system has it now; nil where it does not tell.
  private var systemPath: String? {
    #if os(Linux)
      let text = [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer, count in
        count = max(0, readlink("/proc/self/fd/\(descriptor)", buffer.baseAddress!, Int(PATH_MAX)))
      }
      // Of a file system that was unmounted it names what is elsewhere.
      var (held, there) = (stat(), stat())
      let path = String(decoding: text, as: UTF8.self)
      guard !text.isEmpty, fstat(descriptor, &held) == 0, stat(path, &there) == 0, held.st_dev == there.st_dev,
        held.st_ino == there.st_ino
      else { return nil }
      return path
    #else
      return nil
    #endif
  }

  /// Stands for `other` from now on, for all who hold this.
  func replace(by other: HeldDirectory) throws(FileError) {
    guard dup2(other.descriptor, descriptor) >= 0, fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
      throw FileError(path: path, action: "hold the directory", code: errno)
    }
  }
}
