import Foundation
import Testing

@testable import Checkpoints
@testable import Files

@Suite struct HeldDirectoryTests {
  private func write(_ text: String, to place: FilePlace) throws {
    try AtomicFile.write(to: place) { file throws(FileError) in try file.write(Array(text.utf8)) }
  }

  private func text(_ path: String) throws -> String { String(decoding: try contents(path), as: UTF8.self) }

  private func move(_ a: String, to b: String) throws { try FileManager.default.moveItem(atPath: a, toPath: b) }

  @Test("what is written goes into the directory that is held, not into the one that has its name", arguments: 0..<3)
  func moved(way: Int) throws {
    let directory = try TemporaryDirectory()
    let (path, away) = (directory.path + "/up/run", directory.path + (way == 2 ? "/side/run" : "/away"))
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let held = try HeldDirectory(path: path)
    #expect(held.whereabouts == .here)
    switch way {
    // Moved, and another one under its name; moved, and a link to another one; what it lies in is renamed.
    case 0:
      try move(path, to: away)
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    case 1:
      try move(path, to: away)
      try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: directory.path)
    default: try move(directory.path + "/up", to: directory.path + "/side")
    }
    try write("a", to: held.place("recipe.yaml"))
    try write("b", to: held.place("checkpoints/x"))
    #expect(try text(away + "/recipe.yaml") == "a" && text(away + "/checkpoints/x") == "b")
    #expect(!FileManager.default.fileExists(atPath: path + "/recipe.yaml"))
    #expect(held.whereabouts == .moved(to: URL(fileURLWithPath: away).resolvingSymlinksInPath().path))
    #expect(held.place("recipe.yaml").path == path + "/recipe.yaml")
    #expect(try Directories.names(in: held.place("checkpoints")) == ["x"])
    #expect(try InputFile(held.place("recipe.yaml")).bytes() == Array("a".utf8))
    // And back.
    guard way == 2 else { return }
    try move(directory.path + "/side", to: directory.path + "/up")
    #expect(held.whereabouts == .here)
  }

  @Test("a directory under a link stays what the link led to when it was opened")
  func link() throws {
    let directory = try TemporaryDirectory()
    for name in ["one", "two"] {
      try FileManager.default.createDirectory(
        atPath: directory.path + "/" + name, withIntermediateDirectories: false)
    }
    let path = directory.path + "/run"
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "one")
    let held = try HeldDirectory(path: path)
    #expect(held.whereabouts == .here)
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "two")
    try write("a", to: held.place("x"))
    #expect(try text(directory.path + "/one/x") == "a")
    #expect(held.whereabouts != .here)
  }

  @Test("a directory that was removed is made anew and locked; another's that is not empty is left alone")
  func removed() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/up/run"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let lock = try RunLock(directory: path)
    try FileManager.default.removeItem(atPath: directory.path + "/up")
    #expect(lock.directory.whereabouts == .removed)
    #expect(throws: FileError.self) { try write("a", to: lock.directory.place("x")) }
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    _ = try directory.write([1], as: "up/run/theirs")
    #expect(throws: FileError.self) { try lock.makeDirectoryAnew() }
    try FileManager.default.removeItem(atPath: path)
    try lock.makeDirectoryAnew()
    #expect(lock.directory.whereabouts == .here && lock.isInPlace)
    try write("a", to: lock.directory.place("x"))
    #expect(try text(path + "/x") == "a")
    #expect(throws: FileError.self) { try RunLock(directory: path) }
  }

  @Test("a lock whose file was removed is taken again, where nobody else has it")
  func lostLock() throws {
    let directory = try TemporaryDirectory()
    let lock = try RunLock(directory: directory.path)
    #expect(lock.isInPlace)
    try FileManager.default.removeItem(atPath: lock.path)
    #expect(!lock.isInPlace)
    try lock.lockAgain()
    #expect(lock.isInPlace)
    #expect(throws: FileError.self) { try RunLock(directory: directory.path) }
    try FileManager.default.removeItem(atPath: lock.path)
    let other = try RunLock(directory: directory.path)
    #expect(throws: FileError.self) { try lock.lockAgain() }
    withExtendedLifetime(other) {}
  }
}
