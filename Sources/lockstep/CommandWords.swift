import ArgumentParser

/// A command line that was not understood, looked at word by word.
struct CommandWords {
  /// Behind the program's name.
  let arguments: [String]
  /// `lockstep`, then the commands that were named: `data`, `check`.
  let commands: [any ParsableCommand.Type]

  init(_ arguments: [String]) {
    self.arguments = arguments
    var commands: [any ParsableCommand.Type] = [LockstepCommand.self]
    // The first word must be one; behind options it may be a value.
    for word in arguments {
      guard let next = commands[commands.count - 1].subcommand(word) else { break }
      commands.append(next)
    }
    self.commands = commands
  }

  var command: any ParsableCommand.Type { commands[commands.count - 1] }
  /// `lockstep data check`
  var name: String { Self.name(of: commands) }
  /// `train`; `data check`; empty where none was named.
  var commandName: String { name.split(separator: " ").dropFirst().joined(separator: " ") }
  /// Behind the commands.
  var rest: ArraySlice<String> { arguments.dropFirst(commands.count - 1) }

  static func name(of commands: [any ParsableCommand.Type]) -> String {
    commands.compactMap { $0.configuration.commandName }.joined(separator: " ")
  }

  /// `--recipe` and the others that the command knows.
  var options: [String] { Self.options(of: command) }

  static func options(of command: any ParsableCommand.Type) -> [String] {
    // The parser has no list of them but its help, which has one a line.
    LockstepCommand.helpMessage(for: command, columns: 10_000).split(separator: "\n").flatMap { line in
      let words = line.drop { $0 == " " }
      guard words.hasPrefix("-"), words.count < line.count else { return [String]() }
      let names = words.prefix { $0 != " " && $0 != "<" } + (words.hasPrefix("-h,") ? "/--help" : "")
      return names.split { "/,".contains($0) }.map(String.init).filter { $0.hasPrefix("-") }
    }
  }

  /// The first word that looks like an option and is none, with what stands behind it or its `=`.
  var unknownOption: (name: String, value: String?)? {
    let known = Set(options + ["--version", "--generate-completion-script"])
    for (place, word) in rest.prefix(while: { $0 != "--" }).enumerated() where word.first == "-" && word.count > 1 {
      let name = String(word.prefix { $0 != "=" })
      guard !known.contains(name) else { continue }
      if word.count > name.count { return (name, String(word.dropFirst(name.count + 1))) }
      let next = rest.dropFirst(place + 1).first
      return (name, next.flatMap { $0.hasPrefix("--") ? nil : $0 })
    }
    return nil
  }

  /// The last of `values(of:)`, which counts.
  func value(of option: String) -> String? { values(of: option).last }

  func values(of option: String) -> [String] {
    arguments.enumerated().compactMap { place, word in
      if word == option { return arguments.dropFirst(place + 1).first }
      return word.hasPrefix(option + "=") ? String(word.dropFirst(option.count + 1)) : nil
    }
  }
}

extension ParsableCommand {
  fileprivate static func subcommand(_ word: String) -> (any ParsableCommand.Type)? {
    configuration.subcommands.first { $0.configuration.commandName == word }
  }
}
