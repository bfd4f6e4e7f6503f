import CReaderWatch
import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

// Feeds damaged and hostile files to every reader of the program: checkpoints, recipes and all kinds of data.
//
//     swift run -c release reader-probe --count 20000
//     swift run -c release reader-probe --reader png --seed 7 --only 1234     (one file again)
//     swift build --sanitize=address -c debug --product reader-probe --scratch-path .build-asan
//     .build-asan/debug/reader-probe --count 20000 --seconds 60               (with the address sanitizer)
//
// Each file must be read, or refused with one clear line that names it, in 2 seconds of the processor and with no more
// memory than its size and 64 MB; pictures and packed files may take in addition what the limits in CImages and deflate's
// factor of 1,032 allow. Exit 1 after a violation; the files stay where its line says. A crash or a hang ends the run with
// the path of the files: go on behind them with --start.

let usage = """
  usage: reader-probe [--count N] [--seed S] [--reader NAME|all] [--start I] [--only I] [--seconds T] [--verbose]
    NAME is one of \(Reader.allCases.map(\.rawValue).joined(separator: ", "))
  """
do {
  let options = try Options(Array(CommandLine.arguments.dropFirst()))
  var probe = try Probe(options)
  exit(try probe.run() ? 0 : 1)
} catch let error as Options.Wrong {
  say("\(error.text)\n\(usage)")
  exit(64)
} catch {
  say("reader-probe: \(error)")
  exit(70)
}
