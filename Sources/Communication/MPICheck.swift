import CMPI

/// Turns MPI's return codes into errors that name the call and the rank.
struct MPICheck {
  let rank: Int

  @inline(__always)
  func callAsFunction(_ code: Int32, _ call: StaticString) throws(CommunicationError) {
    if let failure = failure(of: code, call) { throw failure }
  }

  @inline(__always)
  func failure(of code: Int32, _ call: StaticString) -> CommunicationError? {
    code == 0 ? nil : describe(code, call)
  }

  private func describe(_ code: Int32, _ call: StaticString) -> CommunicationError {
    let text = MPICommunicator.text(capacity: 512) { cmpi_error_text(code, $0, $1) } ?? "no text for this code"
    return .mpi(call: "\(call)", code: code, text: text, rank: rank)
  }
}
