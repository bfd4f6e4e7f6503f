extension HealthMonitor.State {
  /// Every number under the name that a checkpoint gives it.
  static let fields: [(name: String, path: WritableKeyPath<Self, Double> & Sendable)] = [
    ("discriminatorNormCount", \.discriminatorNorm.count), ("discriminatorNormMean", \.discriminatorNorm.mean),
    ("discriminatorNormVariance", \.discriminatorNorm.variance),
    ("generatorNormCount", \.generatorNorm.count), ("generatorNormMean", \.generatorNorm.mean),
    ("generatorNormVariance", \.generatorNorm.variance),
    ("realAccuracyCount", \.realAccuracy.count), ("realAccuracyMean", \.realAccuracy.mean),
    ("realAccuracyVariance", \.realAccuracy.variance),
    ("fakeAccuracyCount", \.fakeAccuracy.count), ("fakeAccuracyMean", \.fakeAccuracy.mean),
    ("fakeAccuracyVariance", \.fakeAccuracy.variance),
    ("learningRateFactor", \.learningRateFactor),
    ("rollBacks", \.rollBacks),
    ("skipsInRow", \.skipsInRow),
    ("isSaturated", \.isSaturated),
    ("discriminatorOutlier", \.discriminatorOutlier),
    ("generatorOutlier", \.generatorOutlier),
    ("isCollapsed", \.isCollapsed),
  ]

  /// `name=bits` of every number, to the last bit: sixteen hexadecimal digits each.
  var text: String {
    Self.fields.map { "\($0.name)=\(String(self[keyPath: $0.path].bitPattern, radix: 16))" }.joined(separator: " ")
  }

  /// Takes over what `text` wrote; unknown names are left out, missing numbers keep their start.
  init(text: String) {
    self.init()
    let paths = Dictionary(uniqueKeysWithValues: Self.fields.map { ($0.name, $0.path) })
    for part in text.split(separator: " ") {
      let pair = part.split(separator: "=", maxSplits: 1)
      guard pair.count == 2, let path = paths[String(pair[0])], let bits = UInt64(pair[1], radix: 16) else { continue }
      self[keyPath: path] = Double(bitPattern: bits)
    }
  }
}
