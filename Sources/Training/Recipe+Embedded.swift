extension Recipe {
  /// A recipe that comes with the program.
  public struct Embedded: Sendable {
    public let name: String
    public let summary: String
    public let yaml: String
  }

  /// All of them, the recommended one first.
  public static let embedded: [Embedded] = [
    Embedded(
      name: "digits-dense",
      summary: "readable 16×16 digits in seconds: the dense attention CGAN with what mends it",
      yaml: """
        name: digits-dense
        model:
          generator:
            hiddenAfter: [256]
            imageLayerScale: 0.2
            attention: {gate: true}
          discriminator:
            imageLayerScale: 0.2
            attention: {gate: true}
        training:
          iterations: 1500
          generatorLearningRate: 0.002
          discriminatorLearningRate: 0.002
          mismatchedLabelWeight: 0.5
          weightDecay: 0.3
          averageDecay: 0.999
        """),
    Embedded(
      name: "dense-reference",
      summary: "the dense attention CGAN exactly as commonly pasted together; slow to learn, for comparison",
      yaml: "name: dense-reference\n"),
  ]

  /// The embedded recipe `name`.
  public static func embedded(named name: String) throws -> Embedded {
    if let found = embedded.first(where: { $0.name == name }) { return found }
    let nearest = embedded.map(\.name).min { editDistance(name, $0) < editDistance(name, $1) } ?? ""
    throw Failure(
      "there is no recipe \(name); did you mean \(nearest)? `lockstep recipes` lists them; a file needs a / or .yaml",
      code: .configuration)
  }
}
