/// Which ranks were started otherwise than rank 0, and in what, in words.
enum LaunchDifference {
  /// What a rank shows of itself.
  struct Card: Equatable {
    var command = ""
    var library = ""
    var path = ""
    var byteCount = 0
    /// Of the program's contents.
    var contents: UInt64 = 0
  }

  /// Ranks told of by name.
  private static let named = 4
  /// Characters of a command line shown; of a longer one, its first word and those around the first difference.
  private static let shown = 200

  /// - Returns: nil where all cards are like the first.
  static func words(_ cards: [Card]) -> String? {
    guard let first = cards.first else { return nil }
    if let words = commands(cards, first) { return words }
    if let words = programs(cards, first) { return words }
    return list(cards.map(\.library), "uses").map { "\($0); build and start all with one MPI" }
  }

  private static func commands(_ cards: [Card], _ first: Card) -> String? {
    let others = cards.indices.filter { cards[$0].command != first.command }
    guard let other = others.first else { return nil }
    let (ours, theirs) = (Array(first.command), Array(cards[other].command))
    let place = zip(ours, theirs).enumerated().first { $1.0 != $1.1 }?.offset ?? min(ours.count, theirs.count)
    let their = program(cards[other]) + window(theirs, around: place)
    let our = program(first) + window(ours, around: place)
    return "rank \(other) runs `\(their)`, rank 0 `\(our)`\(rest(others)): give all ranks the same command line"
  }

  private static func program(_ card: Card) -> String {
    card.path.split(separator: "/").last.map { "\($0) " } ?? ""
  }

  private static func programs(_ cards: [Card], _ first: Card) -> String? {
    let isSame = { (card: Card) in card.contents == first.contents && card.byteCount == first.byteCount }
    let others = cards.indices.filter { !isSame(cards[$0]) }
    guard let other = others.first else { return nil }
    let describe = { (card: Card) in
      "\(card.path) (\(card.byteCount) bytes, digest \(String(card.contents, radix: 16)))"
    }
    return "rank \(other) runs another build of the program, \(describe(cards[other])), than rank 0, \(describe(first))"
      + "\(rest(others)): install the same on all nodes"
  }

  private static func list(_ values: [String], _ verb: String) -> String? {
    let others = values.indices.filter { values[$0] != values[0] }
    guard let other = others.first else { return nil }
    return "rank \(other) \(verb) \(values[other]), rank 0 \(values[0])\(rest(others))"
  }

  /// `; ranks 2, 5 differ from rank 0, too`
  private static func rest(_ others: [Int]) -> String {
    guard others.count > 1 else { return "" }
    return "; \(ranks(Array(others.dropFirst()))) differ\(others.count == 2 ? "s" : "") from rank 0, too"
  }

  /// `rank 3`, `ranks 1, 2, 5, 6 and 12 more`
  static func ranks(_ ranks: [Int]) -> String {
    let listed = ranks.prefix(named).map(String.init).joined(separator: ", ")
    let more = ranks.count > named ? " and \(ranks.count - named) more" : ""
    return "rank\(ranks.count == 1 ? "" : "s") \(listed)\(more)"
  }

  private static func window(_ text: [Character], around place: Int) -> String {
    guard text.count > shown else { return String(text) }
    let start = max(0, min(place - shown / 4, text.count - shown))
    let end = min(text.count, start + shown)
    let first = text.prefix { $0 != " " }.prefix(20)
    return (start > 0 ? String(first) + " … " : "") + String(text[start..<end]) + (end < text.count ? " …" : "")
  }
}
