// SPDX-License-Identifier: Apache-2.0

/// KL(q || p) of each row where the pair has a closed form, in nats; nil where it has none.
///
///     q                  p
///     diagonal normal    N(0, I)          1/2 sum of s^2 + m^2 - 1 - log s^2
///     diagonal normal    diagonal normal  1/2 sum of (s^2 + (m - m_p)^2) / s_p^2 - 1 - log(s^2 / s_p^2)
///     N(m, L L^T)        N(0, I)          (|L|^2 + |m|^2 - n) / 2 - log det L
///     N(m, L L^T)        diagonal normal  the same of (m - m_p) / s_p and L / s_p, row by row
///
/// - Source: Kingma and Welling 2014, appendix B, arXiv:1312.6114; Bishop, "Pattern recognition and
///   machine learning", 2006, exercise 2.13.
public func kullbackLeiblerDivergence<Scalar: TensorScalar>(
  _ q: some Distribution<Scalar>, _ p: some Distribution<Scalar>
) -> Tensor<Scalar>? {
  switch (q, p) {
  case (let q as DiagonalGaussian<Scalar>, is StandardNormal<Scalar>):
    .gaussianKLToStandardNormal(mean: q.mean, logVariance: q.logVariance)
  case (let q as DiagonalGaussian<Scalar>, let p as DiagonalGaussian<Scalar>):
    // That of q in p's units, which are the same for both sides of a divergence.
    kullbackLeiblerDivergence(p.standardized(q), StandardNormal(dimension: p.noiseDimension))
  case (let q as FullCovarianceGaussian<Scalar>, is StandardNormal<Scalar>):
    q.divergenceFromStandardNormal
  case (let q as FullCovarianceGaussian<Scalar>, let p as DiagonalGaussian<Scalar>):
    q.inUnits(of: p).divergenceFromStandardNormal
  default: nil
  }
}

/// KL(q(z[j]) || p(z[j])) of each coordinate, `[..., n]`, where both distributions have independent
/// normal coordinates, in nats; nil for others. ``kullbackLeiblerDivergence(_:_:)`` is the sum over
/// the last axis.
public func kullbackLeiblerDivergences<Scalar: TensorScalar>(
  _ q: some Distribution<Scalar>, _ p: some Distribution<Scalar>
) -> Tensor<Scalar>? {
  guard let q = q as? DiagonalGaussian<Scalar>, let p = p as? any GaussianPrior<Scalar> else {
    return nil
  }
  let standardized = p.standardized(q)
  let shape = standardized.mean.shape + [1]
  return .gaussianKLToStandardNormal(
    mean: standardized.mean.reshaped(to: shape),
    logVariance: standardized.logVariance.reshaped(to: shape))
}

extension FullCovarianceGaussian {
  fileprivate var divergenceFromStandardNormal: Tensor<Scalar> {
    let squares = factor.squared().sum(along: -1).sum(along: -1) + mean.squared().sum(along: -1)
    return (squares - Scalar(mean.shape[1])) * 0.5 - logDeterminant
  }

  /// The distribution of (z - mean of p) / standard deviation of p.
  fileprivate func inUnits(of p: DiagonalGaussian<Scalar>) -> FullCovarianceGaussian {
    let (rows, n) = (mean.shape[0], mean.shape[1])
    let scale = (p.logVariance * -0.5).exp()
    let scales = (scale + Tensor.zeros(mean.shape)).reshaped(to: [rows, n, 1])
    return FullCovarianceGaussian(mean: (mean - p.mean) * scale, factor: factor * scales)
  }
}
