// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import VariationalInference

/// A density with moments that are known.
struct KnownTarget: Sendable, CustomTestStringConvertible {
  let name: String
  let density: HandWrittenDensity
  let means: [Double]
  let deviations: [Double]
  /// From unconstrained coordinates to those whose moments are known.
  var quantities: @Sendable ([Double]) -> [Double] = { $0 }

  var testDescription: String { name }

  /// A density written row by row: reads a point, writes its gradient, which begins as 0, and
  /// returns log p.
  static func rows(
    _ dimension: Int, names: [String]? = nil,
    _ function: @escaping @Sendable ([Double], inout [Double]) -> Double
  ) throws -> HandWrittenDensity {
    try HandWrittenDensity(dimension: dimension, coordinateNames: names) { points in
      var (values, gradients) = ([Double](), [Double]())
      let all = points.scalars
      for start in stride(from: 0, to: all.count, by: dimension) {
        var gradient = [Double](repeating: 0, count: dimension)
        values.append(function(Array(all[start..<start + dimension]), &gradient))
        gradients += gradient
      }
      return (Tensor(values), Tensor(gradients, shape: points.shape))
    }
  }

  /// A mixture of isotropic Gaussians about (m, m, ..., m).
  static func mixture(
    _ dimension: Int, _ parts: [(weight: Double, mean: Double, deviation: Double)]
  ) throws -> HandWrittenDensity {
    try rows(dimension) { x, gradient in
      let terms = parts.map { part in
        let square = x.reduce(0) { $0 + ($1 - part.mean) * ($1 - part.mean) }
        let variance = part.deviation * part.deviation
        return log(part.weight) - square / variance / 2 - Double(dimension) * log(part.deviation)
      }
      let largest = terms.max() ?? 0
      let weights = terms.map { exp($0 - largest) }
      let sum = weights.reduce(0, +)
      for (part, weight) in zip(parts, weights) {
        for j in x.indices {
          gradient[j] -= weight / sum * (x[j] - part.mean) / (part.deviation * part.deviation)
        }
      }
      return largest + log(sum)
    }
  }

  /// Means m and deviations s of independent normal coordinates.
  static func normal(_ means: [Double], _ deviations: [Double]) throws -> HandWrittenDensity {
    try rows(means.count) { x, gradient in
      var value = 0.0
      for j in x.indices {
        let distance = (x[j] - means[j]) / deviations[j]
        value -= distance * distance / 2
        gradient[j] = -distance / deviations[j]
      }
      return value
    }
  }
}

extension KnownTarget {
  static func alike(_ value: Double, _ count: Int) -> [Double] {
    [Double](repeating: value, count: count)
  }

  /// Student's t with 3 degrees of freedom: variance 3.
  static func studentT(_ dimension: Int) throws -> KnownTarget {
    let density = try rows(dimension) { x, gradient in
      let square = x.reduce(0) { $0 + $1 * $1 }
      let power = (3 + Double(dimension)) / 2
      for j in x.indices { gradient[j] = -2 * power * x[j] / (3 + square) }
      return -power * log(1 + square / 3)
    }
    return KnownTarget(
      name: "t, \(dimension) coordinates", density: density, means: alike(0, dimension),
      deviations: alike(3.0.squareRoot(), dimension))
  }

  static func mixtureTarget(
    _ name: String, _ dimension: Int,
    _ parts: [(weight: Double, mean: Double, deviation: Double)]
  ) throws -> KnownTarget {
    let mean = parts.reduce(0) { $0 + $1.weight * $1.mean }
    let square = parts.reduce(0) {
      $0 + $1.weight * ($1.mean * $1.mean + $1.deviation * $1.deviation)
    }
    return KnownTarget(
      name: name, density: try mixture(dimension, parts), means: alike(mean, dimension),
      deviations: alike((square - mean * mean).squareRoot(), dimension))
  }

  /// x1 ~ N(0, s^2), x2 ~ N(b (x1^2 - s^2), 1): mean 0, Var x2 = 1 + 2 b^2 s^4.
  static func banana(_ b: Double, _ s: Double) throws -> KnownTarget {
    let density = try rows(2) { x, gradient in
      let rest = x[1] - b * (x[0] * x[0] - s * s)
      gradient = [-x[0] / (s * s) + 2 * b * rest * x[0], -rest]
      return -x[0] * x[0] / (2 * s * s) - rest * rest / 2
    }
    return KnownTarget(
      name: "banana \(b), \(s)", density: density, means: [0, 0],
      deviations: [s, (1 + 2 * b * b * s * s * s * s).squareRoot()])
  }

  /// v ~ N(0, s^2), nine x ~ N(0, exp(v)): Var x = exp(s^2 / 2). Neal's has s = 3.
  static func funnel(_ s: Double) throws -> KnownTarget {
    let density = try rows(10) { x, gradient in
      var value = -x[0] * x[0] / (2 * s * s)
      gradient[0] = -x[0] / (s * s)
      let precision = exp(-x[0])
      for j in 1..<10 {
        let square = x[j] * x[j] * precision / 2
        value -= square + x[0] / 2
        gradient[0] += square - 0.5
        gradient[j] = -x[j] * precision
      }
      return value
    }
    return KnownTarget(
      name: "funnel \(s)", density: density, means: alike(0, 10),
      deviations: [s] + alike(exp(s * s / 4), 9))
  }

