/// All ranks of a run, by node; what judgements are made of.
struct Nodes {
  struct Node {
    /// The host name; with the first rank where several nodes have one name.
    var name: String
    var ranks: [Int]
    var facts: [RankFacts]
    /// The node's own facts are those of its first rank.
    var first: RankFacts { facts.first ?? RankFacts() }
    /// Floating-point work at once.
    var threads: Int { facts.reduce(0) { $0 + $1.processor.threads } }
  }

  let all: [Node]
  let rankCount: Int

  /// - Parameter facts: of all ranks, in rank order.
  init(_ facts: [RankFacts]) {
    var order: [Int] = []
    var members: [Int: [Int]] = [:]
    for rank in facts.indices {
      if members[facts[rank].leader] == nil { order.append(facts[rank].leader) }
      members[facts[rank].leader, default: []].append(rank)
    }
    var uses: [String: Int] = [:]
    for leader in order { uses[facts[members[leader]?.first ?? 0].host, default: 0] += 1 }
    all = order.map { leader in
      let ranks = members[leader] ?? []
      let host = facts[ranks.first ?? 0].host
      let name = uses[host] == 1 ? host : "\(host) (rank \(ranks.first ?? 0))"
      return Node(name: name, ranks: ranks, facts: ranks.map { facts[$0] })
    }
    rankCount = facts.count
  }

  var names: [String] { all.map(\.name) }
  /// Rank 0's.
  var first: RankFacts { all.first?.first ?? RankFacts() }

  /// One finding for all nodes of which the same is to be said.
  func findings(_ subject: String, _ judge: (Node) -> Remark?) -> [Finding] {
    var found: [Finding] = []
    for node in all {
      guard let remark = judge(node) else { continue }
      let finding = Finding(remark.level, subject, nodes: [node.name], remark.text, remedy: remark.remedy)
      if let same = found.firstIndex(where: { $0.isSame(as: finding) }) {
        found[same].nodes.append(node.name)
      } else {
        found.append(finding)
      }
    }
    return found
  }

  /// One finding for all nodes for which a measured number is judged alike, with the range of these numbers.
  ///
  /// - Parameters:
  ///   - judge: what is said, given the range as text.
  func findings(
    _ subject: String, measured value: (Node) -> Double?, format: (ClosedRange<Double>) -> String,
    level: (Node, Double) -> Finding.Level, judge: (Finding.Level, String) -> Remark
  ) -> [Finding] {
    Finding.Level.allCases.compactMap { wanted in
      let group = all.compactMap { node -> (name: String, value: Double)? in
        guard let value = value(node), level(node, value) == wanted else { return nil }
        return (node.name, value)
      }
      guard let least = group.map(\.value).min(), let most = group.map(\.value).max() else { return nil }
      let remark = judge(wanted, format(least...most))
      return Finding(wanted, subject, nodes: group.map(\.name), remark.text, remedy: remark.remedy)
    }
  }
}

extension Finding {
  fileprivate func isSame(as other: Finding) -> Bool {
    (level, text, remedy) == (other.level, other.text, other.remedy)
  }

  /// `node1…node4, login`: names that count up are folded; of many others only the first are named.
  public static func folded(_ names: [String]) -> String {
    var runs: [(first: String, last: String, count: Int)] = []
    for name in names {
      if let last = runs.last, isNext(name, after: last.last) {
        runs[runs.count - 1] = (last.first, name, last.count + 1)
      } else {
        runs.append((name, name, 1))
      }
    }
    let texts = runs.flatMap { run -> [String] in
      switch run.count {
      case 1: [run.first]
      case 2: [run.first, run.last]
      default: ["\(run.first)…\(run.last)"]
      }
    }
    let most = 8
    guard texts.count > most else { return texts.joined(separator: ", ") }
    return texts.prefix(most).joined(separator: ", ") + " and others: \(names.count) nodes"
  }

  /// `node10` after `node9`, `n010` after `n009`.
  private static func isNext(_ name: String, after previous: String) -> Bool {
    let (stem, digits) = split(name)
    let (previousStem, previousDigits) = split(previous)
    guard stem == previousStem, let number = Int(digits), let last = Int(previousDigits), number == last + 1
    else { return false }
    return !digits.hasPrefix("0") && !previousDigits.hasPrefix("0") || digits.count == previousDigits.count
      || last == 0 && previousDigits == "0"
  }

  private static func split(_ name: String) -> (stem: Substring, digits: Substring) {
    let end = name.lastIndex { !$0.isNumber }.map { name.index(after: $0) } ?? name.startIndex
    return (name[..<end], name[end...])
  }
}
