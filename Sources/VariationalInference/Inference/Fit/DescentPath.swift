// SPDX-License-Identifier: Apache-2.0

/// One L-BFGS search for a maximum of log p, as a machine that is told the value at its trial point
/// and says which point it tries next: many of them then share each call of the density.
///
/// - Source: Nocedal and Wright, "Numerical optimization", 2nd ed., algorithm 7.4; weak Wolfe
///   conditions by bisection as in Lewis and Overton 2013; the diagonal of Gilbert and Lemarechal
///   1989, and the use of it, from Zhang, Carpenter, Gelman and Vehtari, "Pathfinder", JMLR 23
///   (2022).
package struct DescentPath {
  /// Why a search ended.
  package enum End {
    /// At a point where log p hardly rises any more.
    case converged
    /// No step along the last direction rises.
    case lineSearch
    /// Its Gaussians have been far below its best: a mode without volume.
    case degenerate
    /// All iterations were used up.
    case exhausted
    /// log p kept rising at the same rate, over steps doubled to the last.
    case unbounded
    /// It came to where another search has been.
    case known
  }

  /// A step and what it changed of the gradient of -log p.
  struct Pair {
    let step: [Double]
    let change: [Double]
    let product: Double
  }

  /// A Gaussian met on the way.
  struct Look {
    let bound: Double
    let gaussian: FactoredGaussian
  }

  /// How far a search goes.
  package struct Limits {
    package var iterations = 1000
    package var history = 10
    /// Whether coordinates are those of a Gaussian that may fit: the first step is then Newton's.
    package var isWhitened = false

    package init(iterations: Int = 1000, history: Int = 10, isWhitened: Bool = false) {
      (self.iterations, self.history, self.isWhitened) = (iterations, history, isWhitened)
    }
  }

  /// Names the sequences of random numbers of this path.
  let number: Int
  let limits: Limits
  package private(set) var point: [Double]
  /// -log p and its gradient.
  private(set) var objective: Double
  private(set) var gradient: [Double]
  /// Where the density is asked for next.
  private(set) var trial: [Double] = []
  package private(set) var iteration = 0
  package private(set) var end: End?
  private(set) var pairs: [Pair] = []
  /// The diagonal with which the inverse Hessian begins.
  private(set) var diagonal: [Double]
  var looks: [Look] = []
  var lowLooks = 0

  /// Along which the search goes.
  private(set) var direction: [Double] = []
  private var slope = 0.0
  private var length = 1.0
  private var bracket = (low: 0.0, high: Double.infinity)
  private var trials = 0
  private var smallDecreases = 0
  private var lastDecrease = Double.infinity

  private static let trialsOfLineSearch = 30
  /// So many nats along one line, at a rate that does not fall, do not end.
  private static let unboundedRise = 1e4

  package init(
    number: Int, point: [Double], value: Double, gradient: [Double], limits: Limits = Limits()
  ) {
    self.number = number
    self.limits = limits
    self.point = point
    objective = -value
    self.gradient = gradient.map { -$0 }
    diagonal = [Double](repeating: 1, count: point.count)
    beginIteration()
  }

  /// Where the path stands: the point, log p and its gradient.
  package var place: (point: [Double], value: Double, gradient: [Double]) {
    (point, -objective, gradient.map { -$0 })
  }

  /// log p where the path stands.
  package var value: Double { -objective }

  /// Ends the path.
  mutating func stop(_ reason: End) { end = reason }

  /// Takes in log p and its gradient at the trial point.
  ///
  /// - Returns: Whether an iteration is complete; ``proceed()`` then begins the next.
  mutating func receive(value: Double, gradient given: [Double], isFinite: Bool) -> Bool {
    let (tried, negative) = (-value, given.map { -$0 })
    trials += 1
    if !isFinite || tried > objective + 1e-4 * length * slope {
      bracket.high = length
    } else if negative.dot(direction) < 0.9 * slope {
      bracket.low = length
    } else {
      accept(tried, negative)
      return true
    }
    if trials == Self.trialsOfLineSearch {
      guard isFinite, tried < objective else {
        end = .lineSearch
        return false
      }
      let isUnbounded = bracket.high == .infinity && objective - tried > Self.unboundedRise
      accept(tried, negative)
      if isUnbounded { end = .unbounded }
      return true
    }
    length =
      bracket.high.isFinite ? (bracket.low + bracket.high) / 2 : 2 * bracket.low
    trial = point.adding(length, direction)
    return false
  }

  private mutating func accept(_ tried: Double, _ newGradient: [Double]) {
    let step = trial.adding(-1, point)
    let change = newGradient.adding(-1, gradient)
    let product = step.dot(change)
    if product > 1e-12 * change.dot(change) {
      updateDiagonal(step, change, product)
      pairs.append(Pair(step: step, change: change, product: product))
      if pairs.count > limits.history { pairs.removeFirst() }
    }
    lastDecrease = objective - tried
    smallDecreases = lastDecrease < 1e-3 ? smallDecreases + 1 : 0
    (point, objective, gradient) = (trial, tried, newGradient)
  }

  /// alpha <- b / (a / alpha + y^2 - (a / c) (s / alpha)^2), a = y^T (alpha y), b = y^T s,
  /// c = s^T (s / alpha).
  private mutating func updateDiagonal(_ s: [Double], _ y: [Double], _ b: Double) {
    var (a, c) = (0.0, 0.0)
    for j in diagonal.indices {
      a += y[j] * y[j] * diagonal[j]
      c += s[j] * s[j] / diagonal[j]
    }
    for j in diagonal.indices {
      let scaled = s[j] / diagonal[j]
      diagonal[j] = b / (a / diagonal[j] + y[j] * y[j] - a / c * scaled * scaled)
    }
  }

  /// Ends the path where log p hardly rises any more, else begins the next iteration.
  mutating func proceed() {
    if end != nil { return }
    let scale = max(1, objective.magnitude)
    if smallDecreases >= 5 || gradient.largestMagnitude < 1e-6 * scale
      || lastDecrease < 1e-9 * scale
    {
      end = .converged
    } else if iteration >= limits.iterations {
      end = .exhausted
    } else {
      beginIteration()
    }
  }

  private mutating func beginIteration() {
    iteration += 1
    direction = descentDirection()
    slope = gradient.dot(direction)
    if !(slope < 0) {
      pairs = []
      direction = descentDirection()
      slope = gradient.dot(direction)
    }
    (length, bracket, trials) = (1, (0, .infinity), 0)
    trial = point.adding(1, direction)
  }

  /// -H g by the two loops over the pairs; without any, along -g and, but in coordinates of a
  /// Gaussian, no longer than 1.
  private func descentDirection() -> [Double] {
    var q = gradient
    guard let last = pairs.last else {
      let scale = limits.isWhitened ? -1 : -1 / max(1, q.norm)
      return q.map { $0 * scale }
    }
    var factors = [Double](repeating: 0, count: pairs.count)
    for index in pairs.indices.reversed() {
      let pair = pairs[index]
      factors[index] = pair.step.dot(q) / pair.product
      q.add(-factors[index], pair.change)
    }
    let scale = last.product / last.change.dot(last.change)
    for j in q.indices { q[j] *= scale }
    for (pair, factor) in zip(pairs, factors) {
      q.add(factor - pair.change.dot(q) / pair.product, pair.step)
    }
    return q.map { -$0 }
  }
}
