/// What other programs call the commands.
enum CommandNames {
  /// - Parameter word: in small letters.
  static func command(meantBy word: String) -> String? {
    rows.first { $0.names.split(separator: " ").contains { $0 == word } }?.command
  }

  static let rows: [(names: String, command: String)] = [
    ("version v", "--version"), ("h usage", "--help"), ("training run fit learn start go", "train"),
    ("resume continue restart", "train --resume auto --output DIR"),
    ("samples generate gen draw infer inference predict synthesize synthesise", "sample"),
    ("eval evaluation test validate val judge", "evaluate"), ("fid metrics score scores metric", "measure"),
    ("show info ls list cat checkpoints describe", "inspect"), ("attention attention-maps", "inspect RUN --attention"),
    ("profiling bench benchmark perf time", "profile"),
    ("planning forecast predict-time estimate scale scaling", "plan"),
    ("diagnose diagnostics health env environment info-machine system", "doctor"),
    ("check dataset datasets check-data validate-data verify", "data check"),
    ("pack convert-data prepare preprocess", "data pack"),
    ("recipe configs config presets models keys", "recipes"), ("convert to-onnx onnx save", "export"),
    ("load", "import"),
    ("reports compare plot plots tensorboard html page", "report"),
    ("search tune tuning hpo grid grid-search", "sweep"),
  ]
}
