import CKernels
import COpenBLAS
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What must be right before OpenBLAS loads: that it makes no threads, and its choice of kernels; and before anything opens a
/// file: that 0, 1 and 2 are taken.
///
/// OpenBLAS makes its pool of threads, and takes its decision about the CPU, while the dynamic loader runs, before
/// `main`. So the program looks at the outcome, sets the environment, and executes itself again, once. A rank has one pool
/// of threads, its `ThreadTeam`; each of them calls a BLAS that works alone.
public enum StartUp {
  /// Marks the second execution; holds the kernels that OpenBLAS chose in the first.
  public static let guardVariable = "LOCKSTEP_STARTED"

  /// The kernels that this CPU deserves, where OpenBLAS chose narrower ones: a build older than the CPU may take one with
  /// 512-bit units for a Haswell and run at half speed. Nil where the choice is right.
  public static func deservedCore(chosen: String) -> String? {
    let narrow: Set = [
      "Haswell", "Zen", "Sandybridge", "Nehalem", "Prescott", "Core2", "Barcelona", "Bulldozer", "Piledriver",
      "Steamroller", "Excavator",
    ]
    guard narrow.contains(chosen) else { return nil }
    let level = ck_cpu_level_in_use()
    if level == CK_LEVEL_V4 { return "SkylakeX" }
    if level != CK_LEVEL_BASELINE, chosen != "Haswell", chosen != "Zen" { return "Haswell" }
    return nil
  }

  /// Gives standard input, output and error something to stand for where the program was started with them closed. Whatever
  /// is opened first would get their numbers, and lines of the log: a checkpoint, or a pipe between threads.
  public static func openStandardDescriptors() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest free number is this one.
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY)
    }
  }

  /// How Swift's runtime writes a backtrace when the program crashes, for it holds the whole job up: names of functions,
  /// of the thread that crashed, of ten frames (beside ranks that wait, 1 s in place of 6), and no question to a terminal.
  private static let backtrace =
    "symbolicate=fast,threads=crashed,images=none,registers=none,limit=10,top=2,interactive=no"

  /// Sets the environment for OpenBLAS and Swift's runtime, and re-executes the program where that changes anything.
  ///
  /// Must be the first statement of `main`: before threads, before MPI. A core type and settings of
  /// backtraces that the user has set stay; a number of BLAS threads does not.
  public static func prepareEnvironment() {
    openStandardDescriptors()
    defer {
      // Threads that exist already, where there is no second start, have nothing to do then.
      openblas_set_num_threads(1)
      AddressSpace.explainCrashes()
    }
    guard getenv(guardVariable) == nil else { return }
    var changed = openblas_get_num_threads() != 1
    setenv("OPENBLAS_NUM_THREADS", "1", 1)
    if getenv("SWIFT_BACKTRACE") == nil {
      setenv("SWIFT_BACKTRACE", backtrace, 1)
      changed = true
    }
    if getenv("OPENBLAS_CORETYPE") == nil, let core = deservedCore(chosen: coreName) {
      setenv("OPENBLAS_CORETYPE", core, 1)
      changed = true
    }
    guard changed else { return }
    setenv(guardVariable, coreName, 1)
    // On failure the program goes on as it was started, slower but right.
    execv("/proc/self/exe", CommandLine.unsafeArgv)
    unsetenv(guardVariable)
  }

  /// Whose kernels compute: ours for the CPU, OpenBLAS's for products.
  public static var kernels: String {
    let level =
      switch ck_cpu_level_in_use() {
      case CK_LEVEL_V4: "v4"
      case CK_LEVEL_V3: "v3"
      default: "baseline"
      }
    return "\(level) \(coreName)"
  }

  /// One line about the kernels in use where they are not those that OpenBLAS would use by itself, or should not be.
  public static var note: String? {
    if let deserved = deservedCore(chosen: coreName) {
      return "OPENBLAS_CORETYPE is set to \(coreName): large products run at a fraction of this CPU's speed; "
        + "unset it, or set \(deserved)"
    }
    guard let first = getenv(guardVariable).map({ String(cString: $0) }), first != coreName else { return nil }
    return "OpenBLAS took this CPU for \(first); its \(coreName) kernels are used instead"
  }

  /// The kernels in use now, as OpenBLAS names them.
  public static var coreName: String { String(cString: openblas_get_corename()) }

  /// Re-selects OpenBLAS's kernels inside a running process: for tests and library use, where there is no second
  /// start. Works on the shared DYNAMIC_ARCH build; others lack the two entry points and keep what they have.
  ///
  /// - Returns: the kernels in use afterwards.
  @discardableResult
  public static func selectCoreInProcess() -> String {
    openblas_set_num_threads(1)
    guard getenv("OPENBLAS_CORETYPE") == nil, let core = deservedCore(chosen: coreName) else { return coreName }
    typealias Entry = @convention(c) () -> Void
    let program = dlopen(nil, RTLD_NOW)
    guard let quit = dlsym(program, "gotoblas_dynamic_quit"), let start = dlsym(program, "gotoblas_dynamic_init")
    else { return coreName }
    setenv("OPENBLAS_CORETYPE", core, 1)
    unsafeBitCast(quit, to: Entry.self)()
    unsafeBitCast(start, to: Entry.self)()
    return coreName
  }
}
