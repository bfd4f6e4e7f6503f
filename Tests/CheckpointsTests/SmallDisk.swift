import Foundation

/// A file system of its own, so small that a test can fill it; nil where mounting is not allowed.
struct SmallDisk {
  let path: String

  init?(at path: String, size: String) {
    self.path = path
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      guard try Self.run("mount", "-t", "tmpfs", "-o", "size=\(size)", "tmpfs", path) else { return nil }
    } catch {
      return nil
    }
  }

  func unmount() {
    // Lazily: a file still open must not leave the disk mounted for ever.
    _ = try? Self.run("umount", "-l", path)
  }

  private static func run(_ arguments: String...) throws -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}
