import Communication

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension Session {
  /// The launcher may end all ranks at the first exit: the one that speaks is to be first.
  static let deliveryMicroseconds: useconds_t = 300_000

  /// Says why all end, where several ranks may have failed in one way without knowing of each other: one of those that see
  /// each other's signs of life does, and one of another node only if rank 0's node has not ended it meanwhile. Returns
  /// when the line has gone.
  static func tellOnce(_ failure: Failure, on communicator: any Communicator, _ console: Console) {
    let isOnOtherNode = communicator.spansNodes && communicator.rank != communicator.nodeRank
    let others: useconds_t = isOnOtherNode ? 500_000 : 0
    guard communicator.pulse.claimVoice() else {
      usleep(deliveryMicroseconds + others)
      return
    }
    usleep(others)
    console.say(failure)
  }
}
