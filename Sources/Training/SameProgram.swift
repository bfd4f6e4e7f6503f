import Communication
import Files

/// The program of every node against the first one's: nodes without a shared file system may have different builds, whose
/// numbers would drift apart.
enum SameProgram {
  /// One rank of each node reads its program; nothing is compared within a node.
  ///
  /// - Throws: on all ranks, naming ranks of nodes that differ.
  static func verify(on communicator: any Communicator) throws {
    guard communicator.spansNodes else { return }
    let speaks = communicator.nodeRank == 0
    try communicator.verifyEqual(speaks ? digestOfProgram() : nil, what: "the program")
    try communicator.verifyEqual(speaks ? digest(MPICommunicator.libraryVersion) : nil, what: "the MPI library")
  }

  private static func digest(_ text: String) -> UInt64 {
    var digest = Digest()
    digest.update(text)
    return digest.value
  }

  /// 0 where the system does not show the program's file: then there is nothing to compare.
  private static func digestOfProgram() -> UInt64 {
    guard let file = try? InputFile(path: "/proc/self/exe") else { return 0 }
    var digest = Digest()
    for first in stride(from: 0, to: file.byteCount, by: 1 << 20) {
      guard let piece = try? file.bytes(in: first..<min(file.byteCount, first + 1 << 20)) else { return 0 }
      piece.withUnsafeBytes { digest.update($0) }
    }
    return digest.value
  }
}
