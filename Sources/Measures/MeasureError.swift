/// Why a measure cannot be taken.
public enum MeasureError: Error, Equatable, CustomStringConvertible {
  case tooFew(measure: String, count: Int, needed: Int)
  case notFinite(measure: String)
  /// The values were taken in different ways.
  case differentProtocols(field: String, String, String)

  public var description: String {
    switch self {
    case .tooFew(let measure, let count, let needed):
      "\(measure): \(count) samples are too few, it takes at least \(needed)"
    case .notFinite(let measure): "\(measure): the features hold a NaN or an infinity"
    case .differentProtocols(let field, let a, let b):
      "values of different protocols cannot be compared: \(field) is \(a) in one and \(b) in the other"
    }
  }
}
