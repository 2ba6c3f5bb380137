// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// The mean KL(q(z|x) || p(z)) of a data set in three parts, image by image, in nats.
///
///     mean over n of KL(q(z|x[n]) || p(z)) =   I(n; z)                            mutual information
///                                            + KL(q(z) || product of q(z[j]))     total correlation
///                                            + sum over j of KL(q(z[j]) || p(z[j]))    by dimension
///
/// with q(z) = 1/N sum over n of q(z|x[n]), n uniform, and a prior of independent coordinates. Each
/// part is estimated from one draw z of q(z|x[n]) for each image. The plain estimates of the three,
///
///     i = log q(z|x[n]) - log q(z)
///     t = log q(z) - sum over j of log q(z[j])
///     m = sum over j of log q(z[j]) - log p(z)
///
/// miss the divergence of image n by the noise of z, i + t + m = KL + c, with
///
///     c = log q(z|x[n]) - log p(z) - KL(q(z|x[n]) || p(z)),     E[c] = 0 for each image
///
/// which therefore serves as a control variate. The lists hold
///
///     i - a c,   t - b c,   m - (1 - a - b) c,     a = cov(i, c) / var(c),  b = cov(t, c) / var(c)
///
/// so that the three parts add up to the divergence for each image, and the first two vary over the
/// images at most as much as with any other coefficient: with 0, the plain estimates, or with b = 1,
/// what the other two leave of the divergence. The third has what is left: up to cov(KL, c) / var(c),
/// of order N^(-1/2), its own best coefficient.
///
/// Fitted to the draws that they serve, a and b cost a bias of order 1/N, below the standard error.
/// Of two images they are 0.
/// Single values of a list may be negative; each expectation is not. I(n; z) is at most log N.
/// Standard errors over images take q(z) as given.
///
/// - Source: Hoffman and Johnson, "ELBO surgery", NIPS 2016 workshop on approximate inference; Chen,
///   Li, Grosse and Duvenaud 2018, equation 2, arXiv:1802.04942. Control variates: Owen, "Monte Carlo
///   theory, methods and examples", 2013, section 8.9.
public struct DivergenceParts: Sendable {
  /// I(n; z), the information about which image it was that one z carries.
  public let mutualInformation: [Double]
  /// KL(q(z) || product of q(z[j])), how dependent the dimensions are of each other.
  public let totalCorrelation: [Double]
  /// The sum over j of KL(q(z[j]) || p(z[j])), how far the dimensions are from the prior.
  public let dimensionwiseDivergence: [Double]

  /// Estimates the parts from one draw of each row of `posterior`, a fixed number of rows at a time.
  init<Scalar>(
    _ posterior: DiagonalGaussian<Scalar>, divergence: [Double], seed: UInt64, workers: WorkerPool,
    progress: EvaluationProgress?
  ) throws {
    let aggregate = AggregatePosterior(posterior)
    let (count, size) = (aggregate.count, aggregate.blockSize)
    let blocks = (count + size - 1) / size
    var terms: [Terms] = []
    for first in stride(from: 0, to: blocks, by: Self.blocksAtOnce) {
      try progress.report(Double(first) / Double(blocks))
      terms += workers.map(min(Self.blocksAtOnce, blocks - first)) { block in
        let start = (first + block) * size
        return Terms(start..<min(start + size, count), of: posterior, in: aggregate, seed: seed)
      }
    }
    try progress.report(1)
    let (joint, marginals) = (terms.flatMap(\.joint), terms.flatMap(\.marginals))
    let (posteriors, priors) = (terms.flatMap(\.posterior), terms.flatMap(\.prior))
    let control = divergence.indices.map { posteriors[$0] - priors[$0] - divergence[$0] }
    let information = Self.controlled(zip(posteriors, joint).map { $0 - $1 }, by: control)
    let correlation = Self.controlled(zip(joint, marginals).map { $0 - $1 }, by: control)
    mutualInformation = information
    totalCorrelation = correlation
    dimensionwiseDivergence = divergence.indices.map {
      divergence[$0] - information[$0] - correlation[$0]
    }
  }

  /// Between two reports of progress.
  private static let blocksAtOnce = 64

  /// value - b control with the b of least variance, cov(value, control) / var(control).
  ///
  /// No b where the control does not vary; nor for two images, through which a line always goes, so
  /// that nothing would be left to tell the error from.
  private static func controlled(_ values: [Double], by control: [Double]) -> [Double] {
    let (mean, centre) = (Estimate(values).mean, Estimate(control).mean)
    let variance = control.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
    let covariance = zip(values, control).reduce(0) { $0 + ($1.0 - mean) * ($1.1 - centre) }
    let coefficient = variance == 0 || values.count < 3 ? 0 : covariance / variance
    return zip(values, control).map { $0 - coefficient * $1 }
  }
}

/// The logarithms of four densities at one draw of each of some images, in nats.
private struct Terms {
  /// log q(z|x[n]).
  let posterior: [Double]
  /// log q(z).
  let joint: [Double]
  /// The sum over j of log q(z[j]).
  let marginals: [Double]
  /// log p(z).
  let prior: [Double]

  init<Scalar>(
    _ images: Range<Int>, of all: DiagonalGaussian<Scalar>,
    in aggregate: AggregatePosterior<Scalar>, seed: UInt64
  ) {
    let q = DiagonalGaussian(
      mean: all.mean.slice(images), logVariance: all.logVariance.slice(images))
    let z = q.sample(
      noise: NoisePurpose.aggregatePosterior.noise(Array(images), shape: q.mean.shape, seed: seed))
    let aggregates = aggregate.logDensities(of: z)
    posterior = q.logProbability(of: z).doubles
    joint = aggregates.joint.doubles
    marginals = aggregates.marginals.doubles
    prior = StandardNormal<Scalar>(dimension: aggregate.dimension).logProbability(of: z).doubles
  }
}
