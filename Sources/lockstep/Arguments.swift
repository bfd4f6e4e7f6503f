import ArgumentParser
import Files
import Training

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

  /// Refuses words without content: they come of variables that are not set, and mean other things than was meant.
  static func refuseEmpty(_ words: [String]) throws {
    for (place, word) in words.enumerated() {
      if word.trimmed.isEmpty {
        let before = place > 0 && words[place - 1].hasPrefix("--") ? " behind \(words[place - 1])" : ""
        throw ValidationError("an empty word\(before): a variable that is not set?")
      }
      guard word.hasPrefix("--"), let sign = word.firstIndex(of: "=") else { continue }
      if word[word.index(after: sign)...].trimmed.isEmpty {
        throw ValidationError("nothing behind \(word[...sign]): a variable that is not set?")
      }
    }
  }

  /// What every option that names an output goes through.
  static func outputPath(_ text: String) throws -> String {
    do throws(FileError) { return try OutputPath.checked(text) } catch {
      throw Failure(error.description, code: .usage)
    }
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
