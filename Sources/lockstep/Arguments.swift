import Files

/// The words of the command line, as they are meant.
enum Arguments {
  /// What a shell or the parser would otherwise take for something else: `--count -5` is a number, not an option, and `~` of
  /// `--output=~/run` is the home directory.
  static func meant(_ words: some Sequence<String>) -> [String] {
    var result: [String] = []
    for word in words {
      if isNegative(word), let option = result.last, option.hasPrefix("--"), option.count > 2, !option.contains("=") {
        result[result.count - 1] += "=\(word)"
      } else {
        result.append(withHome(word))
      }
    }
    return result
  }

  private static func isNegative(_ word: String) -> Bool {
    guard word.first == "-", let next = word.dropFirst().first else { return false }
    return next.isNumber || next == "."
  }

  /// A user who is not there is told of by what uses the path.
  private static func withHome(_ word: String) -> String {
    guard word.hasPrefix("--"), let sign = word.firstIndex(of: "="),
      let path = try? HomeDirectory.expanded(
        String(word[word.index(after: sign)...]))
    else { return word }
    return word[...sign] + path
  }
}
