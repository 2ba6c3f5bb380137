// SPDX-License-Identifier: Apache-2.0

/// The normal law of vectors of n numbers.
///
///     log p(x) = -|L^-1 (x - mean)|^2 / 2 - sum over k of log L[k, k] - n log(2 pi) / 2
///
/// with covariance L L^T. Where a draw's covariance is not positive definite, the density there is
/// no number. The non-centred form is mean + L noise. Of a covariance with independent parts,
/// `MultivariateNormal(mean, cholesky: scales.asDiagonal().times(L))` with L of ``LKJCholesky``
/// needs no factorisation.
///
/// - Source: "Stan functions reference", multi_normal, multi_normal_prec and multi_normal_cholesky.
public struct MultivariateNormal: Law {
  private let mean: Value
  private let spread: Spread

  /// - Parameters:
  ///   - mean: `[n]`, or `[..., n]` for several vectors, or a number.
  ///   - covariance: `[n, n]`, symmetric and positive definite; its lower triangle is read.
  public init(_ mean: Value, covariance: Value) {
    (self.mean, spread) = (mean, .factor(covariance.cholesky()))
  }

  /// - Parameters:
  ///   - mean: `[n]`, or `[..., n]` for several vectors, or a number.
  ///   - precision: The inverse of the covariance, `[n, n]`.
  public init(_ mean: Value, precision: Value) {
    (self.mean, spread) = (mean, .precisionFactor(precision.cholesky()))
  }

  /// - Parameters:
  ///   - mean: `[n]`, or `[..., n]` for several vectors, or a number.
  ///   - cholesky: L, `[n, n]`, lower triangular with a positive diagonal.
  public init(_ mean: Value, cholesky: Value) { (self.mean, spread) = (mean, .factor(cholesky)) }

  /// All vectors.
  public var support: Constraint { .real }
  /// Vectors.
  public var eventRank: Int { 1 }
  /// A vector, or that of the means.
  public var shape: [Int] { Value.broadcastShape([mean.shape, [spread.size]]) }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    let (squares, logScale) = spread.standardised(x - mean)
    return squares * -0.5 - logScale - Double(spread.size) * halfLogTwoPi
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    mean + spread.scaled(source.standardNormal(shape))
  }

  /// By the formula that makes a draw of normal noise.
  public func transform(ofNoise noise: Value) -> Value? { mean + spread.scaled(noise) }
}

/// Student's law of vectors of n numbers, with heavier tails than ``MultivariateNormal``: with
/// covariance scale S = L L^T and q = |L^-1 (x - mean)|^2,
///
///     log p(x) = log Gamma((nu + n) / 2) - log Gamma(nu / 2) - n log(nu pi) / 2
///                - sum over k of log L[k, k] - (nu + n) / 2 log(1 + q / nu)
///
/// Its covariance is S nu / (nu - 2), for nu above 2.
///
/// - Source: "Stan functions reference", multi_student_t.
public struct MultivariateStudentT: Law {
  private let degreesOfFreedom: Value
  private let mean: Value
  private let spread: Spread

  /// - Parameters:
  ///   - degreesOfFreedom: nu, above 0.
  ///   - mean: `[n]`, or `[..., n]` for several vectors, or a number.
  ///   - scale: S, `[n, n]`, symmetric and positive definite; its lower triangle is read.
  public init(_ degreesOfFreedom: Value, _ mean: Value, scale: Value) {
    self.init(degreesOfFreedom, mean, cholesky: scale.cholesky())
  }

  /// - Parameters:
  ///   - degreesOfFreedom: nu, above 0.
  ///   - mean: `[n]`, or `[..., n]` for several vectors, or a number.
  ///   - cholesky: L, `[n, n]`, lower triangular with a positive diagonal.
  public init(_ degreesOfFreedom: Value, _ mean: Value, cholesky: Value) {
    (self.degreesOfFreedom, self.mean, spread) = (degreesOfFreedom, mean, .factor(cholesky))
  }

  /// All vectors.
  public var support: Constraint { .real }
  /// Vectors.
  public var eventRank: Int { 1 }
  /// A vector, or that of the means.
  public var shape: [Int] { Value.broadcastShape([mean.shape, [spread.size]]) }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    let n = Double(spread.size)
    let nu = degreesOfFreedom
    let (squares, logScale) = spread.standardised(x - mean)
    let (half, whole) = (nu * 0.5, (nu + n) * 0.5)
    let constant =
      whole.map { $0.logGamma() } - half.map { $0.logGamma() } - (nu * .pi).log() * (n / 2)
    return constant - logScale - whole * (squares / nu).logOnePlus()
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    let normal = spread.scaled(source.standardNormal(shape))
    // A gamma number of shape and rate nu / 2 for each vector.
    let precision = source.numbers(Array(shape.dropLast()), [degreesOfFreedom * 0.5]) {
      $1.gamma($0[0]) / $0[0]
    }
    return mean + normal / precision.squareRoot().asColumn
  }
}

/// How vectors vary around their mean.
private enum Spread: Sendable {
  /// L, with covariance L L^T.
  case factor(Value)
  /// C, with covariance (C C^T)^-1.
  case precisionFactor(Value)

  var size: Int {
    switch self {
    case .factor(let l), .precisionFactor(let l): l.shape.last ?? 1
    }
  }

  /// |L^-1 e|^2 of each vector e, and log det L.
  func standardised(_ e: Value) -> (squares: Value, logScale: Value) {
    switch self {
    case .factor(let l):
      let solved = e.withVectorsAsColumns { l.triangularSolve($0) }
      return (solved.squared().sum(along: -1), l.logTriangularDeterminant())
    case .precisionFactor(let c):
      let product = e.withVectorsAsColumns { c.transposed().times($0) }
      return (product.squared().sum(along: -1), -c.logTriangularDeterminant())
    }
  }

  /// Vectors with this covariance of independent standard normal ones: L e, or C^-T e.
  func scaled(_ e: Value) -> Value {
    switch self {
    case .factor(let l): e.withVectorsAsColumns { l.times($0) }
    case .precisionFactor(let c):
      e.withVectorsAsColumns { c.triangularSolve($0, transposed: true) }
    }
  }
}

extension Value {
  /// f of vectors that are the last axis, handed over as a vector, or as columns of a matrix.
  fileprivate func withVectorsAsColumns(_ f: (Value) -> Value) -> Value {
    if shape.count < 2 { return f(self) }
    let (size, outer) = (shape[shape.count - 1], shape.dropLast().reduce(1, *))
    if outer == 1 { return f(reshaped(to: [size])).reshaped(to: shape) }
    return f(reshaped(to: [outer, size]).transposed()).transposed().reshaped(to: shape)
  }
}
