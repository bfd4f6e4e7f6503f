/// A network that cannot be exported: where, why, what to do.
public struct ExportError: Error, Equatable, CustomStringConvertible {
  /// The layer's path, such as `generator/attention`; empty where it is about the whole network.
  public let layer: String
  public let reason: String
  public let remedy: String

  public init(layer: String, reason: String, remedy: String) {
    self.layer = layer
    self.reason = reason
    self.remedy = remedy
  }

  public var description: String { (layer.isEmpty ? "" : "\(layer): ") + "\(reason); \(remedy)" }
}
