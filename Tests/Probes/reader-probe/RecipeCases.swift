import Files
import Tensors
import Training

/// What the probe itself finds wrong with an accepted file.
struct Defect: Error, CustomStringConvertible {
  let description: String
}

/// Recipes: the program's own, damaged and rearranged; and YAML that was never meant to be one.
struct RecipeCases: CaseMaker {
  private let own: [[UInt8]] = Recipe.embedded.map { Array($0.yaml.utf8) } + [Array(Recipe().yaml.utf8)]
  private let name = "mine.yaml"

  func makeCase(_ dice: inout Dice) -> Case {
    switch dice.below(8) {
    case 0, 1: Case("damaged", name, dice.damaged(dice.pick(own), beside: dice.pick(own)))
    case 2: Case("rearranged lines", name, rearranged(&dice))
    case 3, 4: Case("hostile value", name, withHostileValue(&dice))
    default: HostileYAML.makeCase(&dice, name: name)
    }
  }

  func read(_ directory: String, _ dice: inout Dice) throws {
    let path = "\(directory)/\(name)"
    let recipe = try Recipe(yaml: RecipeFile.text(of: path), origin: path)
    // What is accepted is written beside the run, and must come back.
    let again = try Recipe(yaml: recipe.yaml, origin: path)
    guard again.yaml == recipe.yaml else { throw Defect(description: "the recipe does not read back as written") }
    _ = recipe.warnings
  }

  private func rearranged(_ dice: inout Dice) -> [UInt8] {
    var lines = dice.pick(own).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
    for _ in 0...dice.below(3) {
      let at = dice.below(lines.count)
      switch dice.below(7) {
      case 0: lines.insert(lines[at], at: dice.below(lines.count))
      case 1: lines.swapAt(at, dice.below(lines.count))
      case 2: lines[at] = [UInt8(ascii: "\t")] + lines[at]
      case 3: lines[at] = repeated(" ", dice.below(9)) + lines[at]
      case 4: lines[at] = Array(lines[at].drop { $0 == UInt8(ascii: " ") })
      case 5:
        lines.insert(Array(dice.pick(["---", "...", "%YAML 9.9", "%TAG ! x", "- a", "? a", ": b", "}"]).utf8), at: at)
      default: lines[at] += Array(dice.pick([" # x", " &a", " *a", " |", " >-", " !!int", "\r", " : x", ","]).utf8)
      }
    }
    return Array(lines.joined(separator: [UInt8(ascii: "\n")]))
  }

  private func withHostileValue(_ dice: inout Dice) -> [UInt8] {
    let key = dice.pick(Recipe().entries).path.split(separator: ".")
    var text: [UInt8] = []
    for (depth, word) in key.enumerated() { text += repeated("  ", depth) + Array("\(word):\n".utf8) }
    text.removeLast()
    return text + [0x20] + HostileYAML.value(&dice) + [0x0A]
  }
}
