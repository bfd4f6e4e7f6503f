import CMPI

/// The ranks of different nodes that sum the same slices: one of each node. Sums go on while the rank does something else,
/// as far as `isComplete` is asked.
protocol Rail: AnyObject {
  /// Sums that may be under way at a time.
  var slots: Int { get }
  /// Begins to replace `values` by their sum over the rail's ranks, in place; all ranks begin the same ones in the same
  /// order.
  func start(_ values: UnsafeMutableBufferPointer<Float>, slot: Int) throws(CommunicationError)
  /// Whether the sum of `slot` is there; makes progress on all of them.
  func isComplete(slot: Int) throws(CommunicationError) -> Bool
}

/// A rail that MPI's own all-reduce serves.
final class LibraryRail: Rail {
  let slots: Int
  private let communicator: cmpi_communicator
  private let check: MPICheck
  private var requests: [cmpi_request]
  private var isUnderWay: [Bool]

  /// - Parameter communicator: of the rail's ranks, for nothing else.
  init(communicator: cmpi_communicator, slots: Int, check: MPICheck) {
    (self.communicator, self.slots, self.check) = (communicator, slots, check)
    requests = Array(repeating: cmpi_request(), count: slots)
    isUnderWay = Array(repeating: false, count: slots)
  }

  func start(_ values: UnsafeMutableBufferPointer<Float>, slot: Int) throws(CommunicationError) {
    guard let start = values.baseAddress, !values.isEmpty else { return }
    try check(
      cmpi_start_allreduce(communicator, .sum_float32, start, Int64(values.count), &requests[slot]), "MPI_Iallreduce")
    isUnderWay[slot] = true
  }

  func isComplete(slot: Int) throws(CommunicationError) -> Bool {
    guard isUnderWay[slot] else { return true }
    var isDone = false
    try check(cmpi_test(&requests[slot], &isDone), "MPI_Iallreduce")
    isUnderWay[slot] = !isDone
    return isDone
  }
}
