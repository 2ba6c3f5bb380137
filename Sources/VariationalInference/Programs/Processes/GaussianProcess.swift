// SPDX-License-Identifier: Apache-2.0

/// The values of a random function at n inputs, jointly normal with the covariances of a kernel:
///
///     y ~ N(mean, k(x, x) + noise variance I)
///
/// As a likelihood, of noisy observations, the function itself is integrated out. As a latent
/// variable it is the function at the inputs; its non-centred form is mean + L noise with the
/// Cholesky factor L. It takes n^3 / 3 multiplications a draw. Distances between inputs are
/// computed once for all draws.
///
/// - Source: Rasmussen and Williams, "Gaussian processes for machine learning" (2006), algorithm
///   2.1.
public struct GaussianProcess: Law {
  private let kernel: Kernel
  private let inputs: Value
  private let mean: Value
  /// Of the values with their noise.
  private let factor: Value
  private let law: MultivariateNormal

  /// - Parameters:
  ///   - kernel: The covariance function.
  ///   - inputs: x, `[n]`, or `[n, d]` for vectors.
  ///   - mean: The function's mean: a number, or one for each input.
  ///   - noiseVariance: Of independent noise on each value: a number, or one for each input. The
  ///     default is there for the factorisation alone, which rounding may make fail where inputs
  ///     are close.
  public init(_ kernel: Kernel, at inputs: Value, mean: Value = 0, noiseVariance: Value = 1e-10) {
    (self.kernel, self.inputs, self.mean) = (kernel, inputs, mean)
    let count = inputs.shape.first ?? 1
    factor = (kernel.covariance(inputs) + noiseVariance * .identity(count)).cholesky()
    law = MultivariateNormal(mean, cholesky: factor)
  }

  /// All vectors.
  public var support: Constraint { .real }
  /// Vectors.
  public var eventRank: Int { 1 }
  /// A number for each input.
  public var shape: [Int] { law.shape }
  /// The formula above.
  public func logDensity(of x: Value) -> Value { law.logDensity(of: x) }
  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    law.draw(shape, from: &source)
  }
  /// By the formula that makes a draw of normal noise.
  public func transform(ofNoise noise: Value) -> Value? { law.transform(ofNoise: noise) }

  /// The law of the function, without noise, at other inputs given its values at these:
  ///
  ///     mean' + K*^T K^-1 (y - mean),   k(x*, x*) - K*^T K^-1 K*
  ///
  /// with K the covariance of the values and K* = k(x, x*).
  ///
  /// - Parameters:
  ///   - others: x*, `[m]` or `[m, d]`.
  ///   - values: y, `[n]`.
  ///   - otherMean: mean', the function's mean at the other inputs.
  ///   - jitter: Added to the variances, for the factorisation.
  /// - Returns: The law of a vector of m numbers.
  public func prediction(
    at others: Value, given values: Value, mean otherMean: Value = 0, jitter: Double = 1e-10
  ) -> MultivariateNormal {
    let solved = factor.triangularSolve(kernel.covariance(inputs, others))
    let deviations = factor.triangularSolve(values - mean)
    let count = others.shape.first ?? 1
    let covariance =
      kernel.covariance(others) - solved.transposed().times(solved) + jitter * .identity(count)
    return MultivariateNormal(
      otherMean + solved.transposed().times(deviations), covariance: covariance)
  }
}