  /// Logarithms of ten gamma variables of shape a: mean digamma(a), variance trigamma(a).
  static func logGamma(_ a: Double, mean: Double, variance: Double) throws -> KnownTarget {
    let density = try rows(10) { x, gradient in
      for j in x.indices { gradient[j] = a - exp(x[j]) }
      return x.reduce(0) { $0 + a * $1 - exp($1) }
    }
    return KnownTarget(
      name: "log gamma \(a)", density: density, means: alike(mean, 10),
      deviations: alike(variance.squareRoot(), 10))
  }

  /// A normal with correlations and variances from 1e-4 to 1e4.
  static func correlated() throws -> KnownTarget {
    let n = 20
    let axes = Tensor<Double>.standardNormal([n, n], key: NoiseKey(seed: 5)).orthonormalRows()
      .scalars
    let variances = (0..<n).map { pow(10, -4 + 8 * Double($0) / Double(n - 1)) }
    let density = try rows(n) { x, gradient in
      var value = 0.0
      for i in 0..<n {
        var along = 0.0
        for j in 0..<n { along += axes[i * n + j] * (x[j] - 1) }
        value -= along * along / variances[i] / 2
        for j in 0..<n { gradient[j] -= along / variances[i] * axes[i * n + j] }
      }
      return value
    }
    let deviations = (0..<n).map { j in
      (0..<n).reduce(0.0) { $0 + variances[$1] * axes[$1 * n + j] * axes[$1 * n + j] }
        .squareRoot()
    }
    return KnownTarget(
      name: "correlated", density: density, means: alike(1, n), deviations: deviations)
  }

  /// Rubin's eight schools: mu ~ N(0, 5^2), tau ~ C+(0, 5), theta ~ N(mu, tau^2). Moments of mu and
  /// tau by quadrature.
  static func eightSchools(centred: Bool) throws -> KnownTarget {
    let y: [Double] = [28, 8, -3, 7, -1, 1, 18, 12]
    let sigma: [Double] = [15, 10, 16, 11, 9, 11, 10, 18]
    let names = ["mu", "log_tau"] + (1...8).map { "\(centred ? "theta" : "raw")[\($0)]" }
    let density = try rows(10, names: names) { x, gradient in
      let (mu, tau) = (x[0], exp(x[1]))
      let scale = tau * tau / 25
      var value = -mu * mu / 50 + x[1] - log(1 + scale)
      gradient[0] = -mu / 25
      gradient[1] = 1 - 2 * scale / (1 + scale)
      for j in 0..<8 {
        let theta = centred ? x[2 + j] : mu + tau * x[2 + j]
        let raw = (theta - mu) / tau
        let rest = (y[j] - theta) / sigma[j]
        value -= raw * raw / 2 + rest * rest / 2
        if centred {
          value -= x[1]
          gradient[0] += raw / tau
          gradient[1] += raw * raw - 1
          gradient[2 + j] = -raw / tau + rest / sigma[j]
        } else {
          gradient[0] += rest / sigma[j]
          gradient[1] += rest / sigma[j] * tau * raw
          gradient[2 + j] = -raw + rest / sigma[j] * tau
        }
      }
      return value
    }
    return KnownTarget(
      name: "eight schools, \(centred ? "" : "non-")centred", density: density,
      means: [4.3968, 3.5977], deviations: [3.3177, 3.2200], quantities: { [$0[0], exp($0[1])] })
  }

  /// All of them.
  static func all() throws -> [KnownTarget] {
    [
      try correlated(), try studentT(2), try studentT(5), try studentT(20),
      try mixtureTarget("scale mixture", 2, [(0.5, 0, 1), (0.5, 0, 3)]),
      try mixtureTarget("scale mixture, 10 coordinates", 10, [(0.5, 0, 1), (0.5, 0, 3)]),
      try mixtureTarget("narrow peak on a wide base", 5, [(0.5, 0, 0.01), (0.5, 0, 1)]),
      try banana(0.5, 1), try banana(0.5, 2), try banana(1, 1), try banana(1, 2),
      try funnel(1), try funnel(3),
      try mixtureTarget("two modes", 5, [(0.5, -5, 1), (0.5, 5, 1)]),
      try mixtureTarget("two modes, unequal", 3, [(0.9, -3, 1), (0.1, 3, 1)]),
      try mixtureTarget("two modes on one side", 5, [(0.5, 6, 1), (0.5, 14, 1)]),
      try eightSchools(centred: true), try eightSchools(centred: false),
      // Digamma and trigamma by scipy.special, SciPy 1.17.1.
      try logGamma(0.5, mean: -1.9635100260214235, variance: 4.934802200544679),
      try logGamma(2, mean: 0.42278433509846713, variance: 0.6449340668482264),
    ]
  }
}
