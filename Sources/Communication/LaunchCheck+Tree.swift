import CMPI

// The tree of messages: rank 0 above 1 and 2, these above 3 and 4, 5 and 6, and so on.
extension LaunchCheck {
  private var parent: Int { (rank - 1) / 2 }
  private var children: [Int] { [2 * rank + 1, 2 * rank + 2].filter { $0 < size } }

  /// The largest of this rank and those below it is in `words`, and with the rank above.
  func passUp(_ words: UnsafeMutablePointer<Int64>, _ count: Int) throws(CommunicationError) -> Bool {
    var requests: [cmpi_request] = []
    for (place, child) in children.enumerated() {
      requests.append(try receive(words + count * (1 + place), count, child))
    }
    guard try wait(for: &requests) else { return false }
    for place in children.indices {
      for index in 0..<count { words[index] = max(words[index], words[count * (1 + place) + index]) }
    }
    guard rank > 0 else { return true }
    requests = [try send(words, count, parent)]
    return try wait(for: &requests)
  }

  func passDown(_ words: UnsafeMutablePointer<Int64>, _ count: Int) throws(CommunicationError) -> Bool {
    var requests: [cmpi_request] = []
    if rank > 0 { requests = [try receive(words, count, parent)] }
    guard try wait(for: &requests) else { return false }
    requests = []
    for child in children { requests.append(try send(words, count, child)) }
    return try wait(for: &requests)
  }

  private func send(
    _ words: UnsafeMutablePointer<Int64>, _ count: Int, _ other: Int
  ) throws(CommunicationError) -> cmpi_request {
    var request = cmpi_request()
    let values = UnsafeRawPointer(words).assumingMemoryBound(to: Float.self)
    try check(cmpi_start_send(world, values, Int64(2 * count), Int32(other), Self.tag, &request), "MPI_Isend")
    return request
  }

  private func receive(
    _ words: UnsafeMutablePointer<Int64>, _ count: Int, _ other: Int
  ) throws(CommunicationError) -> cmpi_request {
    var request = cmpi_request()
    let values = UnsafeMutableRawPointer(words).assumingMemoryBound(to: Float.self)
    try check(cmpi_start_receive(world, values, Int64(2 * count), Int32(other), Self.tag, &request), "MPI_Irecv")
    return request
  }
}
