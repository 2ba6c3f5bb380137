// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
package import VariationalInference

/// Notes the shares that a measurement tells, from whatever thread.
package final class HeardShares: Sendable {
  private let noted = Mutex<[Double]>([])

  package init() {}

  /// What to hand to the measurement; it never asks to stop.
  package var listener: EvaluationProgress {
    { share in
      self.noted.withLock { $0.append(share) }
      return true
    }
  }

  /// All shares so far, in order.
  package var shares: [Double] { noted.withLock { $0 } }
}
