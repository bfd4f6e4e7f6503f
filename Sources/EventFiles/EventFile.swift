import Checkpoints
import Files
import Foundation
import SwiftProtobuf

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file of events that TensorBoard shows, written at its end only: a TensorBoard that is open sees what is added.
///
///     record = length (8 bytes), masked CRC-32C of these 8, event, masked CRC-32C of the event
///     masked(c) = (c rotated right by 15) + 0xA282EAD8
///
/// - Source: TensorFlow's `tf.train.Event`, `tf.summary`, and its record format (TFRecord).
public final class EventFile {
  /// A value at a step of a run.
  public enum Value {
    case number(tag: String, Double)
    /// - Parameter png: the picture's file; grey or colour.
    case picture(tag: String, png: [UInt8], height: Int, width: Int)
  }

  public let path: String
  private let descriptor: Int32
  private var byteCount = 0

  /// What TensorBoard expects in front of all events.
  private static let version = "brain.Event:2"

  /// Opens the file, or makes it; what a killed process left of a record at its end is cut off.
  public convenience init(path: String, seconds: Double) throws(FileError) {
    try self.init(FilePlace(path), seconds: seconds)
  }

  public init(_ place: FilePlace, seconds: Double) throws(FileError) {
    path = place.path
    descriptor = try KeptFile.open(place)
    byteCount = try Self.wholeRecords(of: place)
    guard ftruncate(descriptor, off_t(byteCount)) == 0 else {
      throw FileError(path: path, action: "cut back", code: errno)
    }
    guard byteCount == 0 else { return }
    var event = Lockstep_Events_Event()
    event.wallTime = seconds
    event.fileVersion = Self.version
    try append([event])
  }

  // All that matters has been written, or reported, by then.
  deinit { _ = close(descriptor) }

  /// Lets TensorBoard forget everything from `step` on: it comes again.
  public func forget(from step: Int, seconds: Double) throws(FileError) {
    var event = Lockstep_Events_Event()
    event.wallTime = seconds
    event.step = Int64(step)
    event.sessionLog.status = .start
    try append([event])
  }

  /// - Parameter seconds: since 1970.
  public func append(_ steps: [(step: Int, values: [Value])], seconds: Double) throws(FileError) {
    try append(
      steps.filter { !$0.values.isEmpty }.map { step, values in
        var event = Lockstep_Events_Event()
        event.wallTime = seconds
        event.step = Int64(step)
        event.summary.value = values.map(Self.value)
        return event
      })
  }

  private static func value(_ value: Value) -> Lockstep_Events_Summary.Value {
    var written = Lockstep_Events_Summary.Value()
    switch value {
    case .number(let tag, let number):
      written.tag = tag
      written.simpleValue = Float(number)
    case .picture(let tag, let png, let height, let width):
      written.tag = tag
      written.image.height = Int32(clamping: height)
      written.image.width = Int32(clamping: width)
      // The decoder goes by the picture itself.
      written.image.colorspace = 3
      written.image.encodedImageString = Data(png)
    }
    return written
  }

  private func append(_ events: [Lockstep_Events_Event]) throws(FileError) {
    var bytes: [UInt8] = []
    for event in events {
      let body: [UInt8]
      do { body = try event.serializedBytes() } catch {
        throw FileError(path: path, reason: "an event cannot be encoded: \(error)", remedy: "report this")
      }
      bytes += Self.record(body)
    }
    do throws(FileError) {
      let writer = FileWriter(path: path, descriptor: descriptor)
      try bytes.withUnsafeBytes { buffer -> Result<Void, FileError> in
        do throws(FileError) { return .success(try writer.write(buffer, at: byteCount)) } catch {
          return .failure(error)
        }
      }.get()
      byteCount += bytes.count
    } catch {
      // A full disk may have taken half of a record; if cutting it off fails too, the next `init` does it.
      _ = ftruncate(descriptor, off_t(byteCount))
      throw error
    }
  }

  static func record(_ body: [UInt8]) -> [UInt8] {
    let length = withUnsafeBytes(of: UInt64(body.count).littleEndian) { Array($0) }
    return length + masked(length) + body + masked(body)
  }

  private static func masked(_ bytes: [UInt8]) -> [UInt8] {
    let sum = bytes.withUnsafeBytes { CRC32C.checksum($0) }
    let masked = (sum >> 15 | sum << 17) &+ 0xA282_EAD8
    return withUnsafeBytes(of: masked.littleEndian) { Array($0) }
  }

  /// Bytes of whole records from the start of a file.
  private static func wholeRecords(of place: FilePlace) throws(FileError) -> Int {
    let file = try InputFile(place)
    var position = 0
    while position + 16 <= file.byteCount {
      let head = try file.bytes(in: position..<position + 12)
      let length = head[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      guard Array(head[8...]) == masked(Array(head[..<8])), length <= UInt64(file.byteCount - position - 16) else {
        break
      }
      position += 16 + Int(length)
    }
    return position
  }
}
