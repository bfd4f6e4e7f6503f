import CMPI
import Synchronization
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a rank shows of itself, read at one moment.
struct PulseReading: Equatable {
  var beats: UInt64 = 0
  /// iteration · 256 + (128 while kernels run) + activity: one word, so that they always belong together.
  var work: UInt64 = 0
  /// arrivals · 256 + collective (0: in none).
  var presence: UInt64 = 0
  /// How often this rank's watchdog has looked: no progress, but a process that runs. 0 where that cannot be seen.
  var watches: UInt64 = 0
  /// What this rank has read and written of files, as its watchdog sees it. 0 where that cannot be seen.
  var filesTraffic: UInt64 = 0
  /// This rank has said that nothing moves any more.
  var hasSpoken = false
  /// This rank has left in order.
  var hasEnded = false

  /// Nil for a rank of which nothing was heard yet.
  var activity: Activity? { Activity(rawValue: Int32(work & 127)) }
  var runsKernels: Bool { work & PulseReading.kernels != 0 }
  static let kernels: UInt64 = 128
  /// By how much the timeout is longer while this rank does not beat.
  var patience: Double { runsKernels ? 1 : (activity ?? .starting).patience }
  var iteration: Int { Int(work >> 8) }
  /// Nil outside of any.
  var collective: Collective? { Collective(rawValue: UInt8(presence & 255)) }
  /// How many collectives this rank has come to.
  var arrivals: UInt64 { presence >> 8 }

  func isSame(as other: PulseReading) -> Bool {
    beats == other.beats && work == other.work && presence == other.presence
      && (filesTraffic == other.filesTraffic || !mayBeSilent)
  }

  /// At work that is one long call, such as reading data: files that are read or written are all that moves.
  private var mayBeSilent: Bool { collective == nil && patience > 1 }
}

/// One line per rank of the run, each written by its rank, or for ranks of another node by the one that hears of them; read
/// by anybody. Where ranks share memory the lines of all of them lie there.
///
/// `@unchecked Sendable`: the words are atomics, and where they lie changes under a lock that every reader holds.
final class PulseBoard: @unchecked Sendable {
  enum Word: Int32 { case beats, work, presence, watches, spoken, ended, filesTraffic, voice }

  static func byteCount(ranks: Int) -> Int { ranks * Int(CMPI_COUNTER_STRIDE) }

  let size: Int
  /// What the ranks are called in messages: those of a part of a job by their numbers in the whole.
  let numbers: [Int]
  /// Watchdogs of this process that see a part of these ranks, and know more of what stands still there.
  let watchedParts = Atomic(0)
  private let own: MemoryBlock
  /// The address of the lines in use.
  private let place: Mutex<UInt>

  init(size: Int, numbers: [Int]? = nil) {
    self.size = size
    self.numbers = numbers ?? Array(0..<size)
    precondition(self.numbers.count == size, "\(self.numbers.count) numbers of \(size) ranks")
    own = MemoryBlock(byteCount: Self.byteCount(ranks: size))
    place = Mutex(UInt(bitPattern: own.address))
  }

  /// Where `rank` writes. Only for the thread that calls `move`.
  func line(of rank: Int) -> UnsafeMutableRawPointer {
    let base = place.withLock { UnsafeMutableRawPointer(bitPattern: $0) } ?? own.address
    return base + rank * Int(CMPI_COUNTER_STRIDE)
  }

  /// From now on the lines lie at `shared` (zeroed before), taking `rank`'s own along; or, for nil, in own memory again,
  /// with what was last seen of the others. Nobody reads the former place afterwards.
  func move(to shared: UnsafeMutableRawPointer?, rank: Int) {
    let target = shared ?? own.address
    place.withLock { address in
      guard let source = UnsafeRawPointer(bitPattern: address), UInt(bitPattern: target) != address else { return }
      let ranks = shared == nil ? 0..<size : rank..<(rank + 1)
      // No allocation: who holds this lock must not wait for another.
      for rank in ranks {
        let offset = rank * Int(CMPI_COUNTER_STRIDE)
        for word in Word.beats.rawValue...Word.voice.rawValue {
          cmpi_word_store(target + offset, word, cmpi_word_load(source + offset, word))
        }
      }
      address = UInt(bitPattern: target)
    }
  }

  /// Allocates nothing.
  func read(into readings: UnsafeMutableBufferPointer<PulseReading>) {
    precondition(readings.count == size, "\(readings.count) readings of \(size) ranks")
    place.withLock { address in
      guard let base = UnsafeRawPointer(bitPattern: address) else { return }
      for rank in 0..<size {
        let line = base + rank * Int(CMPI_COUNTER_STRIDE)
        readings[rank] = PulseReading(
          beats: cmpi_word_load(line, Word.beats.rawValue), work: cmpi_word_load(line, Word.work.rawValue),
          presence: cmpi_word_load(line, Word.presence.rawValue),
          watches: cmpi_word_load(line, Word.watches.rawValue),
          filesTraffic: cmpi_word_load(line, Word.filesTraffic.rawValue),
          hasSpoken: cmpi_word_load(line, Word.spoken.rawValue) != 0,
          hasEnded: cmpi_word_load(line, Word.ended.rawValue) != 0)
      }
    }
  }

  /// Tells the others that the process of `rank` runs. Only for its watchdog.
  func countWatch(rank: Int) {
    place.withLock { address in
      guard let base = UnsafeMutableRawPointer(bitPattern: address) else { return }
      cmpi_word_increment(base + rank * Int(CMPI_COUNTER_STRIDE), Word.watches.rawValue)
    }
  }

  /// Tells the others how much this process has read and written of files. Only for its watchdog.
  func show(filesTraffic: UInt64, rank: Int) {
    place.withLock { address in
      guard let base = UnsafeMutableRawPointer(bitPattern: address) else { return }
      cmpi_word_store(base + rank * Int(CMPI_COUNTER_STRIDE), Word.filesTraffic.rawValue, filesTraffic)
    }
  }

  /// True for the first, in this process and all others that see these lines.
  func claimVoice() -> Bool {
    place.withLock { address in
      guard let base = UnsafeMutableRawPointer(bitPattern: address) else { return true }
      return cmpi_word_claim(base, Word.voice.rawValue)
    }
  }

  /// Tells the others that `rank` has written why the run ends.
  func setSpoken(rank: Int) {
    place.withLock { address in
      guard let base = UnsafeMutableRawPointer(bitPattern: address) else { return }
      cmpi_word_store(base + rank * Int(CMPI_COUNTER_STRIDE), Word.spoken.rawValue, 1)
    }
  }
}
