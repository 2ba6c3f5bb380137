// SPDX-License-Identifier: Apache-2.0

internal import CKernels
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Threads that meet twice per training step: the calling thread and `count - 1` others.
///
/// Between two runs in quick succession the others spin, because waking a sleeping thread takes
/// longer than a phase of a small step; after a while they sleep.
///
/// Any thread may ask for a run: while one is under way, another thread's run waits its turn. A run
/// that is asked for from within a run, of this pool or of another, does all its work on the thread
/// that asks: the others are busy, perhaps waiting for this one.
///
/// While they work, numbers below the normal range (1e-38 in `Float`) count as zero: arithmetic
/// with them would take a hundred times as long.
public final class WorkerPool: Sendable {
  /// The number of threads that work, the calling one included.
  public let count: Int
  /// Where training steps on these threads note what they spend their time on.
  public let profile: Profile?
  private let shared: Shared

  /// The work of one run and the meeting before and after it.
  private final class Shared: Sendable {
    struct Mail: Sendable {
      var work: (@Sendable (Int) -> Void)?
      var isClosed = false
    }

    let mail = Mutex(Mail())
    /// Counts runs: a thread that has seen fewer has work to do.
    let generation = Atomic<Int>(0)
    /// Threads that have not finished this run, apart from the calling one.
    let unfinished = Atomic<Int>(0)
    let door = Door()
    /// Held during a run.
    let turn = Mutex(())
  }

  /// Starts the threads.
  ///
  /// - Parameters:
  ///   - count: At least 1; more threads than CPUs only help to test that results agree.
  ///   - profile: Gathers where the time of training steps goes.
  public init(count: Int = WorkerPool.availableProcessors, profile: Profile? = nil) {
    precondition(count >= 1, "a pool of \(count) threads cannot work")
    self.count = count
    self.profile = profile
    shared = Shared()
    for index in 1..<max(count, 1) {
      startThread { [shared] in Self.serve(index, shared) }
    }
  }

  deinit {
    shared.mail.withLock { $0.isClosed = true }
    // After the mail: a thread that sees the number change finds the pool closed.
    shared.door.open { shared.generation.add(1, ordering: .releasing) }
  }

  /// Runs `work` once for each thread's number, 0 ..< count, on that thread, and returns when all
  /// are done. Within a run it is called with one number after the other on this thread.
  public func run(_ work: @escaping @Sendable (Int) -> Void) {
    if WorkingThread.isCurrent {
      for number in 0..<count { work(number) }
    } else {
      shared.turn.withLock { _ in runOnAllThreads(work) }
    }
  }

  /// Hands `work` to the waiting threads, takes the part of thread 0, and waits for the others.
  ///
  /// What this thread wrote before is seen by all of them through the door (release, acquire), and
  /// what they wrote is seen here once `unfinished` is 0 (each releases, this thread acquires).
  private func runOnAllThreads(_ work: @escaping @Sendable (Int) -> Void) {
    WorkingThread.begin()
    let mode = elbo_flush_subnormals()
    defer {
      elbo_restore_subnormals(mode)
      WorkingThread.end()
    }
    if count == 1 { return work(0) }
    shared.mail.withLock { $0.work = work }
    // Before the door opens, or a quick thread would count down from what it was.
    shared.unfinished.store(count - 1, ordering: .relaxed)
    shared.door.open { shared.generation.add(1, ordering: .releasing) }
    work(0)
    var spins = 0
    while shared.unfinished.load(ordering: .acquiring) > 0 { pause(&spins) }
    // What the work holds on to need not outlive the run.
    shared.mail.withLock { $0.work = nil }
  }

  /// Calls `body` with (thread, item) for the items 0 ..< items. Thread i begins with item i, then
  /// whoever is free takes the next: a thread that the system held up does not hold up the others.
  /// Which thread takes an item differs from run to run, so that results must not depend on it.
  public func forEach(_ items: Int, _ body: @escaping @Sendable (Int, Int) -> Void) {
    // The first `count` items are taken without asking.
    let next = SharedCounter(from: count)
    run { thread in
      var item = thread
      while item < items {
        body(thread, item)
        item = next.take()
      }
    }
  }

