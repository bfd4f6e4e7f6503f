import Checkpoints
import Communication
import Datasets
import Files
import Graphs
import Kernels
import Reporting

extension Failure {
  /// What an error means for the exit code.
  public init(_ error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case let error as DatasetError:
      switch error.cause {
      case .damaged: self.init(error.description, code: .data)
      case .missing: self.init(error.description, code: .noInput)
      case .wrongSource: self.init(error.description, code: .configuration)
      case .stopped: self.init(error.description, code: .tryAgain)
      }
    case let error as CheckpointError: self.init(error.description, code: Failure.Code(error.cause))
    case let error as FileError: self.init(error.description, code: .inputOutput)
    case let error as ReportError: self.init(error.description, code: .cannotCreate)
    case let error as GraphError: self.init(error.description, code: .configuration)
    case .launch(let text, _) as CommunicationError, .unanswered(let text, _) as CommunicationError:
      self.init(text, code: .usage)
    case let error as CommunicationError: self.init(error.description, code: .unavailable)
    case let error as WorkMemoryError: self.init(error.description, code: .operatingSystem)
    case let error as ThreadTeamError:
      self.init(error.description, code: error.isShortage ? .operatingSystem : .general)
    default: self.init("\(error)", code: .general)
    }
  }
}

/// A failure that all ranks know of: one of them has the message to print.
public struct SharedFailure: Error {
  public let failure: Failure
  /// True on the one rank that prints.
  public let isMine: Bool
}

extension Communicator {
  /// Runs work that may fail on some ranks only, and makes it fail on all: nobody goes on alone into a collective
  /// that the others never enter.
  ///
  /// - Precondition: `body` enters no collective.
  /// - Throws: `SharedFailure` on every rank.
  public func together<Result>(_ body: () throws -> Result) throws -> Result {
    var result: Result?
    var failure: Failure?
    do { result = try body() } catch { failure = Failure(error) }
    if let first = try firstFailure(failure?.description, exitCode: failure?.code.rawValue ?? 0) {
      throw SharedFailure(
        failure: Failure(first.message, code: Failure.Code(rawValue: first.exitCode) ?? .general),
        isMine: first.rank == rank)
    }
    guard let result else { preconditionFailure("neither a result nor a failure") }
    return result
  }
}
