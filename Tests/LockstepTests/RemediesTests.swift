import Foundation
import Testing

extension LockstepTests {
  /// What messages tell a user to do can be done.
  @Suite struct RemediesTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Options of other programs that messages name.
    private static let foreign: Set = [
      "--mca", "--map-by", "--bind-to", "--oversubscribe", "--ntasks-per-node", "--cpus-per-task", "--mpi",
      "--shm-size",
      "--cpus", "--logdir", "--generate-completion-script",
    ]
    private static let groups = ["data", "model", "norm", "training", "health", "evaluation", "checkpoint", "log"]

    private static var sources: String {
      URL(fileURLWithPath: #filePath + "/../../../Sources").standardizedFileURL.path
    }

    /// The string literals of a Swift file; what is interpolated is left out, literals in it are not.
    static func literals(of source: String) -> [String] {
      let text = Array(source)
      var (found, place): ([String], Int) = ([], 0)
      func isAt(_ word: String) -> Bool { text[place...].starts(with: word) }
      /// From behind the opening quote to behind the closing one.
      func literal() {
        let isLong = text[(place - 1)...].starts(with: "\"\"\"")
        if isLong { place += 2 }
        var content = ""
        while place < text.count, !isAt(isLong ? "\"\"\"" : "\"") {
          if isAt("\\(") {
            place += 2
            var depth = 1
            while place < text.count, depth > 0 {
              let character = text[place]
              place += 1
              if character == "\"" { literal() } else { depth += character == "(" ? 1 : character == ")" ? -1 : 0 }
            }
            content += "•"
          } else {
            content.append(text[place])
            place += 1
            // A quote behind a backslash ends nothing.
            if content.last == "\\", place < text.count {
              content.append(text[place])
              place += 1
            }
          }
        }
        place += isLong ? 3 : 1
        found.append(content)
      }
      while place < text.count {
        if isAt("//") {
          while place < text.count, text[place] != "\n" { place += 1 }
        } else {
          place += 1
          if text[place - 1] == "\"" { literal() }
        }
      }
      return found
    }

    @Test("literals are found in source text, also within what is interpolated")
    func scanner() {
      let source = "let a = \"x \\(f(\"in\") + g(1)) \\\"y\" // \"no\"\nlet b = \"\"\"\n  two\n  \"\"\""
      #expect(Self.literals(of: source) == ["in", "x • \\\"y", "\n  two\n  "])
    }

    /// Options of the program and of all its commands.
    private func options() throws -> Set<String> {
      var (options, commands): (Set<String>, [[String]]) = ([], [[]])
      while let command = commands.popLast() {
        let help = try Run(command + ["--help"], in: scratch).output
        for match in help.matches(of: /--[a-z][a-z0-9-]+/) { options.insert(String(match.output)) }
        guard let list = help.range(of: "SUBCOMMANDS:") else { continue }
        for line in help[list.upperBound...].split(separator: "\n") {
          if let match = line.firstMatch(of: /^  ([a-z]+)/), match.output.1 != "help" {
            commands.append(command + [String(match.output.1)])
          }
        }
      }
      return options
    }

    /// Keys of recipes of both kinds of model.
    private func keys() throws -> Set<String> {
      var keys: Set<String> = []
      for recipe in ["digits-dense", "images"] {
        let table = try Run("recipes", recipe, "--keys", in: scratch).output
        for match in table.matches(of: /[a-z][A-Za-z]*(\.[A-Za-z]+)+/) { keys.insert(String(match.output.0)) }
      }
      return keys
    }

    @Test("every option and every key of a recipe that a text of the program names exists")
    func named() throws {
      let (options, keys) = (try options(), try keys())
      #expect(options.count > 50 && keys.count > 80, "\(options.count) options, \(keys.count) keys")
      let files = try #require(FileManager.default.enumerator(atPath: Self.sources)).compactMap { $0 as? String }
        .filter { $0.hasSuffix(".swift") && !$0.contains("Generated") }
      #expect(files.count > 200)
      for file in files {
        for text in Self.literals(of: String(decoding: try bytes(of: Self.sources + "/" + file), as: UTF8.self)) {
          for match in text.matches(of: /(?:^|[^A-Za-z0-9-])(--[a-z][a-z0-9-]+)/) {
            let option = String(match.output.1)
            #expect(options.contains(option) || Self.foreign.contains(option), "\(file): \(option) in \(text)")
          }
          for match in text.matches(of: /(?:^|[^A-Za-z0-9_.\/])([a-z]+(?:\.[a-z][A-Za-z]*)+)/) {
            let key = String(match.output.1)
            guard Self.groups.contains(where: { key.hasPrefix($0 + ".") }) else { continue }
            #expect(
              keys.contains(key) || keys.contains { $0.hasPrefix(key + ".") }, "\(file): \(key) in \(text)")
          }
        }
      }
    }

