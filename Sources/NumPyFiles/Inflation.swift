import CZlib
import Files
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Unpacks what zip files deflate.
enum Inflation {
  /// No deflated byte stands for more (258 bytes in 2 bits).
  private static let mostFactor = 1_032

  /// Unpacks to exactly `byteCount` bytes.
  ///
  /// - Throws: before memory is taken, where so much cannot come of so little or does not fit into half of the machine's
  ///   memory; later, where the data are damaged.
  static func unpacked(
    _ source: UnsafeRawBufferPointer, byteCount: Int, checksum: UInt32, path: String, name: String
  ) throws(FileError) -> MemoryBlock {
    func damaged(_ reason: String) -> FileError {
      FileError(path: path, reason: "array \(name): \(reason)", remedy: "copy the file again")
    }
    guard byteCount / mostFactor <= source.count + 1 else {
      throw damaged("\(grouped(source.count)) packed bytes cannot hold \(grouped(byteCount))")
    }
    guard byteCount <= mostBytes else {
      throw FileError(
        path: path,
        reason: "array \(name): \(grouped(byteCount)) bytes when unpacked, more than half of the memory here",
        remedy: "save it with numpy.savez, which does not pack: it is then read where it lies")
    }
    let block = MemoryBlock(byteCount: byteCount)
    var stream = z_stream()
    // Negative: no header of zlib's own.
    guard inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw damaged("zlib cannot unpack it")
    }
    defer { _ = inflateEnd(&stream) }
    var (consumed, produced) = (0, 0)
    var status = Z_OK
    while status == Z_OK {
      let most = 1 << 30
      let (input, room) = (min(most, source.count - consumed), min(most, byteCount - produced))
      stream.next_in = UnsafeMutablePointer(
        mutating: source.baseAddress?.advanced(by: consumed).assumingMemoryBound(to: UInt8.self))
      stream.avail_in = UInt32(input)
      stream.next_out = block.address.advanced(by: produced).assumingMemoryBound(to: UInt8.self)
      stream.avail_out = UInt32(room)
      status = inflate(&stream, Z_NO_FLUSH)
      consumed += input - Int(stream.avail_in)
      produced += room - Int(stream.avail_out)
    }
    guard status == Z_STREAM_END, produced == byteCount else {
      throw damaged("its packed data are damaged or hold other than \(grouped(byteCount)) bytes")
    }
    guard crc32(of: UnsafeRawBufferPointer(start: block.address, count: byteCount)) == checksum else {
      throw damaged("its checksum does not hold")
    }
    return block
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
      _ = inflate(&stream, Z_SYNC_FLUSH)
      produced = count - Int(stream.avail_out)
    }
  }

  private static var mostBytes: Int { sysconf(Int32(_SC_PHYS_PAGES)) * Int(getpagesize()) / 2 }
}

/// zip's checksum.
func crc32(of bytes: UnsafeRawBufferPointer, from start: UInt32 = 0) -> UInt32 {
  // zlib takes a null pointer as the wish for the initial value.
  guard let address = bytes.baseAddress, !bytes.isEmpty else { return start }
  return UInt32(truncatingIfNeeded: crc32_z(UInt(start), address.assumingMemoryBound(to: UInt8.self), bytes.count))
}
