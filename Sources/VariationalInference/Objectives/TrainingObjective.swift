// SPDX-License-Identifier: Apache-2.0

/// What training maximises, in nats per example.
public enum TrainingObjective: Sendable, Equatable {
  /// The ELBO from one draw, with the KL in closed form where there is one.
  case evidenceLowerBound
  /// L_K, the importance-weighted bound of `samples` draws, with a gradient estimator.
  case importanceWeighted(samples: Int, gradient: ImportanceWeightedGradient)

  /// The draws of q for each example.
  public var samples: Int {
    switch self {
    case .evidenceLowerBound: 1
    case .importanceWeighted(let samples, _): samples
    }
  }

  /// What its values are called: "ELBO", or "L_5" for the importance-weighted bound of 5 samples.
  public var name: String {
    switch self {
    case .evidenceLowerBound: "ELBO"
    case .importanceWeighted(let samples, _): "L_\(samples)"
    }
  }
}

/// An objective's value for each example, and what to report of it.
struct ObjectiveTerms<Scalar: TensorScalar> {
  /// What is maximised, `[batch]`, in nats.
  let value: Tensor<Scalar>
  /// Off the tape, `[batch]` each: reconstruction cost, KL cost, and L_K where that is the objective.
  let report: [Tensor<Scalar>]
}

extension GenerativeModel where Self: AmortizedPosterior {
  /// An objective on examples `[batch, data]`; `noise` makes standard normal numbers of a shape whose
  /// first axis is the batch.
  func terms(
    of objective: TrainingObjective, _ x: Tensor<Scalar>, noise: ([Int]) -> Tensor<Scalar>
  ) -> ObjectiveTerms<Scalar> {
    switch objective {
    case .evidenceLowerBound:
      let q = posterior(given: x)
      let bound = evidenceLowerBound(x, posterior: q, noise: noise(q.noiseShape))
      return ObjectiveTerms(
        value: bound.elbo, report: [bound.reconstruction.detached, bound.kl.detached])
    case .importanceWeighted(let samples, let gradient):
      let q = posterior(given: x, repeated: samples)
      let perDraw = q.noiseShape.dropFirst().reduce(1, *)
      let result = importanceWeightedObjective(
        x, posterior: q, samples: samples,
        noise: noise([x.shape[0], samples * perDraw]).reshaped(to: q.noiseShape),
        gradient: gradient)
      let elbo = result.evidenceLowerBound
      return ObjectiveTerms(
        value: result.bound, report: [elbo.reconstruction, elbo.kl, result.bound.detached])
    }
  }
}
