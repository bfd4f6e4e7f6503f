#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What has to be the same of all processes of a job, compared right after MPI has started (`LaunchCheck`).
public struct LaunchIdentity: Sendable {
  /// The arguments, as a shell would take them; nil where ranks may have other ones.
  public var command: String?
  /// The program's file; nil where the system does not show it.
  public var program: ProgramFile?
  /// Whether all ranks must run the same program.
  public var comparesPrograms: Bool
  /// Name and version of MPI; nil where they may differ.
  public var library: String?

  public init(command: String?, program: ProgramFile?, comparesPrograms: Bool = true, library: String?) {
    (self.command, self.program, self.library) = (command, program, library)
    self.comparesPrograms = comparesPrograms
  }

  /// What a shell takes for these arguments, without the program: it is compared by what is in it, not by its name.
  public static func command(_ arguments: some Sequence<String>) -> String {
    arguments.map(quoted).joined(separator: " ")
  }

  private static func quoted(_ word: String) -> String {
    let plain = Set("%+,-./:=@_")
    let isPlain = word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || plain.contains($0)) }
    if isPlain, !word.isEmpty { return word }
    return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  /// Three numbers that differ where a rank does: of the command, the library, and the file of the program.
  var digests: [UInt64] {
    let mark = comparesPrograms ? program?.mark : nil
    return [command ?? "", library ?? "", mark ?? ""].map(Digest.init(of:)).map(\.value)
  }
}

/// The file that a process runs.
public struct ProgramFile: Sendable {
  public var path: String
  public var byteCount: Int
  /// Device, number, size and times of the file: the same only for one file. Files that differ in it may hold the same.
  public var mark: String
  /// A digest of all that is in it, where marks differ; 0 where it cannot be read.
  public var contents: @Sendable () -> UInt64

  public init(path: String, byteCount: Int, mark: String, contents: @escaping @Sendable () -> UInt64) {
    (self.path, self.byteCount, self.mark, self.contents) = (path, byteCount, mark, contents)
  }

  /// The file of this process; nil where the system does not show it.
  ///
  /// - Parameter contents: reads it.
  public static func current(contents: @escaping @Sendable () -> UInt64) -> ProgramFile? {
    let link = "/proc/self/exe"
    var status = stat()
    guard stat(link, &status) == 0 else { return nil }
    let path = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX) + 1) { buffer -> String? in
      guard let start = buffer.baseAddress else { return nil }
      let count = readlink(link, start, Int(PATH_MAX))
      guard count > 0 else { return nil }
      buffer[count] = 0
      return String(cString: start)
    }
    #if canImport(Darwin)
      let times = [status.st_mtimespec, status.st_ctimespec]
    #else
      let times = [status.st_mtim, status.st_ctim]
    #endif
    let mark = "\(status.st_dev) \(status.st_ino) \(status.st_size) \(times.map { "\($0.tv_sec).\($0.tv_nsec)" })"
    return ProgramFile(path: path ?? link, byteCount: Int(status.st_size), mark: mark, contents: contents)
  }
}

extension Digest {
  init(of text: String) {
    self.init()
    update(text)
  }
}
