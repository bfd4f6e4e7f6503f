import Files

extension RunDirectory {
  /// Directories of runs in a directory, sorted.
  public static func runs(in directory: String) -> [String] {
    // What cannot be listed holds none that could be named.
    let names = (try? Directories.names(in: directory)) ?? []
    return names.map { directory == "." ? $0 : "\(directory)/\($0)" }
      .filter { Directories.exists(RunDirectory($0).checkpoints.directory) }
  }

  /// What to say of a run that is not there: those that are, the most alike first of all.
  public static func missing(_ path: String) -> Failure {
    let parts = path.split(separator: "/").map(String.init)
    let parent = (path.hasPrefix("/") ? "/" : "") + parts.dropLast().joined(separator: "/")
    let there = runs(in: parent.isEmpty ? "." : parent)
    let known = there + (parent == "runs" ? [] : runs(in: "runs"))
    let name = { (path: String) in String(path.split(separator: "/").last ?? "") }
    let near = nearest(to: name(path), among: known.map(name)).flatMap { near in known.first { name($0) == near } }
    let listed = known.prefix(3).joined(separator: ", ")
    let remedy =
      near.map { "did you mean \($0)?" }
      ?? (known.isEmpty
        ? "name the directory that train had as --output" : "there is \(listed)\(known.count > 3 ? " and more" : "")")
    return Failure("\(path): there is no such run or checkpoint; \(remedy)", code: .noInput)
  }
}
