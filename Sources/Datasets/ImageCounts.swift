import Files

/// How many images of a folder were changed on their way, so that nobody has to guess.
struct ImageCounts {
  /// Files looked at, readable or not.
  var images = 0
  private var turned = 0
  private var transparent = 0
  private var inks = 0
  private var grey = 0
  private var colored = 0
  /// Readable ones by bits a sample, and the first of each.
  private var depths: [Int: (count: Int, first: String)] = [:]

  mutating func add(_ traits: ImageDecoder.Traits, channels: Int, path: String) {
    if traits.orientation != .upright { turned += 1 }
    if traits.isTransparent { transparent += 1 }
    if traits.isCMYK { inks += 1 }
    if channels == 1 { grey += 1 } else { colored += 1 }
    let before = depths[traits.bits] ?? (0, path)
    depths[traits.bits] = (before.count + 1, before.first)
  }

  private func readable() -> Int { grey + colored }

  /// A range in the units of the files means nothing where these differ.
  func checkDepths(_ options: LoadingOptions, in directory: String) throws(DatasetError) {
    guard options.range != nil, depths.count > 1, let shallow = depths[8], let deep = depths[16] else { return }
    throw DatasetError(
      file: directory,
      reason: "data.range counts in the units of the files, but \(deep.first) has 16 bits a sample, \(shallow.first) 8",
      remedy: "save all with one depth, or set data.range=[] and each is taken by its full range")
  }

  /// - Parameter isRangeSeen: whether the range is what the samples show, not what was asked for.
  func notes(_ options: LoadingOptions, _ samples: SampleBytes, isRangeSeen: Bool) -> [String] {
    let all = grouped(readable())
    var notes: [String] = []
    func say(_ count: Int, _ one: String, _ many: String) {
      if count > 0 { notes.append("\(grouped(count)) of \(all) images \(count == 1 ? one : many)") }
    }
    if options.orients {
      say(turned, "is turned as its EXIF says", "are turned as their EXIF says")
    } else {
      say(turned, "lies as stored, not as its EXIF says", "lie as stored, not as their EXIF says")
    }
    say(inks, "is CMYK, made RGB without a profile", "are CMYK, made RGB without a profile")
    say(transparent, "is transparent in parts, laid over black", "are transparent in parts, laid over black")
    if options.channels == nil, colored > 0 { say(grey, "is grey, made RGB", "are grey, made RGB") }
    if let deep = depths[16], options.range == nil {
      say(
        deep.count, "has 16 bits a sample: 0 is black, 65,535 white", "have 16 bits a sample: 0 is black, 65,535 white")
    }
    if let range = options.range {
      let (low, high) = (SampleBytes.shown(range.lowerBound), SampleBytes.shown(range.upperBound))
      let beyond =
        samples.clipped == 0 ? "" : "; \(grouped(samples.clipped)) samples of pixels lie beyond and are clipped"
      let reason = isRangeSeen ? "since there are no other samples" : "as data.range says"
      notes.append("\(low) is black, \(high) white, \(reason)\(beyond)")
    }
    return notes
  }
}
