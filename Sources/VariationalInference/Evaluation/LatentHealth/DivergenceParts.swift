// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// The mean KL(q(z|x) || p(z)) of a data set in three parts, image by image, in nats.
///
///     mean over n of KL(q(z|x[n]) || p(z)) =   I(n; z)                            mutual information
///                                            + KL(q(z) || product of q(z[j]))     total correlation
///                                            + sum over j of KL(q(z[j]) || p(z[j]))    by dimension
///
/// with q(z) = 1/N sum over n of q(z|x[n]), n uniform, and a prior of independent coordinates. Each
/// part is estimated from one draw z of q(z|x[n]) for each image; the first two lists hold
///
///     log q(z|x[n]) - log q(z)      and      sum over j of log q(z[j]) - log p(z[j])
///
/// and the total correlation is what is left of the divergence in closed form. That is unbiased, as
/// the plain estimate log q(z) - sum over j of log q(z[j]) differs from it by log q(z|x[n]) -
/// log p(z) - KL, whose expectation is 0; the noise of z cancels, and the three add up for each
/// image. Single values of a list may be negative; each expectation is not.
///
/// I(n; z) is at most log N. Standard errors over images take q(z) as given.
///
/// - Source: Hoffman and Johnson, "ELBO surgery", NIPS 2016 workshop on approximate inference; Chen,
///   Li, Grosse and Duvenaud 2018, equation 2, arXiv:1802.04942.
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
    var (information, marginal): ([Double], [Double]) = ([], [])
    for first in stride(from: 0, to: blocks, by: Self.blocksAtOnce) {
      try progress.report(Double(first) / Double(blocks))
      let parts = workers.map(min(Self.blocksAtOnce, blocks - first)) { block in
        let start = (first + block) * size
        return Self.terms(
          start..<min(start + size, count), of: posterior, in: aggregate, seed: seed)
      }
      information += parts.flatMap(\.information)
      marginal += parts.flatMap(\.marginal)
    }
    try progress.report(1)
    mutualInformation = information
    dimensionwiseDivergence = marginal
    totalCorrelation = divergence.indices.map { divergence[$0] - information[$0] - marginal[$0] }
  }

  /// Between two reports of progress.
  private static let blocksAtOnce = 64

  /// The terms of some images, each at one draw of its posterior.
  private static func terms<Scalar>(
    _ images: Range<Int>, of posterior: DiagonalGaussian<Scalar>,
    in aggregate: AggregatePosterior<Scalar>, seed: UInt64
  ) -> (information: [Double], marginal: [Double]) {
    let q = DiagonalGaussian(
      mean: posterior.mean.slice(images), logVariance: posterior.logVariance.slice(images))
    let z = q.sample(
      noise: NoisePurpose.aggregatePosterior.noise(Array(images), shape: q.noiseShape, seed: seed))
    let (joint, marginals) = aggregate.logDensities(of: z)
    let prior = StandardNormal<Scalar>(dimension: aggregate.dimension)
    return (
      (q.logProbability(of: z) - joint).doubles, (marginals - prior.logProbability(of: z)).doubles
    )
  }
}