    /// A grey PNG 8×8 of noise by a seed; nothing is packed, so that no library is needed.
    private func png(_ seed: Int) -> [UInt8] {
      var rows: [UInt8] = []
      for row in 0..<8 {
        rows += [0] + (0..<8).map { UInt8(truncatingIfNeeded: (seed * 64 + row * 8 + $0) * 7_919 >> 3) }
      }
      var (a, b): (UInt32, UInt32) = (1, 0)
      for byte in rows { (a, b) = ((a + UInt32(byte)) % 65_521, (b + a + UInt32(byte)) % 65_521) }
      let number = { (value: UInt32) in (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
      let count = UInt8(rows.count)
      let packed = [0x78, 0x01, 1, count, 0, ~count, 255] + rows + number(b << 16 | a)
      let chunk = { (name: String, content: [UInt8]) -> [UInt8] in
        let body = Array(name.utf8) + content
        var sum: UInt32 = .max
        for byte in body {
          sum ^= UInt32(byte)
          for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        return number(UInt32(content.count)) + body + number(~sum)
      }
      return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IHDR", number(8) + number(8) + [8, 0, 0, 0, 0])
        + chunk("IDAT", packed) + chunk("IEND", [])
    }

    @Test("--skip-unreadable does for every command that reads images what the message says")
    func skipUnreadable() throws {
      for index in 0..<40 { try scratch.write(png(index), to: "d/\(index % 2)/\(index).png") }
      let train = [
        "train", "--recipe", "digits-dense", "--data", "folder:d", "--iterations", "2", "--set", "data.height=16",
        "--set", "evaluation.classifierIterations=0",
      ]
      #expect(try Run(train + ["--output", "run"], in: scratch).status == 0)
      try scratch.write([], to: "d/0/a.png")
      try scratch.write(Array("GIF89a".utf8), to: "d/1/b.jpg")
      let commands = [
        ["data", "check", "folder:d"], ["data", "pack", "folder:d", "--output", "o.npz"],
        train + ["--output", "again"], ["evaluate", "run"],
        [
          "plan", "--nodes", "1", "--ranks-per-node", "1", "--recipe", "digits-dense", "--data", "folder:d", "--set",
          "data.height=16",
        ],
        [
          "profile", "--recipe", "digits-dense", "--data", "folder:d", "--set", "data.height=16", "--iterations", "1",
        ],
      ]
      let message =
        "d: 2 of 42 images cannot be read: 0/a.png (an empty file); 1/b.jpg (a GIF, which is not read); replace, save as PNG, "
        + "or remove them, or leave such files out with --skip-unreadable"
      for command in commands {
        let refused = try Run(command, in: scratch)
        // What needs no data set on the disk may go on without it.
        if ["plan", "profile"].contains(command[0]), refused.status == 0 { continue }
        #expect(refused.status == 65 && refused.errors.contains(message), "\(command): \(refused.errors)")
        let skipped = try Run(command + ["--skip-unreadable"], in: scratch)
        #expect(skipped.status == 0, "\(command): \(skipped.errors)")
      }
      let check = try Run("data", "check", "folder:d", "--skip-unreadable", in: scratch)
      #expect(check.output.contains("warning: 2 of 42 files left out, the first d/0/a.png: an empty file"))
    }

    @Test("going on with a folder of turned pictures as they were read before needs the key that the message names")
    func orientAfterwards() throws {
      for index in 0..<20 { try scratch.write(png(index), to: "d/\(index % 2)/\(index).png") }
      let train = ["train", "--data", "folder:d", "--set", "data.height=16", "--output", "run"]
      #expect(
        try Run(train + ["--recipe", "digits-dense", "--iterations", "2"], in: scratch).status == 0)
      try scratch.write(png(99), to: "d/0/new.png")
      let other = try Run("train", "--resume", "auto", "--output", "run", "--iterations", "4", in: scratch)
      #expect(other.status == 78 && other.errors.contains("--set data.orient=false --allow-change data.orient"))
      try FileManager.default.removeItem(atPath: scratch / "d/0/new.png")
      let resumed = try Run(
        "train", "--resume", "auto", "--output", "run", "--iterations", "4", "--set", "data.orient=false",
        "--allow-change", "data.orient", in: scratch)
      #expect(resumed.status == 0, "\(resumed.errors)")
    }
  }
}
