import Datasets
import Files
import Tensors
import Training

/// Samples as lines of comma-separated numbers, in the data's units, each with what it was asked to show.
struct SampleTable {
  let layout: SampleLayout
  let shape: Shape
  let request: SampleRequest

  /// - Throws: for images, and when the file cannot be written.
  func write(_ numbers: [Float], to path: String) throws {
    guard layout.kind != .images else {
      throw Failure("--output \(path): images make no table; end the name in .png or .npz", code: .usage)
    }
    let size = shape.count
    try AtomicFile.write(to: path, isDurable: false) { writer throws(FileError) in
      try writer.write(Array((header.map(Self.quoted).joined(separator: ",") + "\n").utf8))
      for row in 0..<numbers.count / size {
        var fields = request.labels.map { [Self.quoted(request.classNames[$0[row]])] } ?? []
        fields += request.quantities.map { "\($0)" }
        fields += numbers[row * size..<(row + 1) * size].map { "\($0)" }
        try writer.write(Array((fields.joined(separator: ",") + "\n").utf8))
      }
    }
  }

  private var header: [String] {
    let names =
      layout.kind == .vectors
      ? layout.columns.map(\.name)
      : (0..<shape[1]).flatMap { step in layout.columns.map { "\($0.name)[\(step)]" } }
    return (request.labels == nil ? [] : ["class"]) + request.quantityNames + names
  }

  /// Quotes where RFC 4180 asks for them.
  private static func quoted(_ text: String) -> String {
    text.contains { ",\"".contains($0) } ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
  }
}
