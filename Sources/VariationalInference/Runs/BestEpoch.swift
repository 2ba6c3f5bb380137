// SPDX-License-Identifier: Apache-2.0

/// The epoch of a run after which the objective was highest, as `metrics.jsonl` has it.
package struct BestEpoch: Sendable, Equatable {
  /// The part of the data that decides.
  package enum Part: String, Sendable {
    case validation
    /// Where there is no validation part: numbers of that epoch on the test part are then too high.
    case test
  }

  /// Counted from 1.
  package let epoch: Int
  /// The objective after it on the part that decides, in nats per example.
  package let value: Double
  /// The part that decides.
  package let part: Part

  /// The best of these epochs, the earliest of equal ones; nil where none has a number of that part, as
  /// in runs that earlier versions began.
  package init?(of epochs: [EpochMetrics], by part: Part) {
    var best: (epoch: Int, value: Double)?
    for metrics in epochs {
      guard let value = metrics.objective(on: part), value.isFinite else { continue }
      if best.map({ value > $0.value }) ?? true { best = (metrics.epoch, value) }
    }
    guard let best else { return nil }
    (epoch, value, self.part) = (best.epoch, best.value, part)
  }

  /// Whether training that waits for so many epochs stops after these.
  package func isExhausted(after epochs: [EpochMetrics], patience: Int?) -> Bool {
    guard let patience, let last = epochs.last else { return false }
    return last.epoch - epoch >= patience
  }

  /// What chose it, in words; nil where there is nothing to warn of.
  package var warning: String? {
    part == .test ? "chosen by the test part, so its test numbers are optimistic" : nil
  }
}

extension EpochMetrics {
  /// The objective after the epoch on a part of the data, in nats per example; nil where it was not
  /// measured.
  package func objective(on part: BestEpoch.Part) -> Double? {
    switch part {
    case .validation: validation?.objective
    case .test: test.objective
    }
  }
}
