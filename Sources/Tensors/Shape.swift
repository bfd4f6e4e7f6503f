/// The extents of a row-major tensor, outermost first; `[]` is a scalar.
///
/// Images are `[N, H, W, C]`, sequences `[N, T, F]`, matrices `[rows, columns]`: the last axis is contiguous.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  public let dimensions: [Int]

  public init(_ dimensions: [Int]) {
    precondition(dimensions.allSatisfy { $0 >= 0 }, "negative extent in shape \(dimensions)")
    self.dimensions = dimensions
  }

  public init(arrayLiteral dimensions: Int...) { self.init(dimensions) }

  public static let scalar: Shape = []

  public var rank: Int { dimensions.count }

  /// Number of elements; 1 for a scalar.
  public var count: Int { dimensions.reduce(1, *) }

  public subscript(axis: Int) -> Int { dimensions[axis] }

  /// Extent of the last axis; 1 for a scalar.
  public var last: Int { dimensions.last ?? 1 }

  /// Number of rows when all axes but the last are taken as one; 1 for a scalar.
  public var leading: Int { dimensions.dropLast().reduce(1, *) }

  public var description: String { "[" + dimensions.map(String.init).joined(separator: ", ") + "]" }
}
