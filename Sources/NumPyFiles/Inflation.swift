import CZlib
import Files
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What zip files deflate, unpacked from front to back into whatever memory is given.
final class Inflation {
  /// No deflated byte stands for more (258 bytes in 2 bits).
  private static let mostFactor = 1_032

  private let source: UnsafeRawBufferPointer
  private let entry: ZipDirectory.Entry
  private let place: Place
  /// On the heap: zlib's state points back to it.
  private let stream: UnsafeMutablePointer<z_stream>
  private var consumed = 0
  private var produced = 0
  private var status = Z_OK
  private var checksum: UInt32 = 0

  /// Where messages say that it is, and what its reader goes by.
  struct Place {
    let path: String
    let name: String
    let limits: ReadingLimits

    func wrong(_ reason: String, _ remedy: String = "copy the file again") -> FileError {
      FileError(path: path, reason: "array \(name): \(reason)", remedy: remedy)
    }
  }

  /// - Parameter source: outlives this.
  init(_ source: UnsafeRawBufferPointer, _ entry: ZipDirectory.Entry, _ place: Place) throws(FileError) {
    (self.source, self.entry, self.place) = (source, entry, place)
    stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // Negative: no header of zlib's own.
    guard inflateInit2_(stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw place.wrong("zlib cannot unpack it", "check the free memory")
    }
  }

  deinit {
    _ = inflateEnd(stream)
    stream.deallocate()
  }

  /// - Throws: where so much cannot come of so little, or does not fit into half of the machine's memory.
  static func check(_ entry: ZipDirectory.Entry, _ place: Place) throws(FileError) {
    guard entry.byteCount / mostFactor <= entry.packedCount + 1 else {
      throw place.wrong("\(grouped(entry.packedCount)) packed bytes cannot hold \(grouped(entry.byteCount))")
    }
    guard entry.byteCount <= sysconf(Int32(_SC_PHYS_PAGES)) * Int(getpagesize()) / 2 else {
      throw place.wrong(
        "\(grouped(entry.byteCount)) bytes when unpacked, more than half of the memory here",
        "save it with numpy.savez, which does not pack: it is then read where it lies")
    }
  }

  /// Fills all of `target` with the next bytes.
  ///
  /// - Throws: where the packed data are damaged or end before, or nobody waits for them any more.
  func read(into target: UnsafeMutableRawBufferPointer) throws(FileError) {
    var done = 0
    while done < target.count {
      try place.limits.checkStop(place.path)
      let room = min(ReadingLimits.pieceBytes, target.count - done)
      let count = inflate(into: UnsafeMutableRawBufferPointer(rebasing: target[done..<done + room]))
      guard count == room else { throw damaged }
      done += count
    }
  }

  /// - Throws: where the data go on, or the checksum of all that was read does not hold.
  func finish() throws(FileError) {
    var beyond: UInt8 = 0
    let count = withUnsafeMutableBytes(of: &beyond) { inflate(into: $0) }
    guard count == 0, status == Z_STREAM_END else { throw damaged }
    guard checksum == entry.checksum else { throw place.wrong("its checksum does not hold") }
  }

  private var damaged: FileError {
    place.wrong("its packed data are damaged or hold other than \(grouped(entry.byteCount)) bytes")
  }

  /// As many bytes as there still are, at most 2³⁰; fewer than asked for where the data end or are damaged.
  private func inflate(into target: UnsafeMutableRawBufferPointer) -> Int {
    var done = 0
    while done < target.count, status == Z_OK {
      let input = min(1 << 30, source.count - consumed)
      let room = target.count - done
      stream.pointee.next_in = UnsafeMutablePointer(
        mutating: source.baseAddress?.advanced(by: consumed).assumingMemoryBound(to: UInt8.self))
      stream.pointee.avail_in = UInt32(input)
      stream.pointee.next_out = target.baseAddress?.advanced(by: done).assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_out = UInt32(room)
      status = CZlib.inflate(stream, Z_NO_FLUSH)
      consumed += input - Int(stream.pointee.avail_in)
      done += room - Int(stream.pointee.avail_out)
    }
    checksum = crc32(of: UnsafeRawBufferPointer(rebasing: target[..<done]), from: checksum)
    produced += done
    return done
  }

  /// The first bytes that `source` unpacks to, at most `count` of them; fewer where it ends or is damaged.
  static func first(_ count: Int, of source: UnsafeRawBufferPointer) -> [UInt8] {
    var stream = z_stream()
    guard inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return [] }
    defer { _ = inflateEnd(&stream) }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, produced in
      stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self))
      stream.avail_in = UInt32(min(1 << 30, source.count))
      stream.next_out = buffer.baseAddress
      stream.avail_out = UInt32(count)
      // Whatever it ends with: what has been unpacked until then is told by what is left of the room.
      _ = CZlib.inflate(&stream, Z_SYNC_FLUSH)
      produced = count - Int(stream.avail_out)
    }
  }
}

/// zip's checksum.
func crc32(of bytes: UnsafeRawBufferPointer, from start: UInt32 = 0) -> UInt32 {
  // zlib takes a null pointer as the wish for the initial value.
  guard let address = bytes.baseAddress, !bytes.isEmpty else { return start }
  return UInt32(truncatingIfNeeded: crc32_z(UInt(start), address.assumingMemoryBound(to: UInt8.self), bytes.count))
}
