import CReaderWatch
import Checkpoints
import Datasets
import Files
import Training

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

func temporaryPath(_ name: String) -> String {
  "\(getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp")/reader-probe-\(getpid())-\(name)"
}

/// At once: a crash later on must not lose it.
func say(_ line: String) {
  var text = line + "\n"
  text.withUTF8 { bytes in
    // Nobody is left to be told when this fails.
    _ = write(STDOUT_FILENO, bytes.baseAddress, bytes.count)
  }
}

/// Whether nothing in it ends the line or steers a terminal.
func isOneLine(_ text: String) -> Bool { text.unicodeScalars.allSatisfy(isPlain) }

/// Runs the cases and counts what came of them.
struct Probe {
  private let options: Options
  private let directory = temporaryPath("files")
  private var violations = 0

  /// Beyond the files' size and what their format stands for.
  private static let constant = 64 << 20
  /// A reader that asks for so much more ends the run at once.
  private static let slack = 2 << 30
  /// Twenty files and what is wrong with each.
  private static let longestMessage = 4_000

  /// What came of one case.
  private enum Outcome {
    case accepted
    case refused(String)
    case defect(String)
  }

  init(_ options: Options) throws {
    self.options = options
    let code = rw_catch_crashes()
    guard code == 0 else { throw FileError(path: "reader-probe", action: "catch signals", code: code) }
    try Directories.create(directory)
  }

  /// Whether all went well.
  mutating func run() throws -> Bool {
    for reader in options.readers { try run(reader) }
    try empty(directory)
    if violations == 0 { _ = rmdir(directory) }
    say(violations == 0 ? "all right" : "\(violations) violations")
    return violations == 0
  }

  private mutating func run(_ reader: Reader) throws {
    let maker = try reader.maker()
    var (accepted, kinds, highest, longest): (Int, [String: Int], Int, Double) = (0, [:], 0, 0)
    var highestKind = ""
    let indices = options.indices(of: reader)
    guard !indices.isEmpty else { return }
    for index in indices {
      let number = UInt64(index) << 8 | UInt64(Reader.allCases.firstIndex(of: reader) ?? 0)
      var dice = Dice(seed: options.seed &* 0xD134_2543_DE82_EF95 &+ number)
      let made = maker.makeCase(&dice)
      let place = "\(directory)/\(reader.rawValue)-\(index)"
      try store(made, to: place)
      let started = processorSeconds()
      let allowed = made.byteCount + made.allowance + Self.constant
      let (outcome, bytes) = read(maker, place, &dice, allowed: allowed)
      longest = max(longest, processorSeconds() - started)
      if bytes - made.allowance > highest { (highest, highestKind) = (bytes - made.allowance, made.kind) }
      var faults = bytes > allowed ? ["\(grouped(bytes)) bytes of memory, \(grouped(allowed)) allowed"] : []
      switch outcome {
      case .accepted: accepted += 1
      case .refused(let message):
        kinds["\(made.kind): \(Self.kind(of: message, below: place))", default: 0] += 1
        faults += Self.faults(of: message, below: place)
      case .defect(let text): faults.append(text)
      }
      if faults.isEmpty {
        try empty(place)
        _ = rmdir(place)
      } else {
        violations += 1
        say("VIOLATION: \(place) (\(made.kind)): \(faults.joined(separator: "; "))")
      }
    }
    let refused = kinds.values.reduce(0, +)
    say(
      "\(reader.rawValue): \(grouped(indices.count)) files, \(grouped(accepted)) read, \(grouped(refused)) refused in "
        + "\(kinds.count) ways; at most \(Int(longest * 1_000)) ms"
        + (highest > 0 ? ", \(grouped(highest)) bytes beyond what its format stands for (\(highestKind))" : ""))
    guard options.isVerbose else { return }
    for (kind, count) in kinds.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) { say("  \(count)  \(kind)") }
  }

  private func read(
    _ maker: any CaseMaker, _ place: String, _ dice: inout Dice, allowed: Int
  ) -> (Outcome, Int) {
    var outcome = Outcome.accepted
    rw_begin(place, options.seconds, Int64(allowed + Self.slack))
    do { try maker.read(place, &dice) } catch {
      outcome =
        switch error {
        case let error as Failure: .refused(error.description)
        case let error as Defect: .defect(error.description)
        case let error as SharedFailure: .refused(error.failure.description)
        case let error as DatasetError: .refused(error.description)
        case let error as CheckpointError: .refused(error.description)
        // As the program prints what it has no type for; here that is a graph that cannot be built.
        default: .refused(Failure(error).description)
        }
    }
    return (outcome, Int(rw_end()))
  }

  /// One line, not empty, not long, and it says where.
  private static func faults(of message: String, below place: String) -> [String] {
    var faults: [String] = []
    let text = without(place, message)
    if !isOneLine(text) { faults.append("a message of several lines or with control characters") }
    let count = text.unicodeScalars.count
    if count > longestMessage { faults.append("a message of \(grouped(count)) characters") }
    if !message.hasPrefix(place) { faults.append("a message that does not begin with the file") }
    if !faults.isEmpty { faults.append(String(message.prefix(1_000)).debugDescription) }
    return faults
  }

  /// The message with what differs from file to file left out.
  private static func kind(of message: String, below place: String) -> String {
    var kind = ""
    for character in without(place, message).unicodeScalars.prefix(100) {
      let isDigit = ("0"..."9").contains(character)
      if isDigit { if !kind.hasSuffix("#") { kind += "#" } } else { kind.unicodeScalars.append(character) }
    }
    return kind.debugDescription
  }

  private static func without(_ place: String, _ message: String) -> String {
    message.split(separator: place, omittingEmptySubsequences: false).joined(separator: "…")
  }

  private func store(_ made: Case, to place: String) throws {
    try Directories.create(place)
    for file in made.files {
      let path = "\(place)/\(file.name)"
      if let slash = path.lastIndex(of: "/") { try Directories.create(String(path[..<slash])) }
      // A name that is taken by a folder is left out: the case is one as well.
      let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else { continue }
      defer { _ = close(descriptor) }
      let count = write(descriptor, file.bytes, file.bytes.count)
      guard count == file.bytes.count else { throw FileError(path: path, action: "write", code: errno) }
    }
  }

  /// Removes all that is in the directory, but for cases that are kept.
  private func empty(_ path: String) throws {
    guard path != directory || violations == 0 else { return }
    for name in try Directories.names(in: path) {
      let inner = "\(path)/\(name)"
      if unlink(inner) == 0 { continue }
      try empty(inner)
      guard rmdir(inner) == 0 else { throw FileError(path: inner, action: "remove", code: errno) }
    }
  }

  private func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
