// SPDX-License-Identifier: Apache-2.0

import Foundation
import VariationalInference

/// Targets on which the rules of the verdicts were not set.
///
/// Moments are closed forms unless a comment says otherwise; quadratures were done with NumPy 2.4.6
/// on grids whose edges carry less than 1e-5 of the largest density.
extension KnownTarget {
  /// A normal of a mixture with independent coordinates.
  struct Part: Sendable {
    let weight: Double
    let means: [Double]
    let deviations: [Double]

    init(_ weight: Double, _ means: [Double], _ deviations: [Double]) {
      (self.weight, self.means, self.deviations) = (weight, means, deviations)
    }

    init(_ weight: Double, _ means: [Double], _ deviation: Double) {
      self.init(weight, means, alike(deviation, means.count))
    }
  }

  static func parts(_ name: String, _ parts: [Part]) throws -> KnownTarget {
    let n = parts[0].means.count
    let density = try rows(n) { x, gradient in
      let terms = parts.map { part in
        x.indices.reduce(log(part.weight)) { sum, j in
          let distance = (x[j] - part.means[j]) / part.deviations[j]
          return sum - distance * distance / 2 - log(part.deviations[j])
        }
      }
      let largest = terms.max() ?? 0
      let sum = terms.reduce(0) { $0 + exp($1 - largest) }
      for (part, term) in zip(parts, terms) {
        let share = exp(term - largest) / sum
        for j in x.indices {
          let variance = part.deviations[j] * part.deviations[j]
          gradient[j] -= share * (x[j] - part.means[j]) / variance
        }
      }
      return largest + log(sum)
    }
    let means = (0..<n).map { j in parts.reduce(0) { $0 + $1.weight * $1.means[j] } }
    let deviations = (0..<n).map { j in
      let square = parts.reduce(0) {
        $0 + $1.weight * ($1.means[j] * $1.means[j] + $1.deviations[j] * $1.deviations[j])
      }
      return (square - means[j] * means[j]).squareRoot()
    }
    return KnownTarget(name: name, density: density, means: means, deviations: deviations)
  }

  /// Independent coordinates: log p and its derivative of each.
  static func product(
    _ name: String, means: [Double], deviations: [Double],
    _ coordinate: @escaping @Sendable (Int, Double) -> (value: Double, slope: Double)
  ) throws -> KnownTarget {
    let density = try rows(means.count) { x, gradient in
      var value = 0.0
      for j in x.indices {
        let own = coordinate(j, x[j])
        value += own.value
        gradient[j] = own.slope
      }
      return value
    }
    return KnownTarget(name: name, density: density, means: means, deviations: deviations)
  }

  /// One coordinate of many is 0.9 N(0, 1) + 0.1 N(0, 25): variance 3.4.
  static func heavyCoordinate(_ n: Int) throws -> KnownTarget {
    try product(
      "one heavy coordinate of \(n)", means: alike(0, n),
      deviations: [Double(3.4).squareRoot()] + alike(1, n - 1)
    ) { j, x in
      guard j == 0 else { return (-x * x / 2, -x) }
      let (a, b) = (0.9 * exp(-x * x / 2), 0.02 * exp(-x * x / 50))
      return (log(a + b), -(a * x + b * x / 25) / (a + b))
    }
  }

  /// 10 % of a standard normal six times as wide along (1, ..., 1) alone: variances 1 + 3.5 / 6.
  static func heavyDiagonal() throws -> KnownTarget {
    let root = 6.0.squareRoot()
    let density = try rows(6) { x, gradient in
      let along = x.reduce(0, +) / root
      let (a, b) = (0.9 * exp(-along * along / 2), 0.1 / 6 * exp(-along * along / 72))
      let slope = -(a * along + b * along / 36) / (a + b)
      for j in x.indices { gradient[j] = -(x[j] - along / root) + slope / root }
      let square = x.reduce(0) { $0 + $1 * $1 }
      return -(square - along * along) / 2 + log(a + b)
    }
    return KnownTarget(
      name: "heavy along a diagonal", density: density, means: alike(0, 6),
      deviations: alike((1 + 3.5 / 6).squareRoot(), 6))
  }

