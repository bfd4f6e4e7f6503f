import Foundation
import Testing

extension LockstepTests {
  /// What the command line and a recipe name: where is written, and what is printed.
  @Suite struct PathAndNameTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Of every command that writes, its line but for the output, and the option that names it.
    static let outputs: [(words: [String], option: String)] = [
      (["train", "--iterations", "1"], "--output"), (["train", "--iterations", "1", "--output", "run"], "--trace"),
      (["sample", "run"], "--output"), (["data", "check", "digits"], "--picture"),
      (["data", "pack", "digits"], "--output"),
      (["export", "run"], "--output"), (["export", "run", "--output", "a.npz"], "--examples"),
      (["import", "--weights", "w.npz"], "--output"), (["inspect", "run", "--attention"], "--output"),
      (["plan", "--nodes", "1", "--ranks-per-node", "1"], "--save-machine"), (["profile"], "--output"),
      (["report", "run"], "--output"), (["doctor"], "--output"), (["sweep", "space.yaml"], "--output"),
      (["sweep"], "--collect"),
    ]

    @Test("neither nothing nor the root is a place to write, for any command", arguments: outputs)
    func places(words: [String], option: String) throws {
      let all = ["", " ", "/", "/.", "/tmp/..", "/nowhere/at/../..", "root"]
      for place in words.count == 1 ? all : ["", "//"] {
        try? FileManager.default.createSymbolicLink(atPath: scratch / "root", withDestinationPath: "/")
        let run = try Run(words + [option, place], in: scratch)
        #expect(run.status == 64 && run.errorLines.count == 1, "\(option) \(place): \(run.errors)")
        let names = run.errors.contains(option) || run.errors.contains("root of the file system")
        #expect(names, "\(option) \(place): \(run.errors)")
      }
      #expect(!exists(scratch / "run"))
    }

    @Test("a word without content is refused wherever it stands")
    func emptyWords() throws {
      for words in [
        ["train", "--resume", "", "--output", "run"], ["train", "--data=", "--output", "run"], ["sample", ""],
        ["train", "--recipe", "", "--output", "run"], ["evaluate", " "], ["report", "", "--output", "a.html"],
        ["train", "--output=", "--iterations", "1"], ["inspect", "\t"], ["train", "--set", "", "--output", "run"],
      ] {
        let run = try Run(words, in: scratch)
        #expect(run.status == 64 && run.errors.contains("a variable that is not set?"), "\(words): \(run.errors)")
        #expect(run.errorLines.count == 1 && !exists(scratch / "run"), "\(words): \(run.errors)")
      }
    }

    @Test("a recipe's name is one part of a path, or nothing is written")
    func names() throws {
      let wrong = [
        "../../outside", "..", ".", "a/b", "/tmp/x", "-n", ".hidden", "a b", "", "\u{1B}]0;owned\u{7}", "a\u{202E}b",
        "a\nb", "a\u{0}b", String(repeating: "n", count: 101), "a:b", "a\\b",
      ]
      for name in wrong {
        let quoted = "\"" + name.unicodeScalars.map { "\\U" + String(format: "%08X", $0.value) }.joined() + "\""
        try scratch.write("name: \(quoted)\ntraining: {iterations: 1}\n".utf8, to: "evil.yaml")
        let run = try Run("train", "--recipe", "evil.yaml", in: scratch)
        #expect(run.status == 78 && run.errorLines.count == 1, "\(name.debugDescription): \(run.errors)")
        #expect(isPlain(run.errors + run.output), "\(name.debugDescription): \(run.errors.debugDescription)")
      }
      let set = try Run("train", "--set", "name=../x", "--output", "run", in: scratch)
      #expect(set.status == 78 && set.errors.contains("name: ../x becomes a directory"), "\(set.errors)")
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: scratch.path).sorted() == [
          ".stderr", ".stdout", "evil.yaml",
        ])
      let umlauts = try Run("train", "--set", "name=Größe-1.b_数", "--iterations", "1", in: scratch)
      #expect(umlauts.status == 0 && exists(scratch / "runs/Größe-1.b_数/recipe.yaml"), "\(umlauts.errors)")
    }

    /// Escapes of terminals, in 7 and in 8 bits; what turns the order of letters; ends of lines.
    static let hostile = "a\u{1B}]0;owned\u{7}b\u{9B}31mc\u{202E}d\u{2028}e\rf"

    @Test("what steers a terminal is printed as text, whoever named it so")
    func printing() throws {
      let name = Self.hostile
      let images = [UInt8](repeating: 0, count: 40 * 64)
      try scratch.write(images, to: "unused")
      try scratch.write(
        ("\(name);x;y;kind\n" + (0..<40).map { "\($0);\($0 % 7);\($0 % 3);\(name)\($0 % 2)" }.joined(separator: "\n"))
          .replacing("\r", with: "").replacing("\u{2028}", with: "").utf8, to: "table.csv")
      try scratch.write("model: {kind: dense-attention}\n\(name): 1\n".utf8, to: "keys.yaml")
      try scratch.write(
        "seed: \"\(name.replacing("\r", with: "").replacing("\u{2028}", with: ""))\"\n".utf8, to: "seed.yaml")
      let cases: [[String]] = [
        ["data", "check", "table.csv", "--set", "data.label=kind", "--no-picture"],
        [
          "train", "--recipe", "vectors", "--data", "table.csv", "--set", "data.label=kind", "--iterations", "2",
          "--output", name,
        ],
        ["inspect", name, "--recipe", "--all"], ["report", name], ["evaluate", name], ["evaluate", name, "--json"],
        ["sample", name, "--count", "4", "--output", name + ".csv"], ["sample", name, "--classes", name],
        ["export", name, "--output", name + ".npz"], ["recipes", name], ["train", name], ["--\(name)"], [name],
        ["train", "--recipe", "keys.yaml"], ["train", "--recipe", "seed.yaml"], ["train", "--recipe", name + ".yaml"],
        ["train", "--set", "\(name)=1"], ["train", "--set", "seed=\(name)"], ["train", "--data", name],
        ["train", "--data", "npz:\(name)"], ["train", "--resume", name], ["doctor", "--output", name, "--json"],
        ["inspect", name + "x"], ["report", "nowhere" + name], ["import", "--weights", name, "--output", "i"],
        ["measure", name, name], ["sweep", name, "--output", "s"],
        [
          "plan", "--nodes", "1", "--ranks-per-node", "1",
          "--machine", name,
        ], ["profile", "--batch-sizes", name],
      ]
      for words in cases {
        let run = try Run(words, in: scratch)
        #expect(isPlain(run.output) && isPlain(run.errors), "\(words): \((run.output + run.errors).debugDescription)")
        if words.last == "--json", run.status == 0 {
          #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(run.output.utf8)) }
        }
      }
    }

    private func isPlain(_ text: String) -> Bool {
      text.unicodeScalars.allSatisfy {
        $0 == "\n" || ($0.properties.generalCategory != .control && !$0.properties.isBidiControl && $0 != "\u{2028}")
      }
    }
  }
}
