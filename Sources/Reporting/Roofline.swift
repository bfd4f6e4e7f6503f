#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How fast operations are beside what the machine could do, by operations per byte.
///
/// - Source: Williams, Waterman, Patterson: Roofline, 2009.
public struct Roofline {
  public struct Dot {
    public let name: String
    public let operationsPerByte: Double
    public let gigaflopsPerSecond: Double
    /// Of the time of an iteration.
    public let share: Double

    public init(name: String, operationsPerByte: Double, gigaflopsPerSecond: Double, share: Double) {
      (self.name, self.operationsPerByte) = (name, operationsPerByte)
      (self.gigaflopsPerSecond, self.share) = (gigaflopsPerSecond, share)
    }
  }

  public let dots: [Dot]
  public let peakGigaflopsPerSecond: Double
  /// How fast arrays of a size are read and written.
  public let bandwidths: [(name: String, gigabytesPerSecond: Double)]

  public init(dots: [Dot], peakGigaflopsPerSecond: Double, bandwidths: [(name: String, gigabytesPerSecond: Double)]) {
    self.dots = dots.filter { $0.operationsPerByte > 0 && $0.gigaflopsPerSecond > 0 }
    (self.peakGigaflopsPerSecond, self.bandwidths) = (peakGigaflopsPerSecond, bandwidths)
  }

  private static let (width, height, left, bottom, top) = (760.0, 400.0, 60.0, 40.0, 16.0)
  /// Powers of ten that the axes show.
  private static let (xs, ys) = (-2.0...3.0, -1.0...3.0)

  private func place(_ x: Double, _ y: Double) -> (x: Double, y: Double) {
    let (w, h) = (Self.width - Self.left - 16, Self.height - Self.top - Self.bottom)
    let clamp = { (value: Double, range: ClosedRange<Double>) in min(range.upperBound, max(range.lowerBound, value)) }
    let (a, b) = (clamp(log10(x), Self.xs), clamp(log10(y), Self.ys))
    return (
      Self.left + (a - Self.xs.lowerBound) / (Self.xs.upperBound - Self.xs.lowerBound) * w,
      Self.top + (Self.ys.upperBound - b) / (Self.ys.upperBound - Self.ys.lowerBound) * h
    )
  }

  var svg: String {
    var parts = ["<svg width=\"760\" height=\"400\" font-family=\"system-ui, sans-serif\" font-size=\"11\">"]
    for power in Int(Self.xs.lowerBound)...Int(Self.xs.upperBound) {
      let x = SVG.short(place(pow(10, Double(power)), 1).x)
      parts.append("<line x1=\"\(x)\" x2=\"\(x)\" y1=\"16\" y2=\"360\" stroke=\"#eee\"/>")
      parts.append("<text x=\"\(x)\" y=\"375\" text-anchor=\"middle\">\(HTML.number(pow(10, Double(power))))</text>")
    }
    for power in Int(Self.ys.lowerBound)...Int(Self.ys.upperBound) {
      let y = SVG.short(place(1, pow(10, Double(power))).y)
      parts.append("<line x1=\"60\" x2=\"744\" y1=\"\(y)\" y2=\"\(y)\" stroke=\"#eee\"/>")
      parts.append(
        "<text x=\"54\" y=\"\(y)\" dy=\"3\" text-anchor=\"end\">\(HTML.number(pow(10, Double(power))))</text>")
    }
    parts.append("<text x=\"400\" y=\"394\" text-anchor=\"middle\">operations per byte</text>")
    parts.append("<text x=\"64\" y=\"12\">GFLOP/s</text>")
    parts += roofs
    for dot in dots.sorted(by: { $0.share > $1.share }) {
      let (x, y) = place(dot.operationsPerByte, dot.gigaflopsPerSecond)
      let radius = max(1.5, 60 * dot.share.squareRoot())
      let words =
        "\(dot.name): \(HTML.number(dot.gigaflopsPerSecond)) GFLOP/s, \(HTML.number(100 * dot.share)) % of the time"
      parts.append(
        "<circle cx=\"\(SVG.short(x))\" cy=\"\(SVG.short(y))\" r=\"\(SVG.short(radius))\" fill=\"\(Self.color(of: dot.name))\""
          + " fill-opacity=\"0.55\"><title>\(HTML.escaped(words))</title></circle>")
    }
    for (index, kind) in Self.kinds.enumerated() {
      parts.append(
        "<text x=\"\(90 + 120 * index)\" y=\"32\" fill=\"\(kind.color)\">● \(kind.words)</text>")
    }
    return parts.joined() + "</svg>"
  }

  /// From the slope of each bandwidth into the level of the peak.
  private var roofs: [String] {
    bandwidths.map { roof in
      let corner = peakGigaflopsPerSecond / roof.gigabytesPerSecond
      let start = pow(10, Self.ys.lowerBound) / roof.gigabytesPerSecond
      let points = [
        (start, pow(10, Self.ys.lowerBound)), (corner, peakGigaflopsPerSecond), (1e3, peakGigaflopsPerSecond),
      ]
      .map { point -> String in
        // A slope that begins left of the picture begins at its edge.
        let x = max(point.0, pow(10, Self.xs.lowerBound))
        let y = point.0 < x ? x * roof.gigabytesPerSecond : point.1
        let spot = place(x, y)
        return "\(SVG.short(spot.x)),\(SVG.short(spot.y))"
      }
      let words = "\(roof.name): \(HTML.number(roof.gigabytesPerSecond)) GB/s"
      return "<polyline fill=\"none\" stroke=\"#888\" points=\"\(points.joined(separator: " "))\">"
        + "<title>\(HTML.escaped(words))</title></polyline>"
    }
  }

  /// Kinds of operations, by how their names begin.
  private static let kinds: [(words: String, color: String, beginnings: [String])] = [
    ("products", "#3366cc", ["matmul"]), ("convolutions", "#109618", ["convolution"]),
    ("attention scores", "#990099", ["additive", "softmax"]), ("fused and others", "#ff9900", [""]),
  ]

  private static func color(of name: String) -> String {
    kinds.first { $0.beginnings.contains(where: name.hasPrefix) }?.color ?? "#888"
  }
}
