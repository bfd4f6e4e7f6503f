import Datasets
import Evaluation
import Files
import Tensors
import Training

/// What every sample is asked to show: a class, quantities, or both, as the model has them; and what noise it is made of.
struct SampleRequest {
  /// Names of the model's classes; empty where it has none.
  let classNames: [String]
  let noise: SampleNoise
  let count: Int
  /// Of the model; those of its quantities behind its classes.
  let columns: [Column]
  /// How `--classes` was understood; nil where it was not given.
  let choice: String?
  private let chosen: [Int]
  /// In the data's units, at the start of a row and at its end; all samples the same where they are.
  private let quantities: [Double]
  private let goals: [Double]
  /// Samples of a row that goes from one condition or noise to another.
  private let steps: Int?
  private let changesCondition: Bool

  init(_ options: SampleOptions, count: Int, for model: SavedModel) throws {
    let kind = model.recipe.model.conditionKind
    let size = model.model.conditionSize
    self.count = count
    let classCount = kind == .classes ? size : kind == .mixed ? model.classNames.count : 0
    let names = (0..<classCount).map { model.classNames.indices.contains($0) ? model.classNames[$0] : String($0) }
    classNames = names
    let given = model.layout.conditions
    let columns =
      given.count == size - classCount ? given : (classCount..<size).map { Column(name: "c\($0 - classCount + 1)") }
    self.columns = columns
    guard classCount > 0 || options.classes == nil else {
      throw Failure("--classes: this model has continuous conditions; use --condition", code: .usage)
    }
    for (option, text) in [("--condition", options.condition), ("--to", options.to)] where text != nil {
      guard !columns.isEmpty else {
        throw Failure("\(option): this model has classes; use --classes", code: .usage)
      }
    }
    let choice = try options.classes.map { try ClassChoice($0, names: names) }
    self.choice = choice?.words
    chosen = choice?.labels ?? Array(0..<classCount)
    quantities = try Self.quantities(options.condition, "--condition", columns) ?? columns.map(\.center)
    goals = try Self.quantities(options.to, "--to", columns) ?? quantities

    steps = options.interpolate == nil ? nil : options.steps
    changesCondition = options.interpolate == .condition || options.interpolate == .both
    guard !changesCondition || chosen.count > 1 || goals != quantities else {
      throw Failure(
        classCount > 0
          ? "--interpolate condition: name two classes or more" : "--interpolate condition: say where --to",
        code: .usage)
    }
    guard !options.fixedNoise || chosen.count > 1 || changesCondition else {
      throw Failure("--fixed-noise: all samples would be the same; name two classes or more", code: .usage)
    }
    noise = Self.noise(options, count: count, classes: chosen.count)
  }

  private static func noise(_ options: SampleOptions, count: Int, classes: Int) -> SampleNoise {
    let (steps, fixed) = (options.steps, options.fixedNoise)
    switch options.interpolate {
    case .noise?, .both?:
      return SampleNoise(truncation: options.truncation) { sample in
        .init(
          from: 2 * (sample / steps), to: 2 * (sample / steps) + 1, share: Double(sample % steps) / Double(steps - 1))
      }
    case .condition?:
      return SampleNoise(truncation: options.truncation) { sample in
        let row = fixed ? 0 : sample / steps
        return .init(from: row, to: row, share: 0)
      }
    case nil where fixed:
      return SampleNoise(truncation: options.truncation) { sample in
        // The first sample of a class has the first vector.
        let index = sample - Self.start(ofClass: sample * classes / count, of: classes, count: count)
        return .init(from: index, to: index, share: 0)
      }
    case nil: return SampleNoise(truncation: options.truncation)
    }
  }

  /// The first of `count` samples that shows the class at this place of the list.
  private static func start(ofClass place: Int, of classes: Int, count: Int) -> Int {
    (place * count + classes - 1) / classes
  }

  private static func quantities(_ text: String?, _ option: String, _ columns: [Column]) throws -> [Double]? {
    guard let text else { return nil }
    let numbers = try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let number = Double(part), number.isFinite else {
        throw Failure("\(option) \(text): \"\(part)\" is not a number; separate numbers by commas", code: .usage)
      }
      return number
    }
    guard numbers.count == columns.count else {
      throw Failure(
        "\(option): \(numbers.count) numbers, this model takes \(columns.count): "
          + clipped(columns.map(\.name).joined(separator: ", ")), code: .usage)
    }
    return numbers
  }
}

/// Sample by sample.
extension SampleRequest {
  /// Whether every sample shows one class.
  var hasLabels: Bool { !chosen.isEmpty && !(changesCondition && chosen.count > 1) }

  /// - Precondition: `hasLabels`
  func label(of sample: Int) -> Int { classes(of: sample).from }

  /// The class that a sample's row begins with, and the one that it ends with.
  private func classes(of sample: Int) -> (from: Int, to: Int) {
    guard changesCondition, let steps else {
      let label = balancedClass(chosen, index: sample, of: count)
      return (label, label)
    }
    let row = sample / steps
    return (chosen[row % chosen.count], chosen[(row + 1) % chosen.count])
  }

  /// How far a sample's condition is on its way.
  private func share(of sample: Int) -> Double {
    guard changesCondition, let steps else { return 0 }
    return Double(sample % steps) / Double(steps - 1)
  }

  /// In the data's units.
  func quantities(of sample: Int) -> [Double] {
    let share = share(of: sample)
    return zip(quantities, goals).map { share == 0 ? $0 : (1 - share) * $0 + share * $1 }
  }

  /// Of all classes; nothing where the model has none.
  func classShares(of sample: Int) -> [Double] {
    guard !chosen.isEmpty else { return [] }
    let (from, to) = classes(of: sample)
    let share = share(of: sample)
    return classNames.indices.map { ($0 == from ? 1 - share : 0) + ($0 == to ? share : 0) }
  }

  /// Writes the condition of a sample, as the networks see it.
  func write(sample: Int, to target: UnsafeMutablePointer<Float>) {
    let shares = classShares(of: sample)
    for (k, share) in shares.enumerated() { target[k] = Float(share) }
    for (k, number) in quantities(of: sample).enumerated() {
      target[shares.count + k] = Float(columns[k].value(of: number))
    }
  }

  /// The samples as the rows of a picture: one row per asked class, filled up with white; one per way; or a square.
  func grid(of samples: [Float], sampleSize: Int) -> (samples: [Float], count: Int, columns: Int) {
    if let steps { return (samples, count, steps) }
    guard hasLabels else { return (samples, count, max(1, Int(Double(count).squareRoot().rounded(.up)))) }
    let rows = (0..<count).reduce(into: [[Int]]()) { rows, index in
      if let last = rows.last?.last, label(of: last) == label(of: index) {
        rows[rows.count - 1].append(index)
      } else {
        rows.append([index])
      }
    }
    let columns = rows.map(\.count).max() ?? 1
    let white = [Float](repeating: 1, count: sampleSize)
    let padded = rows.flatMap { row in
      (0..<columns).flatMap { column in
        column < row.count ? Array(samples[row[column] * sampleSize..<(row[column] + 1) * sampleSize]) : white
      }
    }
    return (padded, rows.count * columns, columns)
  }
}
