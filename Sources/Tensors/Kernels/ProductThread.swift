// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// What oneDNN and BLAS need of the thread that calls them: threads of their own kept away, which would
/// spin against ours, and signals held back.
///
/// The second is not a nicety. Some of oneDNN's generated kernels use a buffer on the heap as their
/// stack. A signal's handler writes its frame below the stack pointer, there as anywhere: over
/// memory that belongs to others. A run stopped by Ctrl-C crashed this way, one time in five.
enum ProductThread {
  /// Runs `product`; signals that come meanwhile are delivered afterwards.
  static func shielded<Result>(_ product: () -> Result) -> Result {
    if prepare() == .shielded { return product() }
    var (blocked, before) = (Self.blocked, sigset_t())
    pthread_sigmask(SIG_BLOCK, &blocked, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    return product()
  }

  /// The same for a call of BLAS or LAPACK. Some of these have threads of their own, which are not
  /// OpenMP's.
  static func shieldedBLAS<Result>(_ call: () -> Result) -> Result {
    _ = keepBLASOnOneThread
    return shielded(call)
  }

  /// Keeps signals from this thread for good, as suits one that only computes: others take them.
  static func shieldForGood() {
    _ = prepare()
    var blocked = Self.blocked
    pthread_sigmask(SIG_BLOCK, &blocked, nil)
    pthread_setspecific(key, UnsafeRawPointer(bitPattern: State.shielded.rawValue))
  }

  private enum State: Int { case prepared = 1, shielded }

  /// Prepares a thread that comes for the first time.
  private static func prepare() -> State {
    if let state = State(rawValue: Int(bitPattern: pthread_getspecific(key))) { return state }
    setOpenMPThreads?(1)
    pthread_setspecific(key, UnsafeRawPointer(bitPattern: State.prepared.rawValue))
    return .prepared
  }

  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
  }()

  private typealias SetThreads = @convention(c) (Int32) -> Void

  /// Symbols are looked up because oneDNN may be built without OpenMP, and BLAS is whichever the system
  /// has.
  private static func setter(_ name: String) -> SetThreads? {
    dlsym(dlopen(nil, RTLD_NOW), name).map { unsafeBitCast($0, to: SetThreads.self) }
  }

  /// OpenMP asks this of each thread.
  private static let setOpenMPThreads = setter("omp_set_num_threads")

  /// OpenBLAS, its ancestor and MKL are asked once for the whole process, others in it included, and so
  /// not before something is to be multiplied in `Double`.
  private static let keepBLASOnOneThread: Void = {
    for name in ["openblas_set_num_threads", "goto_set_num_threads", "MKL_Set_Num_Threads"] {
      setter(name)?(1)
    }
  }()

  /// All signals but those that a fault of the program itself raises: they cannot wait.
  private static let blocked: sigset_t = {
    var set = sigset_t()
    sigfillset(&set)
    for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT] { sigdelset(&set, fault) }
    return set
  }()
}
