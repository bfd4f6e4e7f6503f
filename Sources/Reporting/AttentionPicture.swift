import Files
import Tensors

/// Where attention goes, as a picture: dark for nothing, bright for the largest weight of a map. A map that is bright all
/// over is the mean of everything.
public struct AttentionPicture {
  /// Cells of one size, red, green and blue from −1 to 1.
  private var cells: [Float] = []
  private var size = (height: 1, width: 1)
  private var count = 0
  private let columns: Int

  /// Tokens: the mean of all samples, then some of them. A row is a token that asks, a column one that is asked.
  ///
  /// - Shapes: weights `[n, T, S]`, mean `[T, S]`.
  public init(weights: [Float], shape: Shape, mean: [Float]?, samples: Int) {
    let (queries, keys) = (shape[1], shape[2])
    let scale = max(1, 128 / max(queries, keys))
    size = (queries * scale, keys * scale)
    columns = min(samples, shape[0]) + (mean == nil ? 0 : 1)
    let maps = (mean.map { [$0[...]] } ?? []) + Self.parts(weights, count: min(samples, shape[0]), of: shape[0])
    for map in maps {
      add { y, x in map[map.startIndex + y / scale * keys + x / scale] }
    }
  }

  /// Places of images: a row per sample. The image, then for each of four places the image with it marked, and beside it
  /// where it looks.
  ///
  /// - Shapes: weights `[n, positions, positions / 4]`; images `[≥ n, H, W, C]`.
  public init(
    weights: [Float], shape: Shape, positions: (height: Int, width: Int), images: [Float], imageShape: Shape,
    samples: Int
  ) {
    let scale = max(1, 64 / max(imageShape[0], imageShape[1]))
    size = (imageShape[0] * scale, imageShape[1] * scale)
    let queries = [(0.5, 0.5), (0.25, 0.25), (0.25, 0.75), (0.75, 0.5)].map { place in
      (y: Int(place.0 * Double(positions.height)), x: Int(place.1 * Double(positions.width)))
    }
    columns = 1 + 2 * queries.count
    let keys = (height: positions.height / 2, width: positions.width / 2)
    for (sample, map) in Self.parts(weights, count: min(samples, shape[0]), of: shape[0]).enumerated() {
      let image = images[sample * imageShape.count..<(sample + 1) * imageShape.count]
      add(image: image, imageShape, scale: scale, mark: nil)
      for query in queries {
        add(image: image, imageShape, scale: scale, mark: (query, positions))
        let row = map.startIndex + (query.y * positions.width + query.x) * shape[2]
        add { [size] y, x in map[row + y * keys.height / size.height * keys.width + x * keys.width / size.width] }
      }
    }
  }

  public func write(to place: FilePlace) throws(ReportError) {
    let shape: Shape = [count, size.height, size.width, 3]
    var failure: ReportError?
    cells.withUnsafeBufferPointer { cells in
      do throws(ReportError) { try ImageGrid.writePNG(cells, shape: shape, columns: columns, to: place) } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  private static func parts(_ weights: [Float], count: Int, of all: Int) -> [ArraySlice<Float>] {
    let length = weights.count / max(1, all)
    return (0..<count).map { weights[$0 * length..<($0 + 1) * length] }
  }

  /// A map, over its largest weight.
  private mutating func add(_ weight: (_ y: Int, _ x: Int) -> Float) {
    var largest: Float = 0
    for y in 0..<size.height { for x in 0..<size.width { largest = max(largest, weight(y, x)) } }
    for y in 0..<size.height {
      for x in 0..<size.width { add(color: largest > 0 ? weight(y, x) / largest : 0) }
    }
    count += 1
  }

  private mutating func add(
    image: ArraySlice<Float>, _ shape: Shape, scale: Int,
    mark: (query: (y: Int, x: Int), of: (height: Int, width: Int))?
  ) {
    let channels = shape[2]
    let first = cells.count
    for y in 0..<size.height {
      for x in 0..<size.width {
        let pixel = image.startIndex + (y / scale * shape[1] + x / scale) * channels
        // Pictures have one channel or three; of others the first says most.
        for channel in 0..<3 { cells.append(image[pixel + (channels == 3 ? channel : 0)]) }
      }
    }
    count += 1
    guard let mark else { return }
    // A red frame around the place.
    let rows = mark.query.y * size.height / mark.of.height..<(mark.query.y + 1) * size.height / mark.of.height
    let columns = mark.query.x * size.width / mark.of.width..<(mark.query.x + 1) * size.width / mark.of.width
    for y in rows {
      for x in columns
      where y == rows.first || y == rows.last || x == columns.first || x == columns.last {
        let pixel = first + (y * size.width + x) * 3
        (cells[pixel], cells[pixel + 1], cells[pixel + 2]) = (1, -1, -1)
      }
    }
  }

  /// From black over violet and orange to a light yellow, in 256 steps of three.
  private static let palette: [Float] = {
    let stops: [[Float]] = [
      [0, 0, 0.02], [0.34, 0.06, 0.43], [0.73, 0.21, 0.33], [0.98, 0.55, 0.04], [0.99, 1, 0.64],
    ]
    return (0..<256).flatMap { step in
      let place = Float(step) / 255 * Float(stops.count - 1)
      let index = min(Int(place), stops.count - 2)
      return (0..<3).map { channel in
        let (low, high) = (stops[index][channel], stops[index + 1][channel])
        return 2 * (low + (place - Float(index)) * (high - low)) - 1
      }
    }
  }()

  private mutating func add(color share: Float) {
    // Not a number is as good as nothing here.
    let step = share.isNaN ? 0 : Int(255 * max(0, min(1, share)))
    for channel in 0..<3 { cells.append(Self.palette[3 * step + channel]) }
  }
}
