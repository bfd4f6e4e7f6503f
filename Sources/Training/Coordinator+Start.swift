import Communication
import Datasets
import Kernels
import Reporting

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension Coordinator {
  /// Adds a line to `starts.jsonl`: on which machine the run goes on from here, and what its classes are called. All ranks
  /// take part.
  func recordStart() throws {
    let nodes = try communicator.allGather(communicator.nodeRank).count { $0 == 0 }
    guard isFirstRank else { return }
    startNodes = nodes
    writeStart()
  }

  /// Rank 0; a file that takes no line is no reason to lose a run, and is tried again.
  func writeStart() {
    guard let nodes = startNodes else { return }
    let (size, threads) = (communicator.size, trainer.threads)
    let machine = [
      Self.processorName ?? "a processor that OpenBLAS calls \(StartUp.coreName)",
      "\(size) \(size == 1 ? "rank" : "ranks") of \(threads) \(threads == 1 ? "thread" : "threads")",
      "\(nodes) \(nodes == 1 ? "node" : "nodes")", "gradients summed by \(trainer.settings)",
    ].joined(separator: ", ")
    let names = trainer.dataset.classNames.prefix(trainer.conditions.knownClasses)
    let columns = trainer.dataset.layout.columns.indices.map { trainer.dataset.layout.columns.name(at: $0) }
    // Another first line of this iteration: the one that counts is the last.
    do {
      try MetricsLog(output.place(output.starts)).append(iteration: trainer.iteration, kind: "start") { line in
        line.field("machine", text: machine)
        line.field("ranks", size)
        line.field("threads", threads)
        line.field("nodes", nodes)
        let layout = trainer.dataset.layout
        line.field("samples", text: layout.kind.rawValue)
        if layout.kind != .images, Self.isShort(columns) { line.field("columns", texts: columns) }
        if trainer.conditions.kind == .classes, Self.isShort(names) { line.field("classNames", texts: names) }
      }
      startNodes = nil
    } catch {
      if !hasWarnedOfStart {
        logger.warning(
          "the report does not tell on which machine this is: \(error); training goes on, the next checkpoint tries again"
        )
      }
      hasWarnedOfStart = true
    }
  }

  /// Whether they fit into a line, with room for the rest.
  private static func isShort(_ names: some Sequence<String>) -> Bool {
    names.reduce(0) { $0 + $1.utf8.count + 3 } < 4096
  }

  /// As the system calls it; nil where it does not.
  private static var processorName: String? {
    guard let file = fopen("/proc/cpuinfo", "r") else { return nil }
    // Only read from.
    defer { _ = fclose(file) }
    var line = [CChar](repeating: 0, count: 512)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      guard text.hasPrefix("model name"), let colon = text.firstIndex(of: ":") else { continue }
      return text[text.index(after: colon)...].split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
    return nil
  }
}
