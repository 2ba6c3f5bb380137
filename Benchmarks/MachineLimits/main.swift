// SPDX-License-Identifier: Apache-2.0
//
// What this machine can do, to hold training against: the rate of a large matrix product and of
// copying memory, on one thread and on all given, as one JSON object.
//
//     machine-limits [threads]

import Tensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

func seconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// The best of several runs, each on all threads of a pool at once.
func best(of runs: Int, on workers: WorkerPool, _ work: @escaping @Sendable () -> Void) -> Double {
  (0..<runs).map { _ in
    let start = seconds()
    workers.run { _ in work() }
    return seconds() - start
  }.min() ?? .nan
}

/// GFLOP/s of products of square matrices of this size, one on each thread.
func matrixRate(size: Int, threads: Int) -> Double {
  let workers = WorkerPool(count: threads)
  let a = Tensor<Float>.standardNormal([size, size], key: NoiseKey(seed: 0))
  let b = Tensor<Float>.standardNormal([size, size], key: NoiseKey(seed: 1))
  let time = best(of: 30, on: workers) { _ = a.matrixProduct(b) }
  return 2 * Double(size * size * size) * Double(threads) / time / 1e9
}

/// GB/s read and written by adding two large vectors, one pair on each thread.
func memoryRate(count: Int, threads: Int) -> Double {
  let workers = WorkerPool(count: threads)
  let a = Tensor<Float>(repeating: 1, shape: [count])
  let time = best(of: 10, on: workers) { _ = a + a }
  return 2 * Double(count * 4) * Double(threads) / time / 1e9
}

let threads = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 2
let counts = Set([1, threads]).sorted()
let entries = counts.map { count in
  "\"\(count)\": {\"matrix_gflops\": \(matrixRate(size: 1024, threads: count)), "
    + "\"memory_gb_per_second\": \(memoryRate(count: 1 << 22, threads: count))}"
}
print("{\"threads\": {\(entries.joined(separator: ", "))}}")
