import Forecasting
import Reporting
import Training

/// Metrics of a run: its own lines, damaged, and JSON that nobody wrote.
struct MetricsCases: CaseMaker {
  private static let lines = [
    #"{"iteration":1,"kind":"training","discriminatorLoss":0.69,"generatorLoss":0.7,"seconds":0.5}"#,
    #"{"iteration":1,"kind":"evaluation","frechetDistance":1.5,"classes":["a","b"],"protocol":"x"}"#,
    #"{"iteration":2,"kind":"health","action":"rollBack","finding":"a gradient"}"#,
  ]

  func makeCase(_ dice: inout Dice) -> Case {
    var text: [UInt8] = []
    for _ in 0..<dice.below(30) { text += Array((dice.pick(Self.lines) + "\n").utf8) }
    let kind = dice.pick(["damaged", "hostile JSON", "no lines"])
    switch kind {
    case "damaged": text = dice.damaged(text, beside: Array(Self.lines[1].utf8))
    case "hostile JSON": for _ in 0...dice.below(3) { text += HostileJSON.header(&dice) + [0x0A] }
    default:
      text = repeated(dice.pick(["\n", "{", "{}\n", "x", "{\"iteration\":1e99}\n", "\u{0}"]), dice.below(200_000))
    }
    // Every line keeps its numbers under their names.
    return Case(kind, files: [("metrics.jsonl", text)], allowance: 40 * text.count)
  }

  func read(_ directory: String, _ dice: inout Dice) throws {
    let history = try RunHistory(path: "\(directory)/metrics.jsonl")
    _ = (history.series("discriminatorLoss", of: "training"), history.last("evaluation"))
  }
}

/// What `plan` keeps of a machine.
struct MachineCases: CaseMaker {
  private static let own = #"""
    {"version":1,"recipe":"digits","core":"x","threads":1,"processes":2,"leastImages":8,"mostImages":64,"fitError":0.01,\#
    "sumBytesPerSecond":1e9,"barrierSeconds":1e-6,"latencySeconds":5e-5,"networkBytesPerSecond":1.25e9,\#
    "networkOrigin":"assumed","networkNodes":1,"phases":[{"name":"discriminator","gradientBytes":1000,"workSeconds":1e-3,\#
    "workSecondsPerImage":1e-5,"earlySeconds":1e-4,"earlySecondsPerImage":1e-6,"backwardSeconds":1e-3,\#
    "backwardSecondsPerImage":1e-5}]}
    """#

  func makeCase(_ dice: inout Dice) -> Case {
    if dice.one(in: 4) { return Case("hostile JSON", "machine.json", HostileJSON.header(&dice)) }
    var text = Self.own
    for number in ["1e9", ":1,", "1e-6", ":64", "1000", "5e-5"] where dice.one(in: 4) {
      let value = dice.pick(["-1", "0", "1e400", "null", "1e308", "9223372036854775808", "\"x\"", "[]", "NaN", "0.5"])
      text = text.split(separator: number, omittingEmptySubsequences: false)
        .joined(separator: number.first == ":" ? ":" + value + (number.last == "," ? "," : "") : value)
    }
    let bytes = Array(text.utf8)
    return Case("machine", "machine.json", dice.one(in: 2) ? dice.damaged(bytes, beside: bytes) : bytes)
  }

  func read(_ directory: String, _ dice: inout Dice) throws { _ = try MachineFile.read("\(directory)/machine.json") }
}

/// Search spaces of sweeps.
struct SpaceCases: CaseMaker {
  private static let own = """
    recipe: dense-reference
    data: digits
    set: {training.batchSize: 32}
    space:
      model.generator.attention.activation: [none, softmax, sigmoid, tanh]
      training.generatorLearningRate: {from: 1e-4, to: 1e-3, steps: 3, scale: log}
    seeds: 3
    iterations: 400
    measure: frechet

    """

  func makeCase(_ dice: inout Dice) -> Case {
    let own = Array(Self.own.utf8)
    switch dice.below(3) {
    case 0: return HostileYAML.makeCase(&dice, name: "space.yaml")
    case 1: return Case("damaged", "space.yaml", dice.damaged(own, beside: Array("seeds: 1e99\nspace: [".utf8)))
    default:
      var lines = Self.own.split(separator: "\n").map(String.init)
      let at = dice.below(lines.count)
      let key = lines[at].prefix { $0 != ":" }
      lines[at] = "\(key): " + String(decoding: HostileYAML.value(&dice), as: UTF8.self)
      return Case("hostile value", "space.yaml", Array(lines.joined(separator: "\n").utf8))
    }
  }

  func read(_ directory: String, _ dice: inout Dice) throws {
    let path = "\(directory)/space.yaml"
    _ = try SweepPlan(try SweepSpace(yaml: RecipeFile.text(of: path), origin: path)).trials.count
  }
}
