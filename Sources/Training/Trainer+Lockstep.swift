import Communication
import Layers
import Optimization

extension Trainer {
  /// Compares the parameters of all ranks by their digests; all ranks take part.
  ///
  /// - Throws: `CommunicationError.outOfStep` on every rank, naming iteration, network, the first parameter that differs
  ///   and the ranks that have other numbers than rank 0.
  public func verifyLockstep() throws {
    precondition(!isUpdatePending, "an update is still to come")
    guard communicator.size > 1 else { return }
    var digest = Digest()
    for network in [generator, discriminator] {
      digest.update(UnsafeRawBufferPointer(network.parameters.values.values))
    }
    let own = Int64(bitPattern: digest.value)
    let (largest, complement) = try communicator.maximum(of: own, ~own)
    guard largest != ~complement else { return }
    for network in [generator, discriminator] {
      let table = network.parameters
      for entry in table.entries {
        var digest = Digest()
        digest.update(UnsafeRawBufferPointer(table.slice(entry, of: table.values)))
        let values = try communicator.allGather(digest.value)
        let others = values.indices.filter { values[$0] != values[0] }
        guard !others.isEmpty else { continue }
        let ranks = others.map(String.init).joined(separator: ", ")
        throw CommunicationError.outOfStep(
          text: """
            after iteration \(iteration), phase \(phase), \(entry.name) of the \(table.name) has other numbers on rank \
            \(ranks) than on rank 0
            """, rank: communicator.rank)
      }
    }
    throw CommunicationError.outOfStep(
      text: "after iteration \(iteration) the digests of the parameters differ", rank: communicator.rank)
  }
}
