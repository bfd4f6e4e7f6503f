/// Parameters of both networks by name, `generator/…` and `discriminator/…`, in any order.
public typealias NamedParameters = [(name: String, values: [Float])]

/// Where `a` and `b` do not agree as two ways of computing one run should: ‖a−b‖₂ ≤ 1e-5·‖b‖₂ over each network, and per
/// tensor max|a−b| ≤ 1e-5·max|b| + 1e-2·learning rate·iterations.
///
/// Sums in another order differ by 6e-8 of their terms, but Adam divides by the gradient's own size: where a gradient is
/// nothing but rounding, steps differ.
public func disagreements(
  _ a: NamedParameters, _ b: NamedParameters, learningRate: Double, iterations: Int
) -> [String] {
  let (a, b) = (a.sorted { $0.name < $1.name }, b.sorted { $0.name < $1.name })
  guard a.map(\.name) == b.map(\.name), zip(a, b).allSatisfy({ $0.values.count == $1.values.count }) else {
    return ["other tensors"]
  }
  var found: [String] = []
  for network in ["generator/", "discriminator/"] {
    let pairs = zip(a, b).filter { $0.0.name.hasPrefix(network) }.flatMap { zip($0.values, $1.values) }
    let difference = pairs.reduce(0.0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }
    let size = pairs.reduce(0.0) { $0 + Double($1.1) * Double($1.1) }
    let relative = (difference / size).squareRoot()
    // `!(x <= y)`: NaN agrees with nothing.
    if !(relative <= 1e-5) { found.append("\(network): \(relative)") }
  }
  for (x, y) in zip(a, b) {
    let largest = y.values.reduce(0.0) { max($0, Double(abs($1))) }
    let difference = zip(x.values, y.values).reduce(0.0) { max($0, Double(abs($1.0 - $1.1))) }
    if !(difference <= 1e-5 * largest + 1e-2 * learningRate * Double(iterations)) {
      found.append("\(x.name): \(difference)")
    }
  }
  return found
}
