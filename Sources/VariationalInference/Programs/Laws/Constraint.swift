// SPDX-License-Identifier: Apache-2.0

/// Where values of a law lie, and the bijection by which unconstrained numbers u get there.
///
///     log p(u) = log p(T(u)) + log |det dT / du|
///
/// - Source: "Stan reference manual", constraint transforms; Lewandowski, Kurowicka and Joe,
///   "Generating random correlation matrices based on vines and extended onion method", J.
///   Multivariate Analysis 100 (2009), doi:10.1016/j.jmva.2009.04.008.
public enum Constraint: Sendable {
  /// All real numbers: T(u) = u.
  case real
  /// Numbers above 0: T(u) = exp(u).
  case positive
  /// Numbers above a bound: T(u) = a + exp(u).
  case above(Value)
  /// Numbers below a bound: T(u) = b - exp(u).
  case below(Value)
  /// Numbers between two bounds, which may be computed from others: T(u) = a + (b - a) sigmoid(u).
  case interval(Value, Value)
  /// Vectors of K positive numbers that sum to 1, from K - 1 numbers: broken pieces of a stick,
  /// equal for u = 0.
  case simplex
  /// Ascending vectors: x[k] = x[k - 1] + exp(u[k]).
  case ordered
  /// Ascending vectors of positive numbers: x[0] = exp(u[0]).
  case positiveOrdered
  /// Vectors of length 1: T(u) = u / |u|. The length of u, of which the density knows nothing, is
  /// that of a normal vector, so that a density on the sphere stays normalised.
  case unitVector
  /// Lower triangular matrices with a positive diagonal.
  case choleskyFactor
  /// Lower triangular matrices L with a positive diagonal and rows of length 1: L L^T is a
  /// correlation matrix. From K (K - 1) / 2 numbers.
  case correlationCholesky
  /// Correlation matrices, symmetric and positive definite with ones on the diagonal.
  case correlation
  /// Symmetric positive definite matrices, from K (K + 1) / 2 numbers.
  case covariance

  /// The number of axes of one value.
  var eventRank: Int {
    switch self {
    case .real, .positive, .above, .below, .interval: 0
    case .simplex, .ordered, .positiveOrdered, .unitVector: 1
    case .choleskyFactor, .correlationCholesky, .correlation, .covariance: 2
    }
  }

  /// The shape of the unconstrained numbers of values of a shape; nil where there are no such
  /// values.
  package func unconstrainedShape(of shape: [Int]) -> [Int]? {
    guard shape.count >= eventRank else { return nil }
    let outer = Array(shape.dropLast(eventRank))
    let size = shape.last ?? 1
    let isSquare = shape.count >= 2 && shape[shape.count - 2] == size
    switch self {
    case .real, .positive, .above, .below, .interval: return shape
    case .ordered, .positiveOrdered, .unitVector: return size > 0 ? shape : nil
    case .simplex: return size > 0 ? outer + [size - 1] : nil
    case .choleskyFactor, .covariance:
      return isSquare ? outer + [size * (size + 1) / 2] : nil
    case .correlationCholesky, .correlation:
      return isSquare ? outer + [size * (size - 1) / 2] : nil
    }
  }

