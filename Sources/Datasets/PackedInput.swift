import CZlib
import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file read from front to back that may be packed with gzip; a plain one comes through as it is.
final class PackedInput {
  let file: InputFile
  /// Whether the file begins as a gzip file does.
  let isPacked: Bool
  private let stream: gzFile
  private let limits: ReadingLimits
  private var produced = 0

  init(path: String, limits: ReadingLimits) throws(DatasetError) {
    self.limits = limits
    do throws(FileError) {
      file = try InputFile(path: path)
      isPacked = file.byteCount >= 2 ? try file.bytes(in: 0..<2) == [0x1F, 0x8B] : false
    } catch {
      throw DatasetError(error)
    }
    // zlib closes the descriptor that it is given; the file keeps its own.
    let descriptor = dup(file.descriptor)
    guard descriptor >= 0 else { throw DatasetError(FileError(path: path, action: "open twice", code: errno)) }
    guard let stream = gzdopen(descriptor, "rb") else {
      _ = close(descriptor)
      throw DatasetError(file: path, reason: "zlib cannot read it", remedy: "check the free memory")
    }
    self.stream = stream
  }

  // All that was wanted has been read and checked by then.
  deinit { _ = gzclose_r(stream) }

  /// - Throws: where the file is packed and says that it unpacks to more than it may.
  func check(unpacked byteCount: Int) throws(DatasetError) {
    guard isPacked else { return }
    do throws(FileError) {
      try limits.check(
        unpacked: byteCount, ofPacked: file.byteCount, path: file.path, instead: "unpack it with gunzip")
    } catch { throw DatasetError(error) }
  }

  /// Fills as much of `buffer` as the (unpacked) file still has; fewer bytes mean its end, checksum verified.
  ///
  /// - Throws: where the data are damaged or more than may be unpacked, or nobody waits for them any more.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
    var done = 0
    while done < buffer.count {
      do throws(FileError) { try limits.checkStop(file.path) } catch { throw DatasetError(error) }
      let count = gzread(
        stream, buffer.baseAddress! + done, UInt32(min(buffer.count - done, ReadingLimits.pieceBytes)))
      if count <= 0 {
        try checkForDamage()
        break
      }
      done += Int(count)
      produced += Int(count)
      try check(unpacked: produced)
    }
    return done
  }

  private func checkForDamage() throws(DatasetError) {
    var code: Int32 = Z_OK
    guard let message = gzerror(stream, &code) else { return }
    switch code {
    case Z_OK, Z_STREAM_END: return
    case Z_BUF_ERROR:
      throw DatasetError(
        file: file.path, reason: "\(grouped(file.byteCount)) bytes, the gzip data go on",
        remedy: "the copy was cut short, copy it again")
    case Z_ERRNO: throw DatasetError(FileError(path: file.path, action: "read", code: errno))
    default:
      // zlib writes `<fd:7>: incorrect data check`; the number means nothing to the reader.
      let text = String(cString: message).split(separator: ": ").last.map(String.init) ?? "code \(code)"
      throw DatasetError(file: file.path, reason: "damaged gzip data (\(text))", remedy: "copy the file again")
    }
  }
}
