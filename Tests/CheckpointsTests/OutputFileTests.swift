import Foundation
import Testing

@testable import Checkpoints
@testable import Files

/// Files that others may have prepared something for.
@Suite struct OutputFileTests {
  private func write(_ text: String, to path: String) throws {
    try AtomicFile.write(to: path) { file throws(FileError) in try file.write(Array(text.utf8)) }
  }

  private func mode(_ path: String) throws -> Int {
    try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
  }

  @Test("until it is complete a file has a name that nobody knows, and is for its owner alone")
  func secret() throws {
    let directory = try TemporaryDirectory()
    var names: Set<String> = []
    for _ in 0..<2 {
      try AtomicFile.write(to: directory.path + "/x") { file throws(FileError) in
        try file.write([1])
        let found = try Directories.names(in: directory.path).filter { $0 != "x" }
        #expect(found.count == 1 && PartialName.target(of: found[0]) == "x")
        #expect((try? mode(directory.path + "/" + found[0])) == 0o600)
        names.formUnion(found)
      }
    }
    #expect(names.count == 2)
    // As any other file.
    _ = try directory.write([], as: "usual")
    #expect(try mode(directory.path + "/x") == mode(directory.path + "/usual"))
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: directory.path + "/x")
    try write("b", to: directory.path + "/x")
    #expect(try mode(directory.path + "/x") == 0o640)
  }

  @Test("links, directories and pipes are neither followed nor replaced nor waited for")
  func refusals() throws {
    let directory = try TemporaryDirectory()
    let victim = try directory.write(Array("mine".utf8), as: "victim")
    try FileManager.default.createSymbolicLink(atPath: directory.path + "/link", withDestinationPath: victim)
    try FileManager.default.createSymbolicLink(atPath: directory.path + "/nowhere", withDestinationPath: "new")
    try FileManager.default.createDirectory(atPath: directory.path + "/folder", withIntermediateDirectories: false)
    #expect(mkfifo(directory.path + "/pipe", 0o600) == 0)
    for (name, reason) in [
      ("link", "is a symbolic link"), ("nowhere", "is a symbolic link"), ("folder", "is a directory"),
      ("pipe", "is no regular file"),
    ] {
      let path = directory.path + "/" + name
      let written = #expect(throws: FileError.self) { try write("theirs", to: path) }
      let opened = #expect(throws: FileError.self) { close(try KeptFile.open(FilePlace(path))) }
      for error in [written, opened] { #expect(error?.path == path && error?.reason.hasPrefix(reason) == true) }
    }
    #expect(try contents(victim) == Array("mine".utf8))
    #expect(try directory.names() == ["folder", "link", "nowhere", "pipe", "victim"])
  }

  @Test("a lock is taken under its own name only, and no other file is cut for it")
  func lock() throws {
    let directory = try TemporaryDirectory()
    let victim = try directory.write(Array("mine".utf8), as: "victim")
    let lock = directory.path + "/.lock"
    for prepare in [
      { symlink("victim", lock) }, { mkfifo(lock, 0o600) }, { mkdir(lock, 0o700) }, { link(victim, lock) },
    ] {
      #expect(prepare() == 0)
      #expect(throws: FileError.self) { try RunLock(directory: directory.path) }
      #expect(remove(lock) == 0)
    }
    #expect(try contents(victim) == Array("mine".utf8))
  }

  @Test("a file with a second name gets bytes of its own before it is written on")
  func secondName() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write(Array("line\n".utf8), as: "metrics")
    #expect(link(path, directory.path + "/backup") == 0)
    let descriptor = try KeptFile.open(FilePlace(path), flags: O_APPEND)
    #expect(ftruncate(descriptor, 0) == 0 && close(descriptor) == 0)
    #expect(try contents(path).isEmpty)
    #expect(try contents(directory.path + "/backup") == Array("line\n".utf8))
  }

  @Test("what killed processes left goes, and nothing that only looks like it")
  func leftovers() throws {
    let directory = try TemporaryDirectory()
    let gone = [".a.png.0123456789abcdef.partial", ".a.png.4711.partial"]
    let kept = [
      ".a.png.0123456789abcde.partial", ".a.png.0123456789ABCDEF.partial", ".a.png.partial", "a.png.4711.partial",
      ".b.txt.4711.partial", ".a.png.-1.partial", "..4711.partial", ".a.png.4711.partial.txt",
    ]
    for name in gone + kept { _ = try directory.write([1], as: name) }
    try FileManager.default.createDirectory(
      atPath: directory.path + "/.c.png.4711.partial", withIntermediateDirectories: false)
    try FileManager.default.createSymbolicLink(
      atPath: directory.path + "/.d.png.4711.partial", withDestinationPath: kept[0])
    try AtomicFile.write(to: directory.path + "/a.png") { file throws(FileError) in
      try file.write([1])
      try PartialFile.removeAbandoned(in: FilePlace(directory.path)) { $0.hasSuffix(".png") }
      // The one that is being written is still there.
      let names = try Directories.names(in: directory.path)
      #expect(names.count == kept.count + 3)
      for name in kept + [".c.png.4711.partial", ".d.png.4711.partial"] { #expect(names.contains(name), "\(name)") }
    }
    #expect(try contents(directory.path + "/a.png") == [1])
  }

  @Test("long names have shorter temporary ones")
  func longNames() throws {
    let directory = try TemporaryDirectory()
    let name = String(repeating: "ü", count: 125) + ".png"
    try write("a", to: directory.path + "/" + name)
    #expect(try directory.names() == [name])
  }
}
