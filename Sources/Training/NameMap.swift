import Files
import Tensors
import Yams

/// Under which names another program keeps the tensors of a model, and with which order of axes.
///
///     generator/image/kernel: last.weight
///     generator/before1/kernel: {name: first.weight, transpose: true}
///     generator/block1/conv1/kernel: {name: conv.weight, transpose: [2, 3, 1, 0]}
///     ignore: [steps]
struct NameMap {
  /// Where a tensor comes from.
  struct Source: Equatable {
    let name: String
    /// nil: as it is.
    var axes: Axes?
  }

  enum Axes: Equatable {
    /// From the order of PyTorch's layers: `[out, in]` to `[in, out]`, `[out, in, kh, kw]` to `[kh, kw, in, out]`.
    case outFirst
    /// As NumPy's `transpose`.
    case order([Int])
  }

  /// By our name.
  let sources: [String: Source]
  /// Tensors of the file that are not wanted.
  let ignored: Set<String>
  let origin: String

  /// No map: tensors have our names, in npz files with underscores for slashes.
  init() { (sources, ignored, origin) = ([:], [], "") }

  init(yaml: String, origin: String) throws {
    try RecipeText.check(yaml, origin: origin)
    self.origin = origin
    let root: Node?
    do { root = try Yams.compose(yaml: yaml) } catch let error as YamlError {
      throw Failure("\(origin)\(RecipeTree.explanation(of: error))", code: .configuration)
    }
    guard let mapping = root?.mapping else {
      throw Failure("\(origin): a name map has lines `our name: their name`", code: .configuration)
    }
    var (sources, ignored): ([String: Source], Set<String>) = ([:], [])
    for (key, value) in mapping {
      let place = "\(origin)\(value.mark.map { " line \($0.line)" } ?? "")"
      guard let ours = key.scalar?.string else {
        throw Failure("\(place): a name is not a plain word", code: .configuration)
      }
      if ours == "ignore" {
        guard let names = value.sequence?.map({ $0.scalar?.string }), names.allSatisfy({ $0 != nil }) else {
          throw Failure("\(place): ignore is a list of names, as [steps, optimizer]", code: .configuration)
        }
        ignored = Set(names.compactMap { $0 })
      } else {
        sources[ours] = try Self.source(value, place: "\(place): \(clipped(ours))")
      }
    }
    (self.sources, self.ignored) = (sources, ignored)
  }

  private static func source(_ node: Node, place: String) throws -> Source {
    if let name = node.scalar?.string { return Source(name: name) }
    let wrong = Failure(
      "\(place): must be a name, or {name: NAME, transpose: true}, or {name: NAME, transpose: [2, 3, 1, 0]}",
      code: .configuration)
    guard let mapping = node.mapping, let name = mapping["name"]?.scalar?.string,
      mapping.keys.allSatisfy({ ["name", "transpose"].contains($0.scalar?.string) })
    else { throw wrong }
    guard let transpose = mapping["transpose"] else { return Source(name: name) }
    if let flag = transpose.bool { return Source(name: name, axes: flag ? .outFirst : nil) }
    let axes = transpose.sequence.map { $0.compactMap(\.int) } ?? []
    guard !axes.isEmpty, axes.count == transpose.sequence?.count, axes.sorted() == Array(axes.indices) else {
      throw wrong
    }
    return Source(name: name, axes: .order(axes))
  }
}

extension NameMap.Axes {
  /// The order of axes for a tensor; nil where it has others.
  func order(for shape: Shape) -> [Int]? {
    switch self {
    case .outFirst:
      switch shape.rank {
      case 2: [1, 0]
      case 4: [2, 3, 1, 0]
      default: nil
      }
    case .order(let axes): axes.count == shape.rank ? axes : nil
    }
  }
}
