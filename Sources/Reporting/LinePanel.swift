import Tensors

/// A small picture of a sequence: values of −3 to 3 over its steps, a line for each channel; of a vector, over its
/// components.
public struct LinePanel {
  private static let height = 48
  private static let leastWidth = 64
  private static let most: Float = 3
  /// Dark on white; channels beyond the last share it.
  private static let colours: [[Float]] = [
    [-0.8, -0.4, 0.4], [0.7, -0.5, -0.6], [-0.7, 0.2, -0.6], [-0.1, -0.1, -0.1],
  ]

  private let steps: Int
  private let lines: Int
  private let width: Int

  public init(steps: Int, lines: Int) {
    self.steps = steps
    self.lines = lines
    width = min(512, max(Self.leastWidth, steps))
  }

  /// `[H, W, 3]`
  public var imageShape: Shape { [Self.height, width, 3] }

  /// - Shapes: `values` `[steps, lines]`; result `imageShape`, in [−1, 1].
  public func drawn(_ values: UnsafeBufferPointer<Float>) -> [Float] {
    precondition(values.count == steps * lines, "\(values.count) values for \(steps) steps of \(lines)")
    var image = [Float](repeating: 1, count: imageShape.count)
    let axis = Self.height / 2
    for x in 0..<width { for c in 0..<3 { image[(axis * width + x) * 3 + c] = 0.7 } }
    for line in 0..<lines {
      let colour = Self.colours[min(line, Self.colours.count - 1)]
      var last: Int?
      for x in 0..<width {
        let y = row(of: value(at: x, of: values, line: line))
        for filled in min(y, last ?? y)...max(y, last ?? y) {
          for c in 0..<3 { image[(filled * width + x) * 3 + c] = colour[c] }
        }
        last = y
      }
    }
    return image
  }

  /// Between two steps on the straight line.
  private func value(at x: Int, of values: UnsafeBufferPointer<Float>, line: Int) -> Float {
    let place = Float(x) * Float(steps - 1) / Float(max(1, width - 1))
    let step = min(Int(place), max(0, steps - 2))
    let next = min(step + 1, steps - 1)
    let share = place - Float(step)
    return values[step * lines + line] * (1 - share) + values[next * lines + line] * share
  }

  private func row(of value: Float) -> Int {
    let clamped = value.isNaN ? 0 : min(Self.most, max(-Self.most, value))
    return Int(((Self.most - clamped) / (2 * Self.most) * Float(Self.height - 1)).rounded())
  }
}