  /// T(u) and log |det dT / du| of all elements together, a number.
  ///
  /// - Parameters:
  ///   - u: Of the shape that ``unconstrainedShape(of:)`` gives.
  ///   - shape: The shape of the result.
  /// - Returns: T(u), of that shape, and the logarithm of each draw.
  package func constrain(_ u: Value, to shape: [Int]) -> (value: Value, logJacobian: Value) {
    switch self {
    case .real: return (u, 0)
    case .positive: return (u.exp(), u.sum())
    case .above(let bound): return (bound + u.exp(), u.sum())
    case .below(let bound): return (bound - u.exp(), u.sum())
    case .interval(let lower, let upper):
      let width = upper - lower
      let each = width.log() - u.softplus() - (-u).softplus()
      return (lower + width * u.sigmoid(), each.sum())
    case .simplex: return Self.simplex(u, shape)
    case .ordered: return Self.ordered(u, isPositive: false)
    case .positiveOrdered: return Self.ordered(u, isPositive: true)
    case .unitVector:
      let squares = u.squared().sum(along: -1)
      let length = squares.squareRoot().reshaped(to: shape.dropLast() + [1])
      // du = r^(n - 1) dr dx with r = |u|, whose integral with exp(-r^2 / 2) over r is
      // 2^(n / 2 - 1) Gamma(n / 2).
      let half = Double(shape[shape.count - 1]) / 2
      let chi = (half - 1) * 0.693147180559945309417232121458 + logGammaOfNumber(half)
      let vectors = Double(shape.dropLast().reduce(1, *))
      return (u / length, squares.sum() * -0.5 - chi * vectors)
    case .choleskyFactor:
      let (factor, logDiagonal) = Self.choleskyFactor(u, shape)
      return (factor, logDiagonal.sum())
    case .covariance:
      let (factor, logDiagonal) = Self.choleskyFactor(u, shape)
      // dSigma / dL has the determinant 2^K product of L[k, k]^(K - k), k counted from 0.
      let n = shape[shape.count - 1]
      let powers = Value((0..<n).map { Double(n - $0 + 1) })
      let constant = Double(shape.dropLast(1).reduce(1, *)) * 0.693147180559945309417232121458
      return (
        factor.matrixProduct(factor.transposedLast()), (logDiagonal * powers).sum() + constant
      )
    case .correlationCholesky:
      let (factor, logJacobian, _) = Self.correlationCholesky(u, shape)
      return (factor, logJacobian)
    case .correlation:
      let (factor, logJacobian, logRemainders) = Self.correlationCholesky(u, shape)
      // dR / dL has the determinant product of L[k, k]^(K - k - 1).
      let n = shape[shape.count - 1]
      let powers = Value((0..<n).map { Double(n - $0 - 1) })
      return (
        factor.matrixProduct(factor.transposedLast()),
        logJacobian + (logRemainders * powers).sum()
      )
    }
  }

  /// With a[k] = u[k] - log(K - 1 - k), k from 0, the fraction sigmoid(a[k]) of what is left of the
  /// stick goes to x[k]:
  ///
  ///     log x[k] = log sigmoid(a[k]) + sum over j < k of log sigmoid(-a[j])
  ///
  /// dx[k] / du[k] is x[k] sigmoid(-a[k]), and the matrix is triangular.
  private static func simplex(_ u: Value, _ shape: [Int]) -> (Value, Value) {
    let pieces = shape[shape.count - 1]
    let outer = Array(shape.dropLast())
    if pieces == 1 { return (Value(Tensor(repeating: 1, shape: shape + [1])), 0) }
    let a = u - Value((0..<pieces - 1).map { logarithm(Double(pieces - 1 - $0)) })
    let (taken, kept) = (-((-a).softplus()), -(a.softplus()))
    let zero = Value(Tensor.zeros(outer + [1, 1]))
    let left = Value.joined([zero, kept.cumulativeSum(along: -1)], along: outer.count)
    let logarithms = Value.joined([taken, zero], along: outer.count) + left
    let all = logarithms.sliced(0..<pieces - 1, along: outer.count)
    return (logarithms.exp(), (all + kept).sum())
  }

  private static func ordered(_ u: Value, isPositive: Bool) -> (Value, Value) {
    let (axis, size) = (u.shape.count - 1, u.shape[u.shape.count - 1])
    let steps = u.exp()
    if isPositive { return (steps.cumulativeSum(along: axis), u.sum()) }
    if size == 1 { return (u, 0) }
    let first = u.sliced(0..<1, along: axis)
    let rest = steps.sliced(1..<size, along: axis)
    return (
      Value.joined([first, rest], along: axis).cumulativeSum(along: axis),
      u.sliced(1..<size, along: axis).sum()
    )
  }