  /// |x| about r: E x1^2 = E |x|^2 / 2 by quadrature over |x|.
  static func ring(_ r: Double, width: Double, deviation: Double) throws -> KnownTarget {
    let density = try rows(2) { x, gradient in
      let length = max((x[0] * x[0] + x[1] * x[1]).squareRoot(), 1e-9)
      let off = (length - r) / (width * width)
      gradient = x.map { -off * $0 / length }
      return -off * (length - r) / 2
    }
    return KnownTarget(
      name: "ring \(r)", density: density, means: [0, 0], deviations: alike(deviation, 2))
  }

  /// v ~ N(0, 1), w ~ N(v, 1), five x ~ N(0, exp(w)): Var x = E exp(w) = e.
  static func nestedFunnel() throws -> KnownTarget {
    let density = try rows(7) { x, gradient in
      let step = x[1] - x[0]
      gradient[0] = -x[0] + step
      gradient[1] = -step
      var value = -x[0] * x[0] / 2 - step * step / 2
      let precision = exp(-x[1])
      for j in 2..<7 {
        let square = x[j] * x[j] * precision / 2
        value -= square + x[1] / 2
        gradient[1] += square - 0.5
        gradient[j] = -x[j] * precision
      }
      return value
    }
    return KnownTarget(
      name: "funnel of two levels", density: density, means: alike(0, 7),
      deviations: [1, 2.0.squareRoot()] + alike(exp(0.5), 5))
  }

  /// Five pairs (theta, log lambda), theta ~ N(0, lambda^2), lambda ~ C+(0, 1), 1 ~ N(theta, 1).
  /// Moments by quadrature over log lambda, theta integrated out.
  static func horseshoe() throws -> KnownTarget {
    let density = try rows(10) { x, gradient in
      var value = 0.0
      for j in stride(from: 0, to: 10, by: 2) {
        let (theta, square) = (x[j], exp(2 * x[j + 1]))
        value -= log1p(square) + theta * theta / (2 * square) + (1 - theta) * (1 - theta) / 2
        gradient[j] = -theta / square + 1 - theta
        gradient[j + 1] = -2 * square / (1 + square) + theta * theta / square
      }
      return value
    }
    return KnownTarget(
      name: "horseshoe", density: density,
      means: (0..<10).map { $0 % 2 == 0 ? 0.37973195 : -0.52151422 },
      deviations: (0..<10).map { $0 % 2 == 0 ? 0.68997948 : 1.27783113 })
  }

  /// x y ~ N(1, 0.1), standard normal priors: two arms of a hyperbola. Quadrature over x, y
  /// integrated out.
  static func hyperbola() throws -> KnownTarget {
    let density = try rows(2) { x, gradient in
      let rest = (1 - x[0] * x[1]) / 0.01
      gradient = [-x[0] + rest * x[1], -x[1] + rest * x[0]]
      return -(x[0] * x[0] + x[1] * x[1]) / 2 - (1 - x[0] * x[1]) * rest / 2
    }
    return KnownTarget(
      name: "hyperbola", density: density, means: [0, 0], deviations: alike(1.18923724, 2))
  }

  /// Skew normals of shape 4: d = 4 / sqrt 17, mean d sqrt(2 / pi), variance 1 - mean^2.
  static func skewNormal() throws -> KnownTarget {
    let mean = 4 / 17.0.squareRoot() * (2 / Double.pi).squareRoot()
    return try product(
      "skew normal", means: alike(mean, 8), deviations: alike((1 - mean * mean).squareRoot(), 8)
    ) { _, x in
      // log Phi, below -20 by its asymptotic series.
      let z = 4 * x
      let half = 0.5 * log(2 * Double.pi)
      let logPhi =
        z > -20
        ? log(erfc(-z / 2.0.squareRoot()) / 2)
        : -z * z / 2 - log(-z) - half + log1p(-1 / (z * z))
      return (-x * x / 2 + logPhi, -x + 4 * exp(-z * z / 2 - half - logPhi))
    }
  }

  /// Variance pi^2 / 3.
  static func logistic() throws -> KnownTarget {
    try product(
      "logistic", means: alike(0, 5), deviations: alike(Double.pi / 3.0.squareRoot(), 5)
    ) { _, x in
      (-x.magnitude - 2 * log1p(exp(-x.magnitude)), -tanh(x / 2))
    }
  }
}
