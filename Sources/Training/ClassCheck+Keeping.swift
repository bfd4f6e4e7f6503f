import Checkpoints
import Communication
import Files
import Layers
import Logging

// A run's feature network in its directory: without it, the same network is trained again at each start.

extension ClassCheck {
  /// Takes over the parameters of a network of the same samples.
  ///
  /// - Returns: whether there is one; and whether what lies there could not be read, and so is not known to be worthless.
  static func load(
    _ place: FilePlace?, into table: ParameterTable, data: String, iterations: Int, _ communicator: any Communicator,
    _ logger: Logger
  ) throws -> (isFound: Bool, isUnreadable: Bool) {
    var isUnreadable = false
    var isFound: [Int64] = [0]
    try communicator.together {
      guard communicator.rank == 0, let place, (try? place.hasNothing) != true else { return }
      do throws(CheckpointError) {
        let file = try SafetensorsFile(place)
        guard file.metadata["data"] == data, file.metadata["iterations"] == String(iterations) else { return }
        for entry in table.entries {
          try file.read(
            entry.name, shape: entry.shape, into: UnsafeMutableRawBufferPointer(table.slice(entry, of: table.values)))
        }
        isFound = [1]
      } catch {
        // Made from the training samples, so it can be made again. What only cannot be read now is left as it is: with
        // other ranks than then, another would come out.
        isUnreadable = !error.isToBeSkipped
        let words = isUnreadable ? "for this start (\(error.reason))" : "again"
        logger.warning("\(place) is \(isUnreadable ? "unreadable" : "damaged") and trained \(words)")
      }
    }
    isFound = try communicator.broadcast(isFound, from: 0)
    guard isFound[0] == 1 else { return (false, isUnreadable) }
    try communicator.broadcast(UnsafeMutableRawBufferPointer(table.values.values), from: 0)
    return (true, false)
  }

  /// Writes the network where it is still to be; what cannot be written is warned of once, and tried again.
  func keep(_ logger: Logger) {
    guard let place = owedPlace, !sparesUnreadable || (try? place.hasNothing) == true else { return }
    do throws(CheckpointError) {
      try save(place)
      if hasWarnedOfKeeping { logger.notice("\(place) is written now") }
      owedPlace = nil
    } catch {
      if !hasWarnedOfKeeping {
        logger.warning(
          "the network that judges samples is not kept: \(error); training goes on, the next evaluation tries again")
      }
      hasWarnedOfKeeping = true
    }
  }

  private func save(_ place: FilePlace) throws(CheckpointError) {
    let table = classifier.parameters
    try SafetensorsFile.write(
      to: place,
      tensors: table.entries.map {
        StoredTensor($0.name, $0.shape, .float32, UnsafeRawBufferPointer(table.slice($0, of: table.values)))
      },
      metadata: [
        "format": "lockstep classifier", "data": dataFingerprint, "iterations": String(iterations),
        "fingerprint": fingerprint,
      ])
  }
}
