import ArgumentParser

/// What samples are asked to show, and what they are made of.
struct SampleOptions: ParsableArguments {
  enum Way: String, ExpressibleByArgument, CaseIterable { case noise, condition, both }

  @Option(
    help: ArgumentHelp(
      """
      Classes to show, in equal parts, comma-separated (default: all): all by name or all by number from 0 on; by name \
      where names are numbers themselves. A name with a comma stands in double quotes.
      """, valueName: "0,3,…"))
  var classes: String?

  @Option(
    help: ArgumentHelp(
      "For continuous conditions: the quantities in the data's units, comma-separated (default: their means).",
      valueName: "a,b,…"))
  var condition: String?

  @Option(
    help: ArgumentHelp(
      """
      Rows that go from one sample to another: between two noise vectors (along the sphere), two conditions (each class \
      to the next one of --classes; --condition to --to), or both.
      """, valueName: "noise|condition|both"))
  var interpolate: Way?

  @Option(help: ArgumentHelp("Samples of a row of --interpolate.", valueName: "N"))
  var steps = 8

  @Option(
    help: ArgumentHelp("Where --interpolate goes from --condition: quantities in the data's units.", valueName: "a,b,…")
  )
  var to: String?

  @Flag(help: "The same noise for each class, or each row: what differs is the condition's doing.")
  var fixedNoise = false

  @Option(
    help: ArgumentHelp(
      "Noise with no component beyond this, as if those were drawn again: below 1 less variety, more typical samples.",
      valueName: "X"))
  var truncation: Double?

  @Option(help: ArgumentHelp("Another seed draws other samples.", valueName: "N"))
  var seed = 0

  func validate() throws {
    guard seed >= 0 else { throw ValidationError("--seed \(seed): must be 0 or more") }
    guard (2...10_000).contains(steps) else { throw ValidationError("--steps \(steps): must be from 2 to 10,000") }
    if let truncation, !(1e-6...10).contains(truncation) {
      throw ValidationError("--truncation \(truncation): must be from 0.000001 to 10")
    }
    if to != nil, interpolate != .condition, interpolate != .both {
      throw ValidationError("--to: say --interpolate condition, or both")
    }
    if fixedNoise, interpolate == .noise || interpolate == .both {
      throw ValidationError(
        "--fixed-noise: --interpolate \(interpolate?.rawValue ?? "") changes the noise; leave one out")
    }
  }

  /// How many samples where no number is given: ten rows, or a hundred.
  var usualCount: Int { interpolate == nil ? 100 : 10 * steps }

  func check(count: Int) throws {
    guard (1...1_000_000_000).contains(count) else {
      throw ValidationError("--count \(count): must be from 1 to 1,000,000,000")
    }
    if interpolate != nil, count % steps != 0 {
      throw ValidationError("--count \(count): rows have --steps \(steps) samples; name a multiple of it")
    }
  }
}
