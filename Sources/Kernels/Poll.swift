/// What a long kernel calls every few dozen microseconds, so that communication goes on: a C function, since no closure can
/// pass through C.
public struct Poll {
  let function: @convention(c) (UnsafeMutableRawPointer?) -> Void
  let context: UnsafeMutableRawPointer?

  public init(
    _ function: @escaping @convention(c) (UnsafeMutableRawPointer?) -> Void, context: UnsafeMutableRawPointer?
  ) {
    self.function = function
    self.context = context
  }
}
