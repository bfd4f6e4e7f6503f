/// The arena of a program over its operations: what lies where, and when.
public struct MemoryMap {
  public struct Place {
    public let name: String
    public let layer: String
    /// Bytes from the start.
    public let offset: Int
    public let bytes: Int
    public let units: Range<Int>

    public init(name: String, layer: String, offset: Int, bytes: Int, units: Range<Int>) {
      (self.name, self.layer, self.offset) = (name, layer, offset)
      (self.bytes, self.units) = (bytes, units)
    }
  }

  public let title: String
  public let bytes: Int
  public let units: Int
  public let places: [Place]

  public init(title: String, bytes: Int, units: Int, places: [Place]) {
    (self.title, self.bytes, self.units, self.places) = (title, bytes, units, places)
  }

  private static let (width, height, top) = (520.0, 300.0, 22.0)

  var svg: String {
    guard bytes > 0, units > 0 else { return "" }
    var layers: [String] = []
    var parts = [
      "<svg width=\"520\" height=\"322\" font-family=\"system-ui, sans-serif\" font-size=\"11\">",
      "<text x=\"0\" y=\"13\" font-weight=\"bold\">\(HTML.escaped(title))</text>",
      "<rect x=\"0\" y=\"22\" width=\"520\" height=\"300\" fill=\"#f6f6f6\"/>",
    ]
    for place in places {
      let layer = place.layer.split(separator: "/").prefix(2).joined(separator: "/")
      let index = layers.firstIndex(of: layer) ?? layers.count
      if index == layers.count { layers.append(layer) }
      let x = Double(place.units.lowerBound) / Double(units) * Self.width
      let height = Double(place.bytes) / Double(bytes) * Self.height
      let y = Self.top + Self.height - Double(place.offset) / Double(bytes) * Self.height - height
      let words =
        "\(place.name) \(place.layer): \(HTML.number(Double(place.bytes) * 1e-6)) MB, operations "
        + "\(place.units.lowerBound + 1) to \(place.units.upperBound)"
      parts.append(
        "<rect x=\"\(SVG.short(x))\" y=\"\(SVG.short(y))\" width=\"\(SVG.short(Double(place.units.count) / Double(units) * Self.width))\""
          + " height=\"\(SVG.short(max(0.3, height)))\" fill=\"\(Self.color(index))\" stroke=\"#fff\" stroke-width=\"0.3\">"
          + "<title>\(HTML.escaped(words))</title></rect>")
    }
    return parts.joined() + "</svg>"
  }

  /// Hues that neighbours do not share: steps of the golden angle.
  private static func color(_ index: Int) -> String { "hsl(\((index * 137) % 360), 55%, \(index % 2 == 0 ? 58 : 70)%)" }
}
