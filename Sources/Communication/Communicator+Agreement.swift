/// The failure of one rank, as every rank learns of it.
public struct RankFailure: Equatable, Sendable {
  public var rank: Int
  public var message: String
  public var exitCode: Int32

  public init(rank: Int, message: String, exitCode: Int32) {
    self.rank = rank
    self.message = message
    self.exitCode = exitCode
  }
}

extension Communicator {
  /// Tells every rank whether any has failed, so that one prints the message and all exit alike: print on rank 0, then
  /// `close()` on all, then exit. (mpirun kills the others at the first exit code that is not zero, perhaps the one that
  /// was about to print.)
  ///
  /// - Parameter message: what went wrong on this rank, or nil.
  /// - Returns: the failure of the lowest failing rank, the same on all; nil when no rank passed a message.
  public func firstFailure(_ message: String?, exitCode: Int32 = 1) throws(CommunicationError) -> RankFailure? {
    let lowest = try maximum(of: message == nil ? Int64.min : -Int64(rank))
    guard lowest != Int64.min else { return nil }
    let root = Int(-lowest)
    var text = root == rank ? Array((message ?? "").utf8) : []
    let header = try broadcast([Int64(exitCode), Int64(text.count)], from: root)
    if root != rank { text = Array(repeating: 0, count: Int(header[1])) }
    text = try broadcast(text, from: root)
    return RankFailure(rank: root, message: String(decoding: text, as: UTF8.self), exitCode: Int32(header[0]))
  }

  /// Throws on all ranks when `value` is not the same on all of them, naming those that differ from rank 0.
  ///
  /// All ranks get the error, so they can still meet in `close()` once rank 0 has printed it.
  ///
  /// One reduction of 16 bytes: max over (x, ~x), since ~x falls where x rises.
  ///
  /// - Parameter value: nil on ranks that others speak for; not on rank 0.
  public func verifyEqual(_ value: UInt64?, what: String) throws(CommunicationError) {
    precondition(rank > 0 || value != nil, "rank 0 has no \(what)")
    let signed = value.map { Int64(bitPattern: $0) }
    let (largest, complement) = try maximum(of: signed ?? .min, signed.map { ~$0 } ?? .min)
    guard largest != ~complement else { return }
    let values = try allGather((hasValue: value != nil, value: value ?? 0))
    let others = values.indices.filter { values[$0].hasValue && values[$0].value != values[0].value }
    let listed = ([0] + others.prefix(4)).map { "rank \($0) has 0x\(String(values[$0].value, radix: 16))" }
    let rest = others.count > 4 ? ", \(others.count - 4) more ranks differ from rank 0" : ""
    throw .disagreement(what: what, values: listed.joined(separator: ", ") + rest, rank: rank)
  }

  /// The largest `value` of all ranks.
  public func maximum(of value: Int64) throws(CommunicationError) -> Int64 {
    try maximum(of: value, value).0
  }

  /// The largest `first` and the largest `second` of all ranks, in one reduction and without allocation.
  public func maximum(of first: Int64, _ second: Int64) throws(CommunicationError) -> (Int64, Int64) {
    var pair = (first, second)
    try withUnsafeMutablePointer(to: &pair) { pointer throws(CommunicationError) in
      try pointer.withMemoryRebound(to: Int64.self, capacity: 2) { values throws(CommunicationError) in
        try allReduceMaximum(UnsafeMutableBufferPointer(start: values, count: 2))
      }
    }
    return pair
  }

  /// The `values` of rank `root`; every rank passes as many.
  public func broadcast<Value: BitwiseCopyable>(
    _ values: [Value], from root: Int
  ) throws(CommunicationError) -> [Value] {
    var result = values
    try result.withUnsafeMutableBufferPointer { buffer throws(CommunicationError) in
      try broadcast(UnsafeMutableRawBufferPointer(buffer), from: root)
    }
    return result
  }

  /// The `value` of every rank, in rank order, on every rank.
  ///
  /// A maximum over a table of which each rank has filled its own row: a tree of messages, where Open MPI's `MPI_Igather` is
  /// one from every rank to the first.
  ///
  /// - Complexity: O(log `size`) messages a rank, each of O(`size`) bytes.
  public func allGather<Value: BitwiseCopyable>(_ value: Value) throws(CommunicationError) -> [Value] {
    let words = (MemoryLayout<Value>.size + 7) / 8
    var table = [Int64](repeating: .min, count: words * size)
    for word in words * rank..<words * (rank + 1) { table[word] = 0 }
    table.withUnsafeMutableBytes { bytes in
      withUnsafeBytes(of: value) { bytes[8 * words * rank..<8 * words * rank + $0.count].copyBytes(from: $0) }
    }
    try table.withUnsafeMutableBufferPointer { values throws(CommunicationError) in try allReduceMaximum(values) }
    return table.withUnsafeBytes { bytes in
      (0..<size).map { bytes.loadUnaligned(fromByteOffset: 8 * words * $0, as: Value.self) }
    }
  }
}
