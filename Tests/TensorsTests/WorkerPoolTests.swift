// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import Tensors
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite("Worker pool")
struct WorkerPoolTests {
  @Test("map keeps the order", arguments: [1, 2, 3, 4], [0, 1, 2, 3, 5, 100])
  func order(_ threads: Int, _ items: Int) {
    let pool = WorkerPool(count: threads)
    for _ in 0..<20 { #expect(pool.map(items) { $0 * $0 } == (0..<items).map { $0 * $0 }) }
  }

  @Test("optional results that are nil keep their places")
  func optionals() {
    let result = WorkerPool(count: 2).map(5) { $0 % 2 == 0 ? $0 : nil }
    #expect(result == [0, nil, 2, nil, 4])
  }

  @Test("each run calls every thread once", arguments: [1, 2, 4])
  func everyThread(_ threads: Int) {
    let pool = WorkerPool(count: threads)
    let calls = Mutex([Int](repeating: 0, count: threads))
    for _ in 0..<500 { pool.run { thread in calls.withLock { $0[thread] += 1 } } }
    #expect(calls.withLock { $0 } == [Int](repeating: 500, count: threads))
  }

  @Test("what the threads wrote is there when a run returns")
  func visibility() {
    let pool = WorkerPool(count: 3)
    let buffer = FlatBuffer<Double>(shapes: [[300]])
    for round in 1...50 {
      let parts = pool.map(3) { Tensor(repeating: Double(round * 10 + $0), shape: [100]) }
      buffer.assign([.concatenated(parts)])
      #expect(buffer.tensors[0].sum().scalar == Double(100 * (round * 30 + 3)))
    }
  }

  @Test("numbers below the normal range count as zero on every thread, and nowhere else")
  func subnormals() {
    let tiny = Tensor<Float>([Float.leastNormalMagnitude])
    for threads in [1, 2] {
      let halves = WorkerPool(count: threads).map(threads) { _ in (tiny * 0.5).scalar }
      #expect(halves == [Float](repeating: 0, count: threads))
    }
    #expect((tiny * 0.5).sum().scalar > 0)
  }

  @Test("a pool without threads is refused")
  func refusal() async {
    await #expect(processExitsWith: .failure) { _ = WorkerPool(count: 0) }
  }
}

@Suite("Several runs of a worker pool")
struct ConcurrentRunTests {
  /// Each thread number belongs to one piece of work at a time, as memory that is kept for it does.
  @Test("runs that several threads ask for at once come one after the other", arguments: [1, 2, 3])
  func turns(_ threads: Int) {
    let pool = WorkerPool(count: threads)
    let isBusy = Mutex([Bool](repeating: false, count: threads))
    let results = Mutex<[[Int]]>([])
    let conflicts = Mutex(0)
    let callers = 3
    let done = DispatchSemaphore(value: 0)
    for caller in 0..<callers {
      Thread {
        for round in 0..<200 {
          let numbers = Mutex([Int](repeating: 0, count: 8))
          pool.forEach(8) { thread, item in
            let wasBusy = isBusy.withLock { busy in
              defer { busy[thread] = true }
              return busy[thread]
            }
            if wasBusy { conflicts.withLock { $0 += 1 } }
            numbers.withLock { $0[item] += 100 * caller + round }
            isBusy.withLock { $0[thread] = false }
          }
          let expected = [Int](repeating: 100 * caller + round, count: 8)
          let found = numbers.withLock { $0 }
          if found != expected { results.withLock { $0.append(found) } }
        }
        done.signal()
      }.start()
    }
    for _ in 0..<callers { done.wait() }
    #expect(results.withLock { $0 } == [])
    #expect(conflicts.withLock { $0 } == 0)
  }

  @Test("a run within a run does all its work, on the thread that asks", arguments: [1, 2, 4])
  func nested(_ threads: Int) {
    let (pool, other) = (WorkerPool(count: threads), WorkerPool(count: 3))
    for inner in [pool, other] {
      let results = pool.map(4) { item in
        let asking = pthread_self()
        let here = inner.map(5) { (10 * item + $0, pthread_equal(pthread_self(), asking) != 0) }
        let numbers = Mutex<[Int]>([])
        inner.run { number in numbers.withLock { $0.append(number) } }
        return (
          here.map(\.0), here.allSatisfy(\.1), numbers.withLock { $0 } == Array(0..<inner.count)
        )
      }
      #expect(results.map(\.0) == (0..<4).map { item in (0..<5).map { 10 * item + $0 } })
      #expect(results.allSatisfy(\.1) && results.allSatisfy(\.2))
    }
    // Afterwards the calling thread is as free as before.
    #expect(pool.map(2) { $0 } == [0, 1])
  }

  @Test("numbers below the normal range still count as zero after a run within a run")
  func nestedSubnormals() {
    let tiny = Tensor<Float>([Float.leastNormalMagnitude])
    let pool = WorkerPool(count: 2)
    let halves = pool.map(2) { _ in
      _ = pool.map(2) { $0 }
      return (tiny * 0.5).scalar
    }
    #expect(halves == [0, 0])
  }
}

@Suite("CPUs that a process may use")
struct AvailableProcessorTests {
  @Test("as many threads by default as CPUs, at least one")
  func defaults() {
    let available = WorkerPool.availableProcessors
    // Foundation asks the system for the affinity mask.
    #expect(available >= 1 && available <= ProcessInfo.processInfo.activeProcessorCount)
    #expect(WorkerPool().count == available)
  }

