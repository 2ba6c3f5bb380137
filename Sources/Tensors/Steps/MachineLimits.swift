// SPDX-License-Identifier: Apache-2.0

/// What this machine can do at this moment, to hold a program against: medians of some runs. On a
/// shared machine they differ from minute to minute.
public struct MachineLimits: Sendable {
  /// Single-precision GFLOP/s of large matrix products, one on each thread, added up.
  public let matrixRate: Double
  /// GB/s read and written by adding vectors larger than the caches, added up over the threads.
  public let memoryRate: Double

  /// Measures for about a second.
  public init(measuredOn workers: WorkerPool) {
    matrixRate = Self.matrixRate(size: 1024, workers)
    memoryRate = Self.memoryRate(count: 1 << 22, workers)
  }

  private static func matrixRate(size: Int, _ workers: WorkerPool) -> Double {
    let a = Tensor<Float>.standardNormal([size, size], key: NoiseKey(seed: 0))
    let b = Tensor<Float>.standardNormal([size, size], key: NoiseKey(seed: 1))
    let seconds = medianSeconds(of: 31, workers) { _ = a.matrixProduct(b) }
    return 2 * Double(size * size * size) * Double(workers.count) / seconds / 1e9
  }

  private static func memoryRate(count: Int, _ workers: WorkerPool) -> Double {
    let a = Tensor<Float>(repeating: 1, shape: [count])
    let seconds = medianSeconds(of: 15, workers) { _ = a + a }
    return 2 * Double(count * 4) * Double(workers.count) / seconds / 1e9
  }

  private static func medianSeconds(
    of runs: Int, _ workers: WorkerPool, _ work: @escaping @Sendable () -> Void
  ) -> Double {
    let times = (0..<runs).map { _ in
      ContinuousClock().measure { workers.run { _ in work() } } / .seconds(1)
    }
    return times.sorted()[runs / 2]
  }
}
