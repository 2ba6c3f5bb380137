// SPDX-License-Identifier: Apache-2.0

extension Constraint {
  /// The unconstrained numbers u with T(u) = `value`; not a number outside the constraint.
  ///
  /// Of a unit vector, whose length u does not have: the vector itself.
  func unconstrain(_ value: Value) -> Value {
    let rank = value.shape.count
    switch self {
    case .real, .unitVector: return value
    case .positive: return value.log()
    case .above(let bound): return (value - bound).log()
    case .below(let bound): return (bound - value).log()
    case .interval(let lower, let upper): return (value - lower).log() - (upper - value).log()
    case .simplex:
      // What is left of the stick before each piece, from the end, where little is left.
      let pieces = value.shape[rank - 1]
      let left = value.reversedLast().cumulativeSum(along: rank - 1).reversedLast()
      let after = left.sliced(1..<pieces, along: rank - 1)
      let taken = value.sliced(0..<pieces - 1, along: rank - 1)
      let equal = Value((0..<pieces - 1).map { logarithm(Double(pieces - 1 - $0)) })
      return taken.log() - after.log() + equal
    case .ordered, .positiveOrdered:
      let size = value.shape[rank - 1]
      let first = value.sliced(0..<1, along: rank - 1)
      let start = if case .positiveOrdered = self { first.log() } else { first }
      if size == 1 { return start }
      let steps =
        value.sliced(1..<size, along: rank - 1) - value.sliced(0..<size - 1, along: rank - 1)
      return Value.joined([start, steps.log()], along: rank - 1)
    case .choleskyFactor: return Self.unconstrain(factor: value)
    case .covariance: return Self.unconstrain(factor: value.cholesky())
    case .correlationCholesky: return Self.unconstrain(correlationFactor: value)
    case .correlation: return Self.unconstrain(correlationFactor: value.cholesky())
    }
  }

  /// The numbers below the diagonal and the logarithms of those on it, row by row.
  private static func unconstrain(factor: Value) -> Value {
    let n = factor.shape[factor.shape.count - 1]
    let flat = factor.reshaped(to: factor.shape.dropLast(2) + [n * n])
    let places = (0..<n).flatMap { row in (0...row).map { row * n + $0 } }
    let isDiagonal = Value(places.map { $0 % (n + 1) == 0 ? 1.0 : 0 })
    let chosen = flat.taken(places)
    // Off the diagonal the logarithm is of 1.
    let logarithms = (chosen * isDiagonal + (1 - isDiagonal)).log()
    return chosen * (1 - isDiagonal) + logarithms
  }

  /// artanh of L[i, j] over the square root of what is left of row i's length 1 before j, row by row.
  private static func unconstrain(correlationFactor factor: Value) -> Value {
    let n = factor.shape[factor.shape.count - 1]
    let squares = factor.squared()
    let left = 1 - squares.cumulativeSum(along: factor.shape.count - 1) + squares
    let partial = factor / left.squareRoot()
    let places = (0..<n).flatMap { row in (0..<row).map { row * n + $0 } }
    let t = partial.reshaped(to: factor.shape.dropLast(2) + [n * n]).taken(places)
    return (t.logOnePlus() - (-t).logOnePlus()) * 0.5
  }
}

extension Value {
  /// The last axis from its end.
  fileprivate func reversedLast() -> Value {
    guard let size = shape.last else { return self }
    return taken((0..<size).reversed())
  }
}
