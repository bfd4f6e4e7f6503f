import Files
import Tensors

/// Semeion: 1,593 handwritten digits, 16×16, black or white; a line has 256 pixels and then ten columns of which one
/// is 1.
///
/// - Source: Buscema: Semeion Handwritten Digit, UCI Machine Learning Repository, 1994.
public enum Semeion {
  static let side = 16
  static let pixelCount = side * side
  static let classCount = 10
  /// The file is ordered by writer and way of writing, so every fifth image is held out rather than the last ones.
  static let testStride = 5

  /// - Throws: when the file is missing or a line is not 266 columns of 0 and 1 with one class; line and column are
  ///   named.
  public static func load(file path: String) throws(DatasetError) -> Dataset {
    let text: [UInt8]
    do throws(FileError) { text = try InputFile(path: path).bytes() } catch { throw DatasetError(error) }
    var parser = SemeionParser(path: path, text: text)
    while try parser.readLine() {}
    let images = ImageSet(imageShape: [side, side, 1], pixels: parser.pixels[...], labels: parser.labels[...])
    guard images.count >= testStride else {
      throw DatasetError(
        file: path, reason: "\(images.count) images, at least \(testStride) are needed", remedy: "copy the file again")
    }
    return Dataset(
      name: "semeion", classNames: (0..<classCount).map(String.init),
      training: images.selecting((0..<images.count).filter { $0 % testStride != testStride - 1 }),
      test: images.selecting((0..<images.count).filter { $0 % testStride == testStride - 1 }))
  }
}

/// Walks through the text once; beside it, it keeps only the images.
private struct SemeionParser {
  let path: String
  let text: [UInt8]
  var pixels: [UInt8] = []
  var labels: [Int32] = []
  private var position = 0
  private var line = 0

  init(path: String, text: [UInt8]) {
    self.path = path
    self.text = text
  }

  /// Reads one line (an empty one adds nothing); false at the end of the text.
  mutating func readLine() throws(DatasetError) -> Bool {
    guard position < text.count else { return false }
    line += 1
    let columnCount = Semeion.pixelCount + Semeion.classCount
    var column = 0
    var label: Int32?
    while let word = nextWord() {
      column += 1
      guard column <= columnCount else { throw error("line \(line) has more than \(columnCount) columns") }
      guard let isOne = Self.bit(word) else {
        let shown = String(decoding: word.prefix(20), as: UTF8.self).debugDescription
        throw error("line \(line), column \(column) is \(shown), neither 0 nor 1", "name a Semeion text file")
      }
      if column <= Semeion.pixelCount {
        pixels.append(isOne ? 255 : 0)
      } else if isOne {
        guard label == nil else { throw error("line \(line) names more than one class") }
        label = Int32(column - Semeion.pixelCount - 1)
      }
    }
    if column == 0 { return true }
    guard column == columnCount else { throw error("line \(line) has \(column) columns of \(columnCount)") }
    guard let label else { throw error("line \(line) names no class in its last \(Semeion.classCount) columns") }
    labels.append(label)
    return true
  }

  /// The next word of the line; nil behind its last one, the line's end then being consumed.
  private mutating func nextWord() -> ArraySlice<UInt8>? {
    while position < text.count, isBlank(text[position]) { position += 1 }
    let start = position
    while position < text.count, !isBlank(text[position]), text[position] != UInt8(ascii: "\n") { position += 1 }
    if position > start { return text[start..<position] }
    position += 1
    return nil
  }

  private func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
  }

  /// `0`, `1`, `0.0000`, `1.0000`; nil for anything else.
  private static func bit(_ word: ArraySlice<UInt8>) -> Bool? {
    guard let first = word.first, first == UInt8(ascii: "0") || first == UInt8(ascii: "1") else { return nil }
    let rest = word.dropFirst()
    guard rest.isEmpty || (rest.first == UInt8(ascii: ".") && rest.dropFirst().allSatisfy { $0 == UInt8(ascii: "0") })
    else { return nil }
    return first == UInt8(ascii: "1")
  }

  private func error(_ reason: String, _ remedy: String = "copy the file again") -> DatasetError {
    DatasetError(file: path, reason: reason, remedy: remedy)
  }
}
