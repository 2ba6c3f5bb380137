// SPDX-License-Identifier: Apache-2.0

/// The maximum of the likelihood of p(z) = N(0, I), p(x | z) = N(W z + b, sigma^2 I), in closed form.
///
/// With the eigenvalues l[1] >= l[2] >= ... of the covariance of the data, 1/N sum (x - mean)
/// (x - mean)^T, D of them, and d dimensions of z:
///
///     b = mean,   sigma^2 = mean of l[d+1] ... l[D],   W = U (diag(l[1] ... l[d]) - sigma^2 I)^(1/2)
///     mean log p(x) = -1/2 (D log(2 pi) + sum over i <= d of log l[i] + (D - d) log sigma^2 + D)
///
/// p(z | x) then has independent coordinates, so that a linear variational autoencoder with a diagonal
/// q reaches this value of its ELBO, and no value above it.
///
/// - Source: Tipping and Bishop, "Probabilistic principal component analysis", Journal of the Royal
///   Statistical Society B 61, 1999, equations 7 and 8, doi:10.1111/1467-9868.00196; Lucas et al.
///   2019, section 3, arXiv:1911.02469.
public struct ProbabilisticPrincipalComponents: Sendable {
  /// The largest mean log p(x) that such a model can give these data, in nats per example.
  public let meanLogLikelihood: Double
  /// sigma^2 at the maximum.
  public let noiseVariance: Double
  /// l[1] ... l[d].
  public let variances: [Double]

  /// The maximum for the rows of `points`, `[count, D]`, and `latent` dimensions of z.
  ///
  /// - Precondition: 0 < latent < D, and the variance outside the first `latent` directions is not 0.
  public init(_ points: Tensor<Double>, latent: Int) {
    let (count, dimension) = (Double(points.shape[0]), points.shape[1])
    precondition(
      latent > 0 && latent < dimension, "\(latent) latent dimensions of data in \(dimension)")
    // The likelihood is largest for the covariance with 1/N; that of the components has 1/(N - 1).
    let eigenvalues = PrincipalComponents(points).variances.map { $0 * (count - 1) / count }
    variances = Array(eigenvalues[..<latent])
    noiseVariance = eigenvalues[latent...].reduce(0, +) / Double(dimension - latent)
    // Eigenvalues are right to a few roundings of the largest: so much of one may be nothing at all.
    let rounding = Double(dimension) * Double.ulpOfOne * variances[0]
    precondition(
      noiseVariance > rounding, "the data lie in \(latent) dimensions: no maximum exists")
    // The trace of C^-1 S is D at the maximum, whence the last term of the formula above.
    let logs = Tensor(variances).log().sum().scalar
    let rest = Double(dimension - latent) * Tensor(noiseVariance).log().scalar
    meanLogLikelihood =
      -0.5 * (logs + rest + Double(dimension)) - Double(dimension) * halfLogTwoPi
  }
}
