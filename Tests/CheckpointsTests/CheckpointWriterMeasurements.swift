import Clocks
import Foundation
import Tensors
import Testing

@testable import Checkpoints

/// What a checkpoint of 60 MB costs, alone and beside training that uses all processors.
@Suite(.serialized, .enabled(if: Measurement.isOn, Measurement.howTo)) struct CheckpointWriterMeasurements {
  /// 300 tensors of 200 kB.
  let memory = [Float](repeating: 1, count: 15_000_000)

  func submit(_ iteration: Int, to writer: CheckpointWriter) throws {
    try memory.withUnsafeBytes { bytes in
      let tensors = (0..<300).map { index in
        StoredTensor(
          "network/layer\(index)/weight", [50, 1_000], .float32,
          UnsafeRawBufferPointer(rebasing: bytes[index * 200_000..<(index + 1) * 200_000]))
      }
      try writer.submit(position: CheckpointPosition(iteration: iteration), tensors: tensors)
    }
  }

  func milliseconds(_ seconds: Double) -> String { String(format: "%.1f ms", seconds * 1e3) }

  @Test("a checkpoint alone")
  func alone() throws {
    let directory = try TemporaryDirectory()
    let writer = CheckpointWriter(
      store: CheckpointStore(directory: directory.path), retention: CheckpointRetention(keepLast: 2))
    let start = SystemClock.monotonic.seconds
    writer.reserve(byteCount: 60_000_000)
    print("reserving: \(milliseconds(SystemClock.monotonic.seconds - start))")
    for iteration in 1...8 {
      try submit(iteration, to: writer)
      writer.finish()
    }
    report(writer.drain())
  }

  @Test("a checkpoint beside training on all processors")
  func beside() throws {
    let directory = try TemporaryDirectory()
    let writer = CheckpointWriter(
      store: CheckpointStore(directory: directory.path), retention: CheckpointRetention(keepLast: 2))
    writer.reserve(byteCount: 60_000_000)
    // Iterations of about 250 ms, each thread waiting for the others, with and without a checkpoint after each.
    for hasCheckpoints in [false, true, false, true] {
      let start = SystemClock.monotonic.seconds
      for iteration in 1...12 {
        DispatchQueue.concurrentPerform(iterations: ProcessInfo.processInfo.activeProcessorCount) { _ in
          let bytes = [UInt8](repeating: 1, count: 1 << 16)
          for _ in 0..<100_000 { _ = bytes.withUnsafeBytes(CRC32C.checksum) }
        }
        if hasCheckpoints { try submit(iteration, to: writer) }
      }
      let seconds = SystemClock.monotonic.seconds - start
      print("\(hasCheckpoints ? "with" : "without"): \(milliseconds(seconds / 12)) per iteration")
      writer.finish()
      report(writer.drain())
    }
  }

  func report(_ outcomes: [CheckpointOutcome]) {
    for case .written(let written) in outcomes {
      print(
        "waited \(milliseconds(written.waitedSeconds)), snapshot \(milliseconds(written.snapshotSeconds)), written in "
          + "\(milliseconds(written.writtenSeconds)), processor \(milliseconds(written.processorSeconds))")
    }
  }
}
