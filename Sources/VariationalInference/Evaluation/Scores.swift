// SPDX-License-Identifier: Apache-2.0

/// What a model says of each example by itself: how probable it is, and what that is made of.
///
/// The smaller the bound on log p(x), the less an example is like those that the model learned: a score
/// of anomaly.
public struct Scores: Sendable {
  /// The ELBO of each example from one draw of q, in nats.
  public let elbo: [Double]
  /// L_K of each example, in nats: nearer to log p(x), and with less noise, than the ELBO.
  public let importanceWeighted: [Double]
  /// The shape of the tail of each example's weights; nil where it cannot be fitted. Above 0.7 the weights
  /// are too uneven to rely on L_K.
  public let paretoShape: [Double?]
  /// The reconstruction cost of each example, in nats.
  public let reconstruction: [Double]
  /// KL(q || p) of each example, in nats.
  public let kl: [Double]
  /// K.
  public let samples: Int
}

extension GuidedModel {
  /// Scores every example of a data set.
  ///
  /// - Parameters:
  ///   - data: With the fields that the model reads.
  ///   - samples: K of the importance-weighted bound.
  ///   - seed: Decides the draws.
  ///   - workers: The threads to use; the result does not depend on them.
  ///   - progress: Hears of each example that is done, and may stop the work.
  /// - Returns: One number of each kind for each example, in order.
  /// - Throws: ``DatasetError`` naming a field that the data lack, or an example whose numbers are not
  ///   finite; `CancellationError` where `progress` answered false.
  public func scores(
    on data: any Dataset, samples: Int = 100, seed: UInt64 = 0, workers: WorkerPool,
    progress: EvaluationProgress? = nil
  ) throws -> Scores {
    let evaluation = try evaluate(on: data, seed: seed, workers: workers)
    let bound = try importanceWeightedBound(
      on: data, samples: samples, seed: seed, workers: workers, progress: progress)
    return Scores(
      elbo: evaluation.elbo, importanceWeighted: bound.bound, paretoShape: bound.paretoShape,
      reconstruction: evaluation.reconstruction, kl: evaluation.kl, samples: samples)
  }
}
