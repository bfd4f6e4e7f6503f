extension RankTrace {
  /// The trace as it travels between ranks; all numbers are 64-bit, little end first, each text behind its length:
  ///
  ///     rank, dropped, node, label count, (kind, text)…, event count, (label, lane, start, end)…
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(32 * events.count + 64 * labels.count)
    func append(_ number: Int64) { withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) } }
    func append(_ text: String) {
      append(Int64(text.utf8.count))
      bytes.append(contentsOf: text.utf8)
    }
    append(Int64(rank))
    append(Int64(droppedCount))
    append(node)
    append(Int64(labels.count))
    for label in labels {
      append(Int64(label.kind.rawValue))
      append(label.text)
    }
    append(Int64(events.count))
    for event in events {
      append(Int64(event.label))
      append(Int64(event.lane.rawValue))
      append(event.start)
      append(event.end)
    }
    return bytes
  }

  /// Nil where the bytes are not what `bytes` makes.
  public init?(bytes: [UInt8]) {
    var reader = Reader(bytes: bytes)
    guard let rank = reader.number(), let dropped = reader.number(), let node = reader.text(),
      let labels = reader.list({ reader in
        reader.kind().flatMap { kind in reader.text().map { TraceLabel($0, kind) } }
      }),
      let events = reader.list({ $0.event(labelCount: labels.count) }), reader.isAtEnd
    else { return nil }
    self.init(rank: Int(rank), node: node, labels: labels, events: events, droppedCount: Int(dropped))
  }
}

private struct Reader {
  let bytes: [UInt8]
  var position = 0

  var isAtEnd: Bool { position == bytes.count }

  mutating func number() -> Int64? {
    guard bytes.count - position >= 8 else { return nil }
    defer { position += 8 }
    return Int64(
      littleEndian: bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: Int64.self) })
  }

  mutating func text() -> String? {
    guard let count = number(), count >= 0, count <= bytes.count - position else { return nil }
    defer { position += Int(count) }
    return String(decoding: bytes[position..<position + Int(count)], as: UTF8.self)
  }

  mutating func kind() -> TraceKind? {
    number().flatMap { UInt8(exactly: $0) }.flatMap { TraceKind(rawValue: $0) }
  }

  mutating func event(labelCount: Int) -> TraceEvent? {
    guard let label = number(), let lane = number().flatMap({ UInt8(exactly: $0) }), let start = number(),
      let end = number(), label >= 0, label < labelCount, let lane = TraceLane(rawValue: lane)
    else { return nil }
    return TraceEvent(label: Int(label), lane: lane, start: start, end: end)
  }

  /// A count, then so many elements.
  mutating func list<Element>(_ element: (inout Reader) -> Element?) -> [Element]? {
    // An element takes at least 8 bytes: a damaged count must not reserve memory for what is not there.
    guard let count = number(), count >= 0, count <= (bytes.count - position) / 8 else { return nil }
    var elements: [Element] = []
    elements.reserveCapacity(Int(count))
    for _ in 0..<count {
      guard let next = element(&self) else { return nil }
      elements.append(next)
    }
    return elements
  }
}
