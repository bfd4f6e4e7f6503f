import Exporting
import Files
import Layers
import Tensors

/// Finds the tensors of a model in a file, all of them or none.
struct WeightMatching {
  let file: WeightsFile
  let map: NameMap
  private(set) var problems: [String] = []
  private var used: Set<String> = []

  init(file: WeightsFile, map: NameMap) { (self.file, self.map) = (file, map) }

  /// The numbers of `entries`, in their order; what is wrong goes to `problems`.
  mutating func find(_ entries: [ParameterTable.Entry]) throws -> [NamedTensor] {
    try entries.compactMap { try find($0) }
  }

  /// Where our tensor is in the file, if it is there.
  private func place(of name: String) -> NameMap.Source? {
    if let source = map.sources[name] { return source }
    return [name, NamedTensor.npzName(of: name)].first(where: file.names.contains).map { NameMap.Source(name: $0) }
  }

  /// Whether all of these are in the file.
  func contains(_ entries: [ParameterTable.Entry]) -> Bool {
    entries.allSatisfy { entry in place(of: entry.name).map { file.names.contains($0.name) } ?? false }
  }

  private mutating func find(_ entry: ParameterTable.Entry) throws -> NamedTensor? {
    guard let source = place(of: entry.name) else {
      problems.append("\(entry.name) \(entry.shape): nothing in the file")
      return nil
    }
    let arrow = source.name == entry.name ? entry.name : "\(entry.name) from \(clipped(source.name))"
    guard file.names.contains(source.name) else {
      problems.append("\(arrow): no such tensor in the file")
      return nil
    }
    guard used.insert(source.name).inserted else {
      problems.append("\(arrow): taken by another tensor already")
      return nil
    }
    var tensor = try file.tensor(source.name)
    if let axes = source.axes {
      guard let order = axes.order(for: tensor.shape) else {
        problems.append("\(arrow): \(tensor.shape) cannot be transposed so")
        return nil
      }
      tensor = tensor.transposed(order)
    }
    guard tensor.shape == entry.shape else {
      problems.append("\(arrow): \(tensor.shape), needed is \(entry.shape)")
      return nil
    }
    let bad = tensor.numbers.count { !$0.isFinite }
    guard bad == 0 else {
      problems.append("\(arrow): \(grouped(bad)) numbers are not finite")
      return nil
    }
    tensor.name = entry.name
    return tensor
  }

  /// Looks for names of the map that the model does not have, and for tensors of the file that nobody took.
  ///
  /// - Parameters:
  ///   - known: the model's names.
  ///   - isNeedless: whether a name of ours may be there without being taken.
  mutating func finish(known: Set<String>, isNeedless: (String) -> Bool) throws {
    for name in map.sources.keys.sorted() where !known.contains(name) {
      problems.append("\(clipped(name)), in \(map.origin): no tensor of this model")
    }
    for name in map.ignored.sorted() where !file.names.contains(name) {
      problems.append("\(clipped(name)), ignored in \(map.origin): no such tensor in the file")
    }
    for name in file.names where !used.contains(name) && !map.ignored.contains(name) && !isNeedless(name) {
      problems.append("\(clipped(name)) \(try file.tensor(name).shape) of the file: not used")
    }
  }
}
