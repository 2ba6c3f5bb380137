// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// What a data set's posteriors do with the dimensions of z: which are used, how much of the KL is
/// information about the image, and how much is mismatch with the prior.
///
/// The prior is N(0, I) and the posteriors q(z|x) are diagonal Gaussians.
public struct LatentHealth: Sendable {
  /// KL(q(z|x) || p(z)) of each image, in nats.
  public let divergence: [Double]
  /// KL(q(z[j]|x) || p(z[j])) of each dimension, mean over images, in nats; they sum to the mean of
  /// ``divergence``.
  public let divergencePerDimension: [Estimate]
  /// A[j] = Var over x of E_q[z[j]], the activity of each dimension (Burda, Grosse and Salakhutdinov
  /// 2016, section 5.2, arXiv:1509.00519): near 0 where q ignores the image, at most about 1 where q
  /// fills the prior.
  public let activity: [Estimate]
  /// The KL in three parts.
  public let parts: DivergenceParts

  /// The activity above which a dimension counts as active (Burda et al. 2016).
  public static let activityThreshold = 0.01

  /// The number of dimensions whose activity is above ``activityThreshold``.
  public var activeUnits: Int { activity.count { $0.mean > Self.activityThreshold } }

  /// Measures the posteriors of a data set.
  ///
  /// - Parameters:
  ///   - posterior: q(z|x) of N images, `[N, latent]`.
  ///   - seed: Decides the draw of each image.
  ///   - workers: The threads to use; the result does not depend on them.
  ///   - progress: Hears of each few blocks of images, and may stop the work.
  /// - Throws: `CancellationError` where `progress` answered false.
  /// - Precondition: N is at least 2.
  ///
  /// Cost: N^2 x latent exponentials.
  @specialized(where Scalar == Float)
  public init<Scalar: TensorScalar>(
    of posterior: DiagonalGaussian<Scalar>, seed: UInt64 = 0, workers: WorkerPool,
    progress: EvaluationProgress? = nil
  ) throws {
    // In Double: of an unused dimension, m near 0 and s near 1, the KL is what
    // (s^2 + m^2 - 1 - log s^2) / 2 leaves of terms that cancel.
    let q = DiagonalGaussian(
      mean: posterior.mean.converted(to: Double.self),
      logVariance: posterior.logVariance.converted(to: Double.self))
    let (count, dimension) = (q.mean.shape[0], q.mean.shape[1])
    precondition(count >= 2, "\(count) posteriors have no variance")
    let shape = [count, dimension, 1]
    let divergences = Tensor<Double>.gaussianKLToStandardNormal(
      mean: q.mean.reshaped(to: shape), logVariance: q.logVariance.reshaped(to: shape))
    divergence = divergences.sum(along: 1).scalars
    divergencePerDimension = divergences.columns.map { Estimate($0) }
    activity = q.mean.columns.map(Self.variance)
    parts = try DivergenceParts(
      posterior, divergence: divergence, seed: seed, workers: workers, progress: progress)
  }

  /// The variance of a sample, 1/(n - 1) sum (value - mean)^2. Its standard error is that of the mean
  /// of the squares, which neglects that of the mean of the values: a term of order 1 / n.
  private static func variance(_ values: [Double]) -> Estimate {
    let (mean, count) = (Estimate(values).mean, Double(values.count))
    return Estimate(values.map { ($0 - mean) * ($0 - mean) * (count / (count - 1)) })
  }
}

extension GuidedModel
where
  Surrogate.Posterior == DiagonalGaussian<Scalar>, Model: GenerativeModel,
  Model.Prior: GaussianPrior
{
  /// Measures what the posteriors of a data set do with the dimensions of z, in coordinates in which the
  /// prior is N(0, I).
  ///
  /// - Parameters:
  ///   - data: With the fields that the model reads; at least two examples. Fewer examples take less time
  ///     (quadratic in their number), but the mutual information is then at most the logarithm of that
  ///     fewer.
  ///   - seed: Decides the draws, and what is drawn of the data.
  ///   - workers: The threads to use; the result does not depend on them.
  ///   - progress: Hears of each few blocks of examples, and may stop the work.
  /// - Returns: Means with standard errors over the examples, in nats.
  /// - Throws: `CancellationError` where `progress` answered false; ``DatasetError`` naming a field that
  ///   the data lack.
  public func latentHealth(
    on data: any Dataset, seed: UInt64 = 0, workers: WorkerPool,
    progress: EvaluationProgress? = nil
  ) throws -> LatentHealth {
    try LatentHealth(
      of: model.prior.standardized(encode(data, seed: seed, workers: workers)), seed: seed,
      workers: workers, progress: progress)
  }
}

extension Tensor where Scalar == Double {
  /// The columns of a matrix.
  fileprivate var columns: [[Double]] {
    (0..<shape[1]).map { slice($0..<$0 + 1, along: 1).scalars }
  }
}
