import ArgumentParser
import Communication
import Training

struct RecipesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recipes", abstract: "Lists the embedded recipes, shows one in full, or explains the keys.",
    discussion: """
      To make a recipe of your own, save one and change it; keys that are left out have their default:

        lockstep recipes digits > mine.yaml
        lockstep train --recipe mine.yaml
      """)

  @Argument(help: ArgumentHelp("Show this recipe with all its keys, ready to be saved and changed.", valueName: "NAME"))
  var name: String?

  @Flag(help: "Explain every key: its default (or its value in NAME), its meaning, what it can be.")
  var keys = false

  func run() throws {
    Session.run(multiplies: false, stallTimeoutSeconds: Watchdog.usualSeconds) { communicator, _ in
      try communicator.together {
        guard communicator.rank == 0 else { return }
        let named = try name.map { try Recipe(yaml: Recipe.embedded(named: $0).yaml, origin: $0) }
        if keys {
          explain(named ?? Recipe())
        } else if let named {
          print(named.yaml, terminator: "")
        } else {
          for recipe in Recipe.embedded { print("\(padded(recipe.name, 18)) \(recipe.summary)") }
        }
      }
    }
  }

  private func explain(_ recipe: Recipe) {
    let entries = recipe.entries
    let pathWidth = entries.map(\.path.count).max() ?? 0
    let textWidth = entries.map(\.text.count).max() ?? 0
    for entry in entries {
      print("\(padded(entry.path, pathWidth))  \(padded(entry.text, textWidth))  \(entry.help) (\(entry.form))")
    }
  }
}
