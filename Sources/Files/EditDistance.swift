/// Insertions, deletions and substitutions that turn one text into the other, upper and lower case alike
/// (Levenshtein, 1965).
public func editDistance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a.lowercased()), Array(b.lowercased()))
  var row = Array(0...b.count)
  for i in a.indices {
    var diagonal = row[0]
    row[0] = i + 1
    for j in b.indices {
      let substitution = diagonal + (a[i] == b[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(substitution, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[b.count]
}

/// The one of `words` that `text` is likely to be a slip of: at most a third of its letters differ, of five two, so
/// that swapped ones are found.
public func nearest(to text: String, among words: some Sequence<String>) -> String? {
  let far = max(1, (text.count + 1) / 3)
  return words.map { ($0, editDistance(text, $0)) }.filter { $0.1 <= far }.min { $0.1 < $1.1 }?.0
}
