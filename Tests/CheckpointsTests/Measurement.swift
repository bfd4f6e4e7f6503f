import Foundation
import Testing

/// Figures for the documentation take time and a quiet machine: they are printed only when asked for.
enum Measurement {
  static let isOn = ProcessInfo.processInfo.environment["LOCKSTEP_MEASURE"] == "1"
  static let howTo: Comment = "set LOCKSTEP_MEASURE=1 to measure"
}
