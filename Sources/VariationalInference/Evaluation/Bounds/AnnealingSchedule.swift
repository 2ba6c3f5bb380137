// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// The inverse temperatures 0 = beta[0] < beta[1] < ... < beta[T] = 1 of an annealing path.
public enum AnnealingSchedule: String, Sendable, CaseIterable {
  /// beta[t] = t / T.
  case linear
  /// Slow at both ends: beta[t] is sigmoid(4 (2 t / T - 1)), scaled to run from 0 to 1 (Wu et al. 2017,
  /// section 4.1, with delta = 4).
  case sigmoidal

  /// beta[0], ..., beta[T].
  public func inverseTemperatures(steps: Int) -> [Double] {
    (0...steps).map { inverseTemperature(at: Double($0) / Double(steps)) }
  }

  private func inverseTemperature(at fraction: Double) -> Double {
    // Exactly 0 and 1 at the ends, whatever rounding does to the formula.
    guard self == .sigmoidal, fraction > 0, fraction < 1 else { return fraction }
    func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    let low = sigmoid(-4)
    return (sigmoid(4 * (2 * fraction - 1)) - low) / (1 - 2 * low)
  }
}
