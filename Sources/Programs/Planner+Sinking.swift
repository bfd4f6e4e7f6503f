import Graphs

// A value that one run computes and stores, only for another run to read it, is cheaper computed where it is used: the
// factor of a backward pass (1 − y², y > 0) that was fused with the forward pass that made y.

extension Planner {
  /// Moves functions into the only run that uses them, where everything they need is in memory anyway.
  mutating func sink() {
    for index in graph.nodes.indices.reversed() where isLive[index] && isElementwise(index) {
      guard let home = unitOf[index], units[home].isFused, let target = onlyOtherUser(of: index) else { continue }
      guard let moved = chain(endingIn: index, in: home) else { continue }
      guard moved.count < units[home].nodes.count, units[target].nodes.count + moved.count <= Self.largestRun else {
        continue
      }
      units[home].nodes.removeAll { moved.contains($0) }
      units[target].nodes = (units[target].nodes + moved).sorted()
      for node in moved { unitOf[node] = target }
    }
  }

  /// The fused run that all users of a value are in, if it is another one than the value's own.
  private func onlyOtherUser(of index: Int) -> Int? {
    guard !isOutput[index], let first = users[index].first, let target = unitOf[first],
      target != unitOf[index], units[target].isFused,
      users[index].allSatisfy({ user in
        readsInStep(user) && unitOf[user] == target && space(of: user) == graph.nodes[index].shape
          && canMove(index, to: user)
      })
    else { return nil }
    return target
  }

  /// The function and those of its inputs that nobody else needs; nil if one of its other inputs is in no memory.
  private func chain(endingIn index: Int, in home: Int) -> Set<Int>? {
    var moved: Set<Int> = [index]
    var pending = graph.nodes[index].inputs
    while let input = pending.popLast() {
      guard !moved.contains(input), unitOf[input] == home else { continue }
      let others = users[input].filter { !moved.contains($0) }
      if others.isEmpty, !isOutput[input], isElementwise(input) {
        moved.insert(input)
        pending += graph.nodes[input].inputs
      } else if !isStored(input, besides: moved) {
        return nil
      }
    }
    return moved
  }

  /// True if a value is in memory whatever happens to some of its users.
  private func isStored(_ index: Int, besides moved: Set<Int>) -> Bool {
    isOutput[index]
      || users[index].contains { !moved.contains($0) && !(readsInStep($0) && unitOf[$0] == unitOf[index]) }
  }
}
