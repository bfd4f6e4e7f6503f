/// Curves over iterations, as SVG.
struct LineChart {
  struct Series {
    let name: String
    let points: [(x: Double, y: Double)]
  }

  static let colors = ["#3366cc", "#dc3912", "#109618", "#ff9900", "#990099", "#0099c6", "#dd4477", "#66aa00"]
  private static let (width, height, left, bottom, top) = (520.0, 230.0, 62.0, 28.0, 38.0)

  let title: String
  let series: [Series]
  /// A level to compare with, such as what real images score.
  var level: Double?

  /// Nothing where no curve has a finite point.
  var svg: String? {
    let finite = series.map { Series(name: $0.name, points: Self.thinned($0.points.filter { abs($0.y) < 1e100 })) }
      .filter { !$0.points.isEmpty }
    let all = finite.flatMap(\.points)
    guard let first = all.first else { return nil }
    let level = level.flatMap { abs($0) < 1e100 ? $0 : nil }
    var (x0, x1, y0, y1) = (first.x, first.x, level ?? first.y, level ?? first.y)
    for point in all {
      (x0, x1, y0, y1) = (min(x0, point.x), max(x1, point.x), min(y0, point.y), max(y1, point.y))
    }
    if x1 == x0 { x1 = x0 + 1 }
    if y1 == y0 { (y0, y1) = (y0 - 0.5, y1 + 0.5) }
    let (w, h) = (Self.width - Self.left - 10, Self.height - Self.top - Self.bottom)
    let place = { (x: Double, y: Double) in
      (Self.left + (x - x0) / (x1 - x0) * w, Self.top + (y1 - y) / (y1 - y0) * h)
    }
    var parts = [
      "<svg width=\"520\" height=\"230\" viewBox=\"0 0 520 230\" font-family=\"system-ui, sans-serif\" font-size=\"11\">",
      "<text x=\"4\" y=\"14\" font-weight=\"bold\">\(HTML.escaped(title))</text>",
    ]
    for step in 0...4 {
      let value = y0 + (y1 - y0) * Double(step) / 4
      let y = Self.short(place(x0, value).1)
      parts.append("<line x1=\"62\" x2=\"510\" y1=\"\(y)\" y2=\"\(y)\" stroke=\"#e4e4e4\"/>")
      parts.append("<text x=\"57\" y=\"\(y)\" text-anchor=\"end\" dy=\"3\">\(HTML.number(value))</text>")
      let x = x0 + (x1 - x0) * Double(step) / 4
      parts.append(
        "<text x=\"\(Self.short(place(x, y0).0))\" y=\"222\" text-anchor=\"\(step == 4 ? "end" : "middle")\">\(Int(x.rounded()))</text>"
      )
    }
    if let level {
      let y = Self.short(place(x0, level).1)
      parts.append(
        "<line x1=\"62\" x2=\"510\" y1=\"\(y)\" y2=\"\(y)\" stroke=\"#888\" stroke-dasharray=\"5 4\"><title>real samples</title></line>"
      )
    }
    for (index, curve) in finite.enumerated() {
      let color = Self.colors[index % Self.colors.count]
      let points = curve.points.map { point in
        let (x, y) = place(point.x, point.y)
        return "\(Self.short(x)),\(Self.short(y))"
      }
      parts.append(
        "<polyline fill=\"none\" stroke=\"\(color)\" stroke-width=\"1.5\" points=\"\(points.joined(separator: " "))\"/>"
      )
      if points.count == 1, let only = points.first?.split(separator: ",") {
        parts.append("<circle cx=\"\(only[0])\" cy=\"\(only[1])\" r=\"3\" fill=\"\(color)\"/>")
      }
    }
    // A row of names below the title, cut to what there is room for.
    let room = 450 / max(1, finite.count)
    for (index, curve) in finite.enumerated() where !curve.name.isEmpty {
      let most = max(3, room / 6)
      let name = curve.name.count <= most ? curve.name : String(curve.name.prefix(most - 1)) + "…"
      parts.append(
        "<text x=\"\(62 + room * index)\" y=\"30\" fill=\"\(Self.colors[index % Self.colors.count])\">\(HTML.escaped(name))<title>\(HTML.escaped(curve.name))</title></text>"
      )
    }
    return parts.joined() + "</svg>"
  }

  /// At most 600 points: means of neighbours.
  private static func thinned(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    let size = (points.count + 599) / 600
    guard size > 1 else { return points }
    return stride(from: 0, to: points.count, by: size).map { first in
      let part = points[first..<min(points.count, first + size)]
      let sum = part.reduce((0, 0)) { ($0.0 + $1.x, $0.1 + $1.y) }
      return (sum.0 / Double(part.count), sum.1 / Double(part.count))
    }
  }

  private static func short(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(abs(tenths % 10))"
  }
}