  /// The numbers u row by row below and on the diagonal, with exponentials on the diagonal; and
  /// their logarithms, `[..., K]`.
  private static func choleskyFactor(_ u: Value, _ shape: [Int]) -> (Value, Value) {
    let n = shape[shape.count - 1]
    let logDiagonal = u.taken((0..<n).map { $0 * ($0 + 1) / 2 + $0 })
    // Places of the matrix in u, with one more for the zeros above the diagonal.
    let places = (0..<n * n).map { (place: Int) -> Int in
      let (row, column) = place.quotientAndRemainder(dividingBy: n)
      return column < row ? row * (row + 1) / 2 + column : n * (n + 1) / 2
    }
    let outer = Array(shape.dropLast(2))
    let zero = Value(Tensor.zeros(outer + [1, 1]))
    let below = Value.joined([u, zero], along: outer.count).taken(places).reshaped(to: shape)
    let diagonal = logDiagonal.exp().reshaped(to: outer + [1, n]) * .identity(n)
    return (below + diagonal, logDiagonal)
  }

  /// With t = tanh(u) row by row, L[i, j] = t[i, j] times the square root of what is left of row
  /// i's length 1, whose logarithm is the sum over k < j of log sqrt(1 - t[i, k]^2).
  ///
  /// - Returns: L; log |det dL / du|; and the logarithms of the diagonal, `[..., K]`.
  private static func correlationCholesky(
    _ u: Value, _ shape: [Int]
  ) -> (Value, Value, Value) {
    let n = shape[shape.count - 1]
    let outer = Array(shape.dropLast(2))
    let used = n * (n - 1) / 2
    let places = (0..<n * n).map { (place: Int) -> Int in
      let (row, column) = place.quotientAndRemainder(dividingBy: n)
      return column < row ? row * (row - 1) / 2 + column : used
    }
    let zero = Value(Tensor.zeros(outer + [1, 1]))
    let filled = Value.joined([u, zero], along: outer.count).taken(places).reshaped(to: shape)
    // log sqrt(1 - tanh^2 u) = -log cosh u = log 2 - |u| - log(1 + exp(-2 |u|)), 0 for u = 0.
    let size = filled.magnitude()
    let logCosh = size + (size * -2).softplus() - 0.693147180559945309417232121458
    let sums = logCosh.cumulativeSum(along: shape.count - 1)
    let before = logCosh - sums
    let factor = (filled.tanh() + .identity(n)) * before.exp()
    // dL[i, j] / du[i, j] = (1 - t^2) sqrt(left before j).
    let below = Value((0..<n * n).map { $0 / n > $0 % n ? 1 : 0 }, shape: [n, n])
    let logJacobian = ((before - logCosh * 2) * below).sum()
    let logDiagonal = before.reshaped(to: outer + [n * n]).taken((0..<n).map { $0 * (n + 1) })
    return (factor, logJacobian, logDiagonal)
  }
}

// MARK: - Values that are there

extension Constraint {
  /// What is wrong with observed numbers, as one sentence; nil where nothing is.
  func fault(inData data: Value, isDiscrete: Bool, of law: String) -> String? {
    let wanted: String
    let isGood: (Double) -> Bool
    switch (self, isDiscrete) {
    case (_, true):
      wanted = "a whole number from 0 on"
      isGood = { $0 >= 0 && $0 == $0.rounded() }
    case (.positive, _), (.positiveOrdered, _):
      wanted = "above 0"
      isGood = { $0 > 0 }
    case (.simplex, _):
      wanted = "from 0 to 1"
      isGood = { $0 >= 0 && $0 <= 1 }
    default: return nil
    }
    let numbers = data.tensor.scalars
    guard let index = numbers.firstIndex(where: { !isGood($0) }) else { return nil }
    return "element \(index) is \(numbers[index]); a value of \(law) is \(wanted)"
  }
}
