import Clocks
import EventFiles
import Files
import Reporting

/// Tells TensorBoard what `metrics.jsonl` and the pictures of samples hold.
final class EventRecorder {
  private let output: RunDirectory
  private var file: EventFile?

  /// Lines of training that are told again when a run goes on.
  private static let mostRepeated = 2_000

  init(_ output: RunDirectory) { self.output = output }

  /// Adds new lines and the picture of the newest evaluation.
  ///
  /// - Parameter isAnew: what was told before is not true any more, or told by another process: TensorBoard forgets it.
  func add(_ lines: [RunHistory.Line], isAnew: Bool, picture: (iteration: Int, path: String)?) throws(FileError) {
    let seconds = SystemClock.calendar.seconds
    let isNew = try !Directories.isThere(output.place(output.events))
    if file == nil { file = try EventFile(output.place(output.events), seconds: seconds) }
    guard let file else { return }
    if isAnew, !isNew { try file.forget(from: 0, seconds: seconds) }
    let step = max(1, lines.count { $0.kind == "training" } / Self.mostRepeated)
    var place = 0
    var steps: [(step: Int, values: [EventFile.Value])] = []
    for line in lines where line.kind == "training" || line.kind == "evaluation" {
      if line.kind == "training" {
        place += 1
        guard place % step == 0 else { continue }
      }
      let values = line.numbers.filter { $0.key != "iteration" }.sorted { $0.key < $1.key }
      steps.append((line.iteration, values.map { .number(tag: "\(line.kind)/\($0.key)", $0.value) }))
    }
    for picture in isAnew && !isNew ? olderPictures : picture.map({ [$0] }) ?? [] {
      guard let png = try? InputFile(output.place(picture.path)).bytes(), let size = Self.size(ofPNG: png) else {
        continue
      }
      steps.append((picture.iteration, [.picture(tag: "samples", png: png, height: size.height, width: size.width)]))
    }
    try file.append(steps, seconds: seconds)
  }

  /// Those of the run's samples that are told again, spread over it.
  private var olderPictures: [(iteration: Int, path: String)] {
    let names = ((try? Directories.names(in: output.place(output.samples))) ?? []).filter { $0.hasSuffix(".png") }
      .sorted()
    let count = min(names.count, Self.mostPictures)
    return (0..<count).compactMap { place in
      let name = names[place * (names.count - 1) / max(1, count - 1)]
      return Int(name.filter(\.isNumber)).map { ($0, "\(output.samples)/\(name)") }
    }
  }

  private static let mostPictures = 20

  /// From the header that every PNG begins with.
  private static func size(ofPNG bytes: [UInt8]) -> (height: Int, width: Int)? {
    guard bytes.count >= 24 else { return nil }
    let number = { (start: Int) in bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) } }
    return (number(20), number(16))
  }
}
