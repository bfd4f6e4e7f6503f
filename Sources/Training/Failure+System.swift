import Checkpoints

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension Failure.Code {
  /// What the `errno` of a failed open or read means; nil where the file was read and is wrong.
  public init(reading code: Int32?) {
    switch code {
    case nil: self = .data
    case EACCES, EPERM, ENOENT, ENOTDIR, EISDIR, ELOOP, ENAMETOOLONG, EINVAL, ENXIO: self = .noInput
    case EMFILE, ENFILE, ENOMEM: self = .operatingSystem
    default: self = .inputOutput
    }
  }

  /// What trouble with a checkpoint means.
  public init(_ cause: CheckpointError.Cause) {
    switch cause {
    case .damaged, .foreign: self = .data
    case .unreadable(let code): self.init(reading: code)
    case .unwritable(EIO), .unwritable(ESTALE): self = .inputOutput
    case .unwritable: self = .cannotCreate
    }
  }
}
