import Datasets
import Evaluation
import Reporting
import Tensors

/// What attention looks at, as a picture: for images, where some places of them look; for tokens, the weights themselves.
public struct AttentionPicture {
  /// A file name without its ending: `attention-generator-attention8`.
  public let name: String
  private let panels: [Float]
  private let panelShape: Shape
  private let columns: Int

  /// Panels of tokens are about so large.
  private static let matrixSide = 64
  private static let samples = 6
  /// Where in the image places that look are, in its sides.
  private static let places = [(0.25, 0.25), (0.25, 0.75), (0.5, 0.5), (0.75, 0.25), (0.75, 0.75)]

  /// Pictures of all attention layers, of the first samples.
  ///
  /// - Parameter writeCondition: of a sample.
  public static func draw(
    _ programs: EvaluationPrograms, iteration: UInt64 = 0, writeCondition: (Int, UnsafeMutablePointer<Float>) -> Void
  ) throws -> [AttentionPicture] {
    let (images, maps) = try programs.attention(block: 0, iteration: iteration, writeCondition: writeCondition)
    return maps.map { AttentionPicture($0, images: images, imageShape: programs.imageShape) }
  }

  private init(_ map: EvaluationPrograms.AttentionMap, images: [Float], imageShape: Shape) {
    name = "attention-" + map.layer.map { $0.isLetter || $0.isNumber ? String($0) : "-" }.joined()
    let (height, width) = (imageShape[0], imageShape[1])
    // Places of an image, to places of half its sides.
    let rows = Int((Double(map.queries * height) / Double(width)).squareRoot().rounded())
    guard rows > 1, map.queries % rows == 0, map.keys * 4 == map.queries, height > 1 else {
      (panels, panelShape, columns) = Self.matrices(map)
      return
    }
    panelShape = [height, width, 3]
    columns = 1 + Self.places.count
    let size = imageShape.count
    panels = (0..<Self.samples).flatMap { sample -> [Float] in
      let image = Array(images[sample * size..<(sample + 1) * size])
      return Self.coloured(image, imageShape)
        + Self.places.flatMap { place in
          Self.overlay(map, sample: sample, place: place, grid: (rows, map.queries / rows), image: image, imageShape)
        }
    }
  }

  /// The weights of the mean over 64 samples, then of single ones, a row of the panel a token that looks.
  private static func matrices(_ map: EvaluationPrograms.AttentionMap) -> ([Float], Shape, Int) {
    let (queries, keys) = (map.queries, map.keys)
    let size = queries * keys
    let count = map.weights.count / size
    let mean = (0..<size).map { i in (0..<count).reduce(Float(0)) { $0 + map.weights[$1 * size + i] } / Float(count) }
    let cell = max(1, matrixSide / max(queries, keys))
    let all = [mean] + (0..<samples - 1).map { Array(map.weights[$0 * size..<($0 + 1) * size]) }
    let panels = all.flatMap { weights -> [Float] in
      let most = max(weights.max() ?? 0, .leastNormalMagnitude)
      return (0..<queries * cell).flatMap { y in
        (0..<keys * cell).map { x in 2 * weights[y / cell * keys + x / cell] / most - 1 }
      }
    }
    return (panels, [queries * cell, keys * cell, 1], samples)
  }

  /// The image in grey, what the place looks at in red, the place itself in green.
  private static func overlay(
    _ map: EvaluationPrograms.AttentionMap, sample: Int, place: (Double, Double), grid: (rows: Int, columns: Int),
    image: [Float], _ shape: Shape
  ) -> [Float] {
    let (height, width) = (shape[0], shape[1])
    let (row, column) = (Int(place.0 * Double(grid.rows)), Int(place.1 * Double(grid.columns)))
    let first = (sample * map.queries + row * grid.columns + column) * map.keys
    let weights = map.weights[first..<first + map.keys]
    let most = max(weights.max() ?? 0, .leastNormalMagnitude)
    var panel = coloured(image, shape).map { ($0 + 1) * 0.4 - 1 }
    for y in 0..<height {
      for x in 0..<width {
        let key = (y * grid.rows / height / 2) * (grid.columns / 2) + x * grid.columns / width / 2
        let target = (y * width + x) * 3
        panel[target] = min(1, panel[target] + 1.6 * weights[first + key] / most)
        if y * grid.rows / height == row, x * grid.columns / width == column {
          (panel[target], panel[target + 1], panel[target + 2]) = (-1, 1, -1)
        }
      }
    }
    return panel
  }

  private static func coloured(_ image: [Float], _ shape: Shape) -> [Float] {
    shape[2] == 3 ? image : image.flatMap { [$0, $0, $0] }
  }

  public func write(to path: String) throws {
    let count = panels.count / panelShape.count
    try panels.withUnsafeBufferPointer {
      try ImageGrid.writePNG($0, shape: Shape([count] + panelShape.dimensions), columns: columns, scale: 2, to: path)
    }
  }
}
