import CKernels

/// A rectangle of the results of some products of a batch.
struct ProductStretch: Equatable {
  var batch: Range<Int>
  var rows: Range<Int>
  var columns: Range<Int>

  /// Items along an axis.
  func count(_ axis: ProductGeometry.Axis) -> Int {
    switch axis {
    case .batch: batch.count
    case .rows: rows.count
    case .columns: columns.count
    }
  }

  var isEmpty: Bool { batch.isEmpty || rows.isEmpty || columns.isEmpty }
}

extension ProductGeometry {
  /// Along which extent a team shares a product out.
  enum Axis: CaseIterable { case batch, rows, columns }

  /// Rows and columns that stay together, so that register tiles stay whole.
  private func grain(_ axis: Axis) -> Int {
    switch axis {
    case .batch: 1
    case .rows: 8
    case .columns: 16
    }
  }

  /// The axis that shares most evenly; nil where a product is not worth it.
  func axis(threads: Int) -> Axis? {
    guard threads > 1, 2 * batch * rows * columns * inner >= ThreadTeam.worthwhileOperations else { return nil }
    // Each thread packs the right operand for itself, or its own columns of it.
    let order: [Axis] = transposesRight ? [.batch, .columns, .rows] : [.batch, .rows, .columns]
    let costs = order.map { axis -> Double in
      let shares = (0..<threads).map { stretch(along: axis, part: $0, parts: threads) }
      let largest = shares.map { $0.count(axis) }.max() ?? 0
      return Double(largest * threads) / Double(max(1, shares.reduce(0) { $0 + $1.count(axis) }))
    }
    guard let least = costs.min(), least < Double(threads) else { return nil }
    // The first that is about as even as the best.
    return zip(order, costs).first { $0.1 <= 1.05 * least }?.0
  }

  func stretch(along axis: Axis, part: Int, parts: Int) -> ProductStretch {
    var stretch = ProductStretch(batch: 0..<batch, rows: 0..<rows, columns: 0..<columns)
    let range = ThreadTeam.range(of: stretch.count(axis), grain: grain(axis), part: part, parts: parts)
    switch axis {
    case .batch: stretch.batch = range
    case .rows: stretch.rows = range
    case .columns: stretch.columns = range
    }
    return stretch
  }

  /// Scratch floats of a product that a team of so many threads computes.
  public func workspaceCount(threads: Int) -> Int {
    axis(threads: threads) == nil ? workspaceCount : threads * ThreadTeam.stretch(workspaceCount)
  }
}

extension BoundProduct {
  /// Makes a call that computes the product, shared by the team where that is worth it.
  ///
  /// - Precondition: `workspace` has `geometry.workspaceCount(threads: team.count)` floats.
  public func bind(on team: ThreadTeam) -> () -> Void {
    guard let axis = geometry.axis(threads: team.count) else { return { run() } }
    let scratch = ThreadTeam.stretch(geometry.workspaceCount)
    return team.bind { part, parts in
      let stretch = geometry.stretch(along: axis, part: part, parts: parts)
      if stretch.isEmpty { return }
      run(stretch, workspace + part * scratch)
    }
  }
}
