// SPDX-License-Identifier: Apache-2.0

/// Correlation matrices R of K rows by a shape eta: 1 is uniform, above it R is nearer to the
/// identity.
///
///     log p(R) = (eta - 1) log det R + log c(K, eta)
///
///     log c = (K - 1) log Gamma(eta + (K - 1) / 2)
///             - sum over k = 1 ... K - 1 of (k / 2) log pi + log Gamma(eta + (K - 1 - k) / 2)
///
/// over the K (K - 1) / 2 numbers below the diagonal. ``LKJCholesky``, of the factor of R, is
/// cheaper.
///
/// - Source: Lewandowski, Kurowicka and Joe, "Generating random correlation matrices based on vines
///   and extended onion method", J. Multivariate Analysis 100 (2009),
///   doi:10.1016/j.jmva.2009.04.008; "Stan functions reference", lkj_corr.
public struct LKJ: Law {
  private let size: Int
  private let eta: Value

  /// - Parameters:
  ///   - size: K, the number of rows.
  ///   - eta: Above 0.
  public init(_ size: Int, _ eta: Value) { (self.size, self.eta) = (size, eta) }

  /// Correlation matrices.
  public var support: Constraint { .correlation }
  /// Matrices.
  public var eventRank: Int { 2 }
  /// A square matrix.
  public var shape: [Int] { [size, size] }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    (eta - 1) * x.cholesky().logTriangularDeterminant() * 2 + logNormalizer(size, eta)
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    let factor = LKJCholesky(size, eta).draw(shape, from: &source)
    return factor.matrixProduct(factor.transposedLast())
  }
}

/// Cholesky factors L of correlation matrices R = L L^T of the law ``LKJ``: lower triangular
/// matrices with a positive diagonal and rows of length 1. With k counted from 0,
///
///     log p(L) = sum over k of (K - k - 3 + 2 eta) log L[k, k] + log c(K, eta)
///
/// over the K (K - 1) / 2 numbers below the diagonal. `scales.asDiagonal().times(L)` is the factor
/// of a covariance.
///
/// - Source: Lewandowski, Kurowicka and Joe, doi:10.1016/j.jmva.2009.04.008; "Stan functions
///   reference", lkj_corr_cholesky.
public struct LKJCholesky: Law {
  private let size: Int
  private let eta: Value

  /// - Parameters:
  ///   - size: K, the number of rows.
  ///   - eta: Above 0.
  public init(_ size: Int, _ eta: Value) { (self.size, self.eta) = (size, eta) }

  /// Factors of correlation matrices.
  public var support: Constraint { .correlationCholesky }
  /// Matrices.
  public var eventRank: Int { 2 }
  /// A square matrix.
  public var shape: [Int] { [size, size] }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    let powers = Value((0..<size).map { Double(size - $0 - 3) }) + eta * 2
    return (powers * x.logDiagonal()).sum(along: -1) + logNormalizer(size, eta)
  }

  /// Column by column of L, partial correlations 2 b - 1 with b of a beta law, as in a C-vine.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    let outer = Array(shape.dropLast(2))
    let shapes = eta + Value((0..<max(size - 1, 1)).map { Double(size - 2 - $0) / 2 })
    let rows = (0..<size).map { row -> Value in
      var (left, elements): (Value, [Value]) = (1, [])
      if row > 0 {
        let beta = source.numbers(outer + [row], [shapes[0..<row]]) { $1.beta($0[0], $0[0]) }
        let partial = beta * 2 - 1
        for column in 0..<row {
          let t = partial.taken([column])
          elements.append(t * left)
          left = left * (1 - t.squared()).squareRoot()
        }
      }
      elements.append(left)
      let zeros = (row + 1..<max(size, row + 1)).map { _ in Value(0) }
      let full = (elements + zeros).map { $0 + Value(.zeros(outer + [1, 1])) }
      return Value.joined(full, along: outer.count).reshaped(to: outer + [1, size])
    }
    return .joined(rows, along: outer.count)
  }
}

/// log c(K, eta).
private func logNormalizer(_ size: Int, _ eta: Value) -> Value {
  if size < 2 { return 0 }
  let halves = Value((1..<size).map { Double(size - 1 - $0) / 2 })
  let gammas = (eta + halves).map { $0.logGamma() }.sum()
  let first = (eta + Double(size - 1) / 2).map { $0.logGamma() } * Double(size - 1)
  return first - gammas - Double(size * (size - 1)) / 4 * logarithm(.pi)
}
