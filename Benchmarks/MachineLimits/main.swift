// SPDX-License-Identifier: Apache-2.0
//
// What this machine can do, to hold training against: the rate of a large matrix product and of
// copying memory, on one thread and on all given, as one JSON object.
//
//     machine-limits [threads]

import Tensors

let threads = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 2
let entries = Set([1, threads]).sorted().map { count in
  let limits = MachineLimits(measuredOn: WorkerPool(count: count))
  return "\"\(count)\": {\"matrix_gflops\": \(limits.matrixRate), "
    + "\"memory_gb_per_second\": \(limits.memoryRate)}"
}
print("{\"threads\": {\(entries.joined(separator: ", "))}}")
