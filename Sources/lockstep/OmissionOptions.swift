import ArgumentParser

/// What may be left out of data, for commands that read some.
struct OmissionOptions: ParsableArguments {
  @Flag(help: "Leave out files of an image folder that cannot be read, and count them.")
  var skipUnreadable = false

  @Flag(
    name: .customLong("drop-nonfinite"),
    help: "Leave out samples of an array or a table with NaN or infinity, and count them.")
  var dropNonFinite = false
}