  /// Calls `body` for 0 ..< items as ``forEach(_:_:)`` does and returns the results in order.
  public func map<Result: Sendable>(
    _ items: Int, _ body: @escaping @Sendable (Int) -> Result
  ) -> [Result] {
    let results = Mutex([Result?](repeating: nil, count: items))
    forEach(items) { _, item in
      let result = body(item)
      results.withLock { $0[item] = result }
    }
    return results.withLock { $0.compactMap { $0 } }
  }

  /// The life of a thread: waits for a run, does its part, says so.
  private static func serve(_ index: Int, _ shared: Shared) {
    // 0 also for a thread that starts after a run has been opened: it has a part in that run too,
    // which does not end without it.
    var seen = 0
    ProductThread.shieldForGood()
    WorkingThread.begin()
    _ = elbo_flush_subnormals()
    while true {
      seen = shared.door.wait(until: shared.generation, isNot: seen)
      let mail = shared.mail.withLock { $0 }
      if mail.isClosed { return }
      mail.work?(index)
      shared.unfinished.subtract(1, ordering: .acquiringAndReleasing)
    }
  }
}

/// Whether the thread that asks works for a pool at this moment: a mark that each thread has for
/// itself.
private enum WorkingThread {
  static var isCurrent: Bool { pthread_getspecific(key) != nil }
  static func begin() { pthread_setspecific(key, UnsafeRawPointer(bitPattern: 1)) }
  static func end() { pthread_setspecific(key, nil) }

  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
  }()
}

/// Hands out whole numbers, each once. No other memory is ordered by it: what the items give is
/// passed on at the end of the run.
private final class SharedCounter: Sendable {
  private let value: Atomic<Int>
  init(from first: Int) { value = Atomic(first) }
  func take() -> Int { value.add(1, ordering: .relaxed).oldValue }
}

/// Spins, then lets other threads run: with more threads than cores, one must make way.
private func pause(_ spins: inout Int) {
  spins += 1
  if spins % 4096 == 0 { sched_yield() }
}

private func startThread(_ body: @escaping @Sendable () -> Void) {
  final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  let argument = Unmanaged.passRetained(Box(body)).toOpaque()
  #if canImport(Glibc)
    var thread = pthread_t()
  #else
    var thread: pthread_t?
  #endif
  let status = pthread_create(
    &thread, nil,
    { argument in
      #if canImport(Glibc)
        guard let argument else { return nil }
      #endif
      Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
      return nil
    }, argument)
  precondition(status == 0, "the system refused to start a thread (error \(status))")
  #if canImport(Glibc)
    pthread_detach(thread)
  #else
    if let thread { pthread_detach(thread) }
  #endif
}

/// Where threads wait for the next run: first awake, then asleep.
private final class Door: @unchecked Sendable {
  // Condition variables have no Swift form; this one is touched under `mutex` alone.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  /// About a tenth of a millisecond: longer than the time between the phases of a step.
  private static let spins = 40_000

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  /// Makes a change that threads wait for, and wakes those that sleep. Under the mutex, so that
  /// none falls asleep between looking and sleeping.
  func open(_ change: () -> Void) {
    pthread_mutex_lock(mutex)
    change()
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(mutex)
  }

  /// The value once it is not `seen` any more. Reading it acquires what was written before the
  /// change.
  func wait(until value: borrowing Atomic<Int>, isNot seen: Int) -> Int {
    var spins = 0
    while spins < Self.spins {
      let current = value.load(ordering: .acquiring)
      if current != seen { return current }
      pause(&spins)
    }
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while value.load(ordering: .acquiring) == seen { pthread_cond_wait(changed, mutex) }
    return value.load(ordering: .acquiring)
  }
}
