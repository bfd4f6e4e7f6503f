import Graphs
import Tensors

/// All parameters of one network: one block of memory, and a table of names over it.
///
/// Layers declare their parameters while a graph is built; building the same network into another graph finds the same
/// entries. The block gets its memory when all graphs are built.
public final class ParameterTable {
  public struct Entry {
    /// The full path: `generator/attention/query/kernel`.
    public let name: String
    public let shape: Shape
    /// First float in the block; a multiple of 16.
    public let offset: Int
    public let initializer: Initializer
  }

  /// The network: `generator` or `discriminator`.
  public let name: String
  public private(set) var entries: [Entry] = []
  /// The parameters' block.
  public let values: StateBlock
  private var indices: [String: Int] = [:]

  /// - Parameter kind: what the block holds, where it is not the network's parameters.
  public init(name: String, kind: String = "parameters") {
    self.name = name
    values = StateBlock(name: "\(name) \(kind)")
  }

  /// The number of parameters, without the padding between them.
  public var parameterCount: Int { entries.reduce(0) { $0 + $1.shape.count } }

  /// The entry called `name`, made at the first call.
  public func entry(_ name: String, shape: Shape, initializer: Initializer, layer: String) throws -> Entry {
    if let index = indices[name] {
      guard entries[index].shape == shape else {
        throw GraphError(
          layer: layer, reason: "parameter \(name) has shape \(entries[index].shape) already, not \(shape)")
      }
      return entries[index]
    }
    let entry = Entry(name: name, shape: shape, offset: values.reserve(shape.count), initializer: initializer)
    indices[name] = entries.count
    entries.append(entry)
    return entry
  }

  /// The memory of one parameter in a block that is laid out like this table: parameters, moments or averages.
  public func slice(_ entry: Entry, of block: StateBlock) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(rebasing: block.values[entry.offset..<entry.offset + entry.shape.count])
  }

  /// Fills all parameters from their initialisers.
  /// - Precondition: the block has its memory.
  public func initialize(seed: UInt64) {
    for entry in entries {
      entry.initializer.fill(slice(entry, of: values), shape: entry.shape, name: entry.name, seed: seed)
    }
  }
}
