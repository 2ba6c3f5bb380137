// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// What a pilot found out about the path from q to p, as functions of the inverse temperature b:
/// the step size, and how fast log p - log q spreads.
struct AnnealingCourse: Sendable {
  /// Ascending, from 0 to 1.
  let inverseTemperatures: [Double]
  /// At each of them.
  let logSteps: [Double]
  /// The standard deviation of log p - log q under pi_b, at each of them.
  let deviations: [Double]

  /// Finer at both ends: b_g = sin^2(pi g / 2 G).
  static func grid(_ intervals: Int) -> [Double] {
    (0...intervals).map { place in
      if place == intervals { return 1 }
      let sine = sin(.pi / 2 * Double(place) / Double(intervals))
      return sine * sine
    }
  }

  /// The step size at b, its logarithm interpolated.
  func step(at b: Double) -> Double {
    let upper = inverseTemperatures.firstIndex { $0 >= b } ?? inverseTemperatures.count - 1
    if upper == 0 { return exp(logSteps[0]) }
    let (low, high) = (inverseTemperatures[upper - 1], inverseTemperatures[upper])
    let fraction = (b - low) / (high - low)
    return exp(logSteps[upper - 1] + fraction * (logSteps[upper] - logSteps[upper - 1]))
  }

  /// T + 1 inverse temperatures from 0 to 1. Half of a path's length goes evenly along b, half
  /// along the integral of the standard deviation of log p - log q: a step in which a weight would
  /// spread more is cut into more.
  ///
  /// - Source: Gelman and Meng, "Simulating normalizing constants", Statistical Science 13
  ///   (1998): the spacing that minimises the variance is along that integral.
  func schedule(_ steps: Int) -> [Double] {
    let b = inverseTemperatures
    var lengths = [0.0]
    for place in 1..<b.count {
      let mean = (deviations[place - 1] + deviations[place]) / 2
      lengths.append(lengths[place - 1] + mean * (b[place] - b[place - 1]))
    }
    let total = lengths[lengths.count - 1]
    let path = b.indices.map { total > 0 ? (b[$0] + lengths[$0] / total) / 2 : b[$0] }
    return (0...steps).map { step in
      if step == 0 || step == steps { return step == 0 ? 0 : 1 }
      let target = Double(step) / Double(steps)
      let upper = max(1, path.firstIndex { $0 >= target } ?? path.count - 1)
      let fraction = (target - path[upper - 1]) / (path[upper] - path[upper - 1])
      return b[upper - 1] + fraction * (b[upper] - b[upper - 1])
    }
  }
}
