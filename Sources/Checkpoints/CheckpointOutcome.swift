/// How the writing of a checkpoint ended.
public enum CheckpointOutcome: Sendable {
  /// It is in place and on the disk.
  case written(WrittenCheckpoint)
  /// It is not there; those before it are untouched.
  case failed(CheckpointPosition, CheckpointError)
}

/// A checkpoint that is in place, and what it cost.
public struct WrittenCheckpoint: Sendable {
  public let position: CheckpointPosition
  public let path: String
  public let byteCount: Int
  /// Training stood still for this long: until the checkpoint before was written, and while its state was copied.
  public internal(set) var waitedSeconds = 0.0
  public internal(set) var snapshotSeconds = 0.0
  /// From the first byte to the flushed directory, and the processor time of the writing thread in it.
  public let writtenSeconds: Double
  public let processorSeconds: Double
  /// What stays though it was to go, and why: it could not be removed (the next write tries again), or is not this run's.
  public let leftOver: CheckpointError?
}
