extension [Column] {
  /// What a column is called: by its number where it has no name.
  public func name(at index: Int) -> String {
    let name = indices.contains(index) ? self[index].name : ""
    return name.isEmpty ? "\(index + 1)" : name
  }
}

extension SampleLayout.Kind {
  /// What samples are called: images, series, rows.
  public var noun: String {
    switch self {
    case .images: "images"
    case .sequences: "series"
    case .vectors: "rows"
    }
  }

  private var singular: String {
    switch self {
    case .images: "image"
    case .sequences: "series"
    case .vectors: "row"
    }
  }

  /// A sentence about images in the words of this kind.
  public func worded(_ sentence: String) -> String {
    self == .images
      ? sentence : sentence.replacing("images", with: noun).replacing("image", with: singular)
  }
}