  @Test(
    "one CPU for each bit of the affinity mask",
    arguments: [
      ("Name:\tx\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n", 2), ("Cpus_allowed:\t8\n", 1),
      ("Cpus_allowed:\tff,00000003,fedcba98\n", 8 + 2 + 20), ("Cpus_allowed:\t0\n", nil),
      ("Cpus_allowed_list:\t0-1\n", nil), ("", nil),
    ] as [(String, Int?)])
  func affinity(_ status: String, _ expected: Int?) {
    let files = ["/proc/thread-self/status": status]
    #expect(ProcessorLimits.affinity { files[$0] } == expected)
    #expect(ProcessorLimits.affinity { _ in nil } == nil)
  }

  /// The quota of a machine with these files.
  private func processors(_ files: [String: String]) -> Int? {
    ProcessorLimits.quota { files[$0] }
  }

  private let version2 = """
    25 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
    31 25 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate

    """

  @Test(
    "quota over period in cpu.max, rounded up",
    arguments: [
      ("max 100000\n", nil), ("200000 100000\n", 2), ("150000 100000\n", 2), ("1000 100000\n", 1),
      ("200001 100000\n", 3), ("400000 50000", 8), ("9223372036854775807 1\n", Int.max),
      ("0 100000\n", nil), ("100000 0\n", nil), ("100000\n", nil), ("", nil), ("many few\n", nil),
    ] as [(String, Int?)])
  func quota(_ text: String, _ expected: Int?) {
    let files = [
      "/proc/self/cgroup": "0::/app\n", "/proc/self/mountinfo": version2,
      "/sys/fs/cgroup/app/cpu.max": text,
    ]
    #expect(processors(files) == expected)
  }

  @Test("the groups above count too, and the smallest quota decides")
  func parents() {
    var files = [
      "/proc/self/cgroup": "0::/kube/pod/app\n", "/proc/self/mountinfo": version2,
      "/sys/fs/cgroup/kube/pod/app/cpu.max": "max 100000\n",
      "/sys/fs/cgroup/kube/pod/cpu.max": "300000 100000\n",
      "/sys/fs/cgroup/kube/cpu.max": "700000 100000\n",
    ]
    #expect(processors(files) == 3)
    files["/sys/fs/cgroup/kube/cpu.max"] = "50000 100000\n"
    #expect(processors(files) == 1)
    files["/sys/fs/cgroup/kube/pod/app/cpu.max"] = nil
    #expect(processors(files) == 1)
  }

  /// As a container sees it: its own group is mounted as the topmost one.
  @Test("a mount that shows a part of the tree")
  func mountedPart() {
    let mounts = "31 25 0:26 /docker/1f /sys/fs/cgroup ro - cgroup2 cgroup rw\n"
    var files = [
      "/proc/self/cgroup": "0::/docker/1f/inner\n", "/proc/self/mountinfo": mounts,
      "/sys/fs/cgroup/cpu.max": "400000 100000\n",
      "/sys/fs/cgroup/inner/cpu.max": "200000 100000\n",
    ]
    #expect(processors(files) == 2)
    for outside in ["0::/docker/2e\n", "0::/../2e\n", "0::/\n"] {
      files["/proc/self/cgroup"] = outside
      #expect(processors(files) == 4)
    }
  }

  @Test("version 1, alone and beside version 2")
  func version1() {
    let mounts = """
      33 25 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
      34 25 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:10 master:2 - cgroup cgroup rw,cpu,cpuacct
      35 25 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
      """
    let folder = "/sys/fs/cgroup/cpu,cpuacct"
    var files = [
      "/proc/self/cgroup": "5:memory:/m\n4:cpu,cpuacct:/a:b/c\n3:cpuset:/s\n0::/\n",
      "/proc/self/mountinfo": mounts,
      "\(folder)/cpu.cfs_quota_us": "-1\n", "\(folder)/cpu.cfs_period_us": "100000\n",
      "\(folder)/a:b/c/cpu.cfs_quota_us": "-1\n", "\(folder)/a:b/c/cpu.cfs_period_us": "100000\n",
    ]
    #expect(processors(files) == nil)
    files["\(folder)/a:b/cpu.cfs_quota_us"] = "250000\n"
    #expect(processors(files) == nil)
    files["\(folder)/a:b/cpu.cfs_period_us"] = "100000\n"
    #expect(processors(files) == 3)
  }

  @Test("a system without control groups has no quota")
  func none() {
    #expect(processors([:]) == nil)
    #expect(processors(["/proc/self/cgroup": "0::/\n"]) == nil)
    let nonsense = [
      "/proc/self/cgroup": "::\nx", "/proc/self/mountinfo": "1 2 - cgroup2\n - - -\n",
    ]
    #expect(processors(nonsense) == nil)
  }
}
