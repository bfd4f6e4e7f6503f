#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The temporary name of a file that is being written: `.NAME.0123456789abcdef.partial`.
public struct PartialName {
  public let text: String

  private static let suffix = ".partial"
  /// Names end at 255 bytes.
  private static let longest = 200

  /// One that nobody can know before.
  public init(of name: String) {
    text = ".\(Self.shortened(name)).\(RandomDigits.next())\(Self.suffix)"
  }

  private static func shortened(_ name: String) -> String {
    guard name.utf8.count > longest else { return name }
    var short = name[...]
    while short.utf8.count > longest { short = short.dropLast() }
    return String(short)
  }

  /// The name of the file that `text` was to become; nil where it is no such temporary name.
  ///
  /// Earlier versions had the number of the process in place of the random digits.
  public static func target(of text: String) -> String? {
    guard text.first == ".", text.hasSuffix(suffix) else { return nil }
    let inner = text.dropFirst().dropLast(suffix.utf8.count)
    guard let dot = inner.lastIndex(of: "."), dot != inner.startIndex else { return nil }
    let digits = inner[inner.index(after: dot)...].utf8
    let isRandom =
      digits.count == 16 && digits.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    let isProcess = (1...7).contains(digits.count) && digits.allSatisfy { (48...57).contains($0) }
    return isRandom || isProcess ? String(inner[..<dot]) : nil
  }
}

/// Parts of names that nobody can know before.
enum RandomDigits {
  /// 64 bits of the system's randomness: `0123456789abcdef`.
  static func next() -> String {
    var random = SystemRandomNumberGenerator()
    let digits = String(random.next() as UInt64, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// What killed processes left half-written.
public enum PartialFile {
  /// Marks a file as being written, as long as its descriptor is open: the kernel takes the mark back when the process ends
  /// in whatever way. Without locks on a file system, what is left there stays.
  ///
  /// - Returns: false where it was taken for left behind, and removed, before it was marked.
  static func hold(_ descriptor: Int32) -> Bool {
    // Held by somebody already: by one who is about to remove it.
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK { return false }
    var status = stat()
    return fstat(descriptor, &status) != 0 || status.st_nlink > 0
  }

  /// Removes temporary files in a directory that nobody writes any more, of targets that `isOurs` names.
  ///
  /// Only regular files under names that we make; one that is being written stays, as does what cannot be looked at.
  public static func removeAbandoned(in directory: FilePlace, where isOurs: (String) -> Bool) throws(FileError) {
    for name in try Directories.names(in: directory) {
      guard let target = PartialName.target(of: name), isOurs(target) else { continue }
      try removeIfAbandoned(directory.appending(name))
    }
  }

  private static func removeIfAbandoned(_ place: FilePlace) throws(FileError) {
    let flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
    guard let descriptor = try? place.open(flags, action: "open") else { return }
    // Gives back the lock, too.
    defer { _ = close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1,
      flock(descriptor, LOCK_EX | LOCK_NB) == 0
    else { return }
    try Directories.remove(place)
  }

  /// Removes what killed writers of this one file left beside it; what cannot be removed is no reason to fail.
  public static func removeAbandoned(of path: String) {
    let (parent, last) = FilePlace(path).split
    try? removeAbandoned(in: parent) { $0 == last }
  }
}
