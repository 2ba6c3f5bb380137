// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import VariationalInference

/// Where the time of training steps went, against what the machine can do at this moment.
struct ProfileTable {
  private let profile: Profile
  private let limits: MachineLimits
  private let threads: Int

  /// Measures the machine; nil where the workers keep no profile.
  init?(_ workers: WorkerPool) {
    guard let profile = workers.profile, profile.steps > 0 else { return nil }
    self.profile = profile
    limits = MachineLimits(measuredOn: workers)
    threads = workers.count
  }

  func write() {
    let entries = profile.entries
    let measured = entries.reduce(0) { $0 + $1.seconds }
    Terminal.line("")
    Terminal.line(
      "\(profile.steps.grouped) \(profile.steps.noun("step")) of "
        + "\((1000 * wallSeconds / Double(profile.steps)).fixed(2)) "
        + "ms on \(threads.counted("thread")); time is added over threads")
    row("operation", "us a step", "share", "rate", "of limit")
    for entry in entries { row(entry) }
    row(
      "waiting, bookkeeping", microseconds(profile.threadSeconds - measured),
      percent((profile.threadSeconds - measured) / profile.threadSeconds), "", "")
    let products = entries.filter { $0.operations > 0 }
    let work = products.reduce(0.0) { $0 + Double($1.operations) } / 1e9
    row(
      "all products", microseconds(products.reduce(0) { $0 + $1.seconds }),
      percent(products.reduce(0) { $0 + $1.seconds } / profile.threadSeconds),
      "\((work / wallSeconds).fixed(0)) GFLOP/s", percent(work / wallSeconds / limits.matrixRate))
    Terminal.line(
      "Limits measured just now: \(limits.matrixRate.fixed(0)) GFLOP/s for a large product, "
        + "\(limits.memoryRate.fixed(1)) GB/s from memory; work within a cache may exceed the latter. "
        + "The last line holds all arithmetic against the whole time.")
  }

  private var wallSeconds: Double { profile.threadSeconds / Double(threads) }

  private func row(_ entry: Profile.Entry) {
    var (rate, limit) = ("", "")
    // Rates are per thread: an entry's seconds are those of threads.
    if entry.operations > 0 {
      let value = Double(entry.operations) / entry.seconds / 1e9
      (rate, limit) = ("\(value.fixed(0)) GFLOP/s", percent(value / perThread(limits.matrixRate)))
    } else if entry.bytes > 0 {
      let value = Double(entry.bytes) / entry.seconds / 1e9
      (rate, limit) = ("\(value.fixed(1)) GB/s", percent(value / perThread(limits.memoryRate)))
    }
    row(
      entry.operation, microseconds(entry.seconds), percent(entry.seconds / profile.threadSeconds),
      rate, limit)
  }

  private func perThread(_ rate: Double) -> Double { rate / Double(threads) }

  private func microseconds(_ seconds: Double) -> String {
    (1e6 * seconds / Double(profile.steps)).fixed(0)
  }

  private func percent(_ share: Double) -> String { "\((100 * share).fixed(0)) %" }

  private func row(_ name: String, _ columns: String...) {
    let cells = zip(columns, [11, 8, 14, 10]).map { text, width in
      String(repeating: " ", count: max(1, width - text.count)) + text
    }
    Terminal.line("  " + name.padded(to: 28) + cells.joined())
  }
}
