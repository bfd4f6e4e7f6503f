import CMPI

extension MPICommunicator {
  /// Parts of these ranks, each a communicator with windows and signs of life of its own: those that pass the same color
  /// are in one. A part is closed before this communicator is; `abort` still ends the whole job.
  ///
  /// - Parameter color: 0 or more.
  public func split(color: Int) throws(CommunicationError) -> any Communicator {
    precondition(color >= 0 && color <= Int(Int32.max), "color \(color)")
    // The split blocks inside MPI until all ranks come; after the barrier they are here.
    try barrier()
    var part = cmpi_communicator()
    try check(cmpi_split(base, Int32(color), &part), "MPI_Comm_split")
    var (number, count) = (Int32(0), Int32(0))
    try check(cmpi_rank_and_size(part, &number, &count), "MPI_Comm_rank")
    let colors = try allGather(Int64(color))
    let numbers = colors.indices.filter { colors[$0] == Int64(color) }.map { pulse.board.numbers[$0] }
    guard count > 1 else {
      try check(cmpi_free_communicator(&part), "MPI_Comm_free")
      return SoloCommunicator(number: numbers[0], parent: pulse)
    }
    return try MPICommunicator(
      base: part, ownsBase: true, startedMPI: false, reduction: reduction, ranksPerNode: nil,
      numbers: numbers, parent: pulse)
  }
}

extension Communicator {
  /// Parts of these ranks; a rank that is alone stays so.
  ///
  /// - Precondition: ranks of MPI, or one alone.
  public func part(color: Int) throws(CommunicationError) -> any Communicator {
    if let ranks = self as? MPICommunicator { return try ranks.split(color: color) }
    precondition(size == 1, "\(size) ranks of one process cannot be split")
    return SoloCommunicator(number: pulse.board.numbers[rank], parent: pulse)
  }
}
