/// The memory of this node that is free for its processes, within a container's or a job's limit.
public enum AvailableMemory {
  /// Bytes; nil where the system does not tell.
  public static func bytes() -> Int? {
    let free = MemoryFacts.read(sharedFree: nil).free
    return free >= 0 ? free : nil
  }
}
