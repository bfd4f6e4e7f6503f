import Communication
import Tensors
import Tracing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension TraceRecorder {
  /// Brings the events of all ranks to rank 0, their times turned into those of its clock. All ranks call it, after
  /// `isRecording` was set to false and before the communicator is closed.
  ///
  /// - Returns: the traces in rank order on rank 0, nil on the others.
  public func gather(over communicator: any Communicator) throws(CommunicationError) -> [RankTrace]? {
    let offsets = try communicator.clockOffsets()
    let own = RankTrace(self, rank: communicator.rank, node: Self.hostName)
    guard let all = try communicator.gatherToFirst(own.bytes) else { return nil }
    var traces: [RankTrace] = []
    for (rank, bytes) in all.enumerated() {
      guard let trace = RankTrace(bytes: bytes), trace.rank == rank else {
        throw .outOfStep(text: "what rank \(rank) sends is no trace", rank: communicator.rank)
      }
      traces.append(
        trace.shifted(by: offsets.nanoseconds[rank], uncertainty: offsets.uncertainties[rank]))
    }
    return traces
  }

  private static var hostName: String {
    var name = [CChar](repeating: 0, count: 256)
    // Cut names have no end of their own; the last byte stays 0.
    guard gethostname(&name, name.count - 1) == 0 else { return "unnamed node" }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}

extension Communicator {
  /// The bytes of every rank on rank 0, in rank order, however many each has; nil on the others.
  fileprivate func gatherToFirst(_ bytes: [UInt8]) throws(CommunicationError) -> [[UInt8]]? {
    // Rank 0 holds a piece of every rank at a time: 64 MB for 1,024 ranks.
    let pieceLength = 1 << 16
    let counts = try allGather(Int64(bytes.count)).map(Int.init)
    let piece = MemoryBlock(byteCount: pieceLength)
    let pieces = MemoryBlock(byteCount: rank == 0 ? size * pieceLength : 0)
    let gathered = UnsafeMutableRawBufferPointer(start: pieces.address, count: pieces.byteCount)
    var all = rank == 0 ? counts.map { _ in [UInt8]() } : []
    for start in stride(from: 0, to: counts.max() ?? 0, by: pieceLength) {
      let own = bytes[min(start, bytes.count)..<min(start + pieceLength, bytes.count)]
      UnsafeMutableRawBufferPointer(start: piece.address, count: pieceLength).copyBytes(from: own)
      try gather(
        UnsafeRawBufferPointer(start: piece.address, count: pieceLength), into: rank == 0 ? gathered : nil, at: 0)
      for other in all.indices {
        let count = max(0, min(pieceLength, counts[other] - start))
        all[other] += gathered[other * pieceLength..<other * pieceLength + count]
      }
    }
    return rank == 0 ? all : nil
  }
}
