import Graphs
import Tensors

/// How a run reads what does not lie in memory as it walks, or adds to a sum.
struct Walk {
  /// The node whose memory it is.
  let node: Int
  /// In the axes of the run.
  let strides: [Int]
  /// One walk from each.
  var offsets = [0]
}

/// The axes that a unit's run counts through, before neighbours are joined.
struct RunSpace {
  /// Of the values that the run makes or sums, height and width halved where it reads upsampled images.
  let shape: Shape
  private let isHalved: Bool
  /// All that is not read or written in step, in these axes.
  private(set) var walks: [Walk] = []

  init(_ unit: Unit, _ planner: Planner) {
    var found: [Walk] = []
    for node in unit.members {
      switch planner.role(node) {
      case .broadcast: found.append(.repetition(node, planner))
      case .pool: found.append(.pool(node, planner))
      default:
        if planner.isGathered[node] { found.append(.sum(node, planner)) }
        for input in planner.graph.nodes[node].inputs {
          if case .broadcast = planner.role(input) { found.append(.repetition(input, planner)) }
        }
      }
    }
    let space = planner.space(of: unit.nodes[0])
    isHalved = found.contains { $0.strides.count > space.rank }
    shape = isHalved ? [space[0], space[1] / 2, 2, space[2] / 2, 2, space[3]] : space
    walks = found.map { Walk(node: $0.node, strides: strides(of: $0.strides)) }
  }

  /// Strides in the axes of the space.
  func strides(of strides: [Int]) -> [Int] {
    guard isHalved, strides.count == 4 else { return strides }
    return [strides[0], 2 * strides[1], strides[1], 2 * strides[2], strides[2], strides[3]]
  }
}

extension Walk {
  /// How a run of the shape of `node` reads what it repeats.
  static func repetition(_ node: Int, _ planner: Planner) -> Walk {
    let source = planner.graph.nodes[node].inputs[0]
    let (shape, whole) = (planner.graph.nodes[source].shape, planner.graph.nodes[node].shape)
    if planner.graph.nodes[node].operation is Upsample {
      let (row, image) = (shape[2] * shape[3], shape[1] * shape[2] * shape[3])
      return Walk(node: source, strides: [image, row, 0, shape[3], 0, 1])
    }
    return Walk(node: source, strides: Broadcast.strides(of: shape, in: whole))
  }

  static func pool(_ node: Int, _ planner: Planner) -> Walk {
    let source = planner.graph.nodes[node].inputs[0]
    let (strides, offsets) = SumPool.walk(of: planner.graph.nodes[source].shape)
    return Walk(node: source, strides: strides, offsets: offsets)
  }

  static func sum(_ node: Int, _ planner: Planner) -> Walk {
    Walk(node: node, strides: Broadcast.strides(of: planner.graph.nodes[node].shape, in: planner.space(of: node)))
  }
}
