import Tracing

/// What a program tells a trace recorder of its units.
struct ProgramTrace {
  let recorder: TraceRecorder
  /// A name per unit.
  let names: [TraceName]

  init(_ plan: Plan, isUpdate: Bool, recorder: TraceRecorder) {
    self.recorder = recorder
    names = plan.unitDescriptions.map { description in
      let kind: TraceKind =
        switch description.wait {
        case .gradients: .gradientWait
        case .statistics: .statistics
        case nil: isUpdate ? .update : .compute
        }
      return recorder.name("\(description.name) \(description.layer)", kind: kind)
    }
  }

  @inline(__always)
  func record(_ unit: Int, start: UInt64, end: UInt64) {
    recorder.record(names[unit], lane: .compute, start: start, end: end)
  }
}
