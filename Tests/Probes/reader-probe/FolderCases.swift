/// Folders whose names and files are not what they should be.
struct FolderCases: CaseMaker {
  func makeCase(_ dice: inout Dice) -> Case {
    let picture = JPEGCases.picture(&dice, coding: .baseline, channels: dice.pick([1, 3]), side: dice.pick([3, 20]))
    let words = [
      "a", "b", "train", "test", "a\nb", "a\u{1B}[31m", "é", "e\u{301}", " ", "-", "'", "\"", ":", "%s", "a.png",
      String(repeating: "n", count: 60), "\u{2028}", ".hidden", "\u{7F}", "a\rb",
    ]
    let ends = [".png", ".JPG", ".jpeg", ".txt", "", ".png\n", "\n.png"]
    var files: [(name: String, bytes: [UInt8])] = []
    let isEven = dice.one(in: 2)
    for index in 0..<dice.below(8) {
      let depth = isEven ? 1 : dice.pick([0, 1, 1, 1, 2, 2, 2, 3])
      let folders = (0..<depth).map { _ in dice.pick(words) + "/" }.joined()
      let content = dice.one(in: isEven ? 9 : 3) ? dice.bytes(dice.below(30)) : picture
      files.append(
        (folders + "\(index)" + dice.pick(words) + dice.pick(isEven ? Array(ends.prefix(3)) : ends), content))
    }
    return Case("names", files: files)
  }

  func read(_ directory: String, _ dice: inout Dice) throws { try readFolder(directory, &dice) }
}
