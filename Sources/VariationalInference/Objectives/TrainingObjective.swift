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

/// An objective's value, and what to report of it.
struct ObjectiveTerms<Scalar: TensorScalar> {
  /// What is maximised of each example, `[batch]`, in nats, times the example's weight.
  let value: Tensor<Scalar>
  /// What is maximised once, `[]`, of the whole data set.
  let once: Tensor<Scalar>?
  /// Off the tape, `[batch]` each: reconstruction cost, KL cost, and L_K where that is the objective.
  /// Times the example's weight, as `value` is.
  let report: [Tensor<Scalar>]
}

extension GuidedModel {
  /// An objective on examples; `noise` makes standard normal numbers of a shape whose first axis is the
  /// batch, `sharedNoise` those for latent variables that there are once.
  ///
  /// With the weight omega of each example, 1 where the model reads none:
  ///
  ///     value[i] = omega[i] ELBO[i]   or   omega[i] log 1/K sum over k of w_k,     once = -cost
  ///
  /// With another `klTerm` than the KL itself, value[i] has that in the place of the KL of the
  /// ELBO, while the report is of the KL.
  func terms(
    of objective: TrainingObjective, klTerm: KLTerm = .exact, _ batch: Batch<Scalar>,
    noise: (_ shape: [Int]) -> Tensor<Scalar>, sharedNoise: (_ shape: [Int]) -> Tensor<Scalar>
  ) -> ObjectiveTerms<Scalar> {
    let q = guide.posterior(given: batch)
    let weight = batch.rows(.weight, of: model.reads)?.reshaped(to: [batch.count])
    func weighted(_ value: Tensor<Scalar>) -> Tensor<Scalar> { weight.map { value * $0 } ?? value }
    switch objective {
    case .evidenceLowerBound:
      let bound = model.evidenceLowerBound(
        batch, posterior: q, noise: noise([batch.count, q.noiseDimension]),
        shared: sharedDraw(sharedNoise))
      let value =
        klTerm == .exact
        ? bound.elbo : -(bound.reconstruction + model.relaxed(bound.kl, of: q, klTerm))
      return ObjectiveTerms(
        value: weighted(value).called("objective"), once: bound.once.map { -$0 },
        report: [bound.reconstruction.detached, bound.kl.detached])
    case .importanceWeighted(let samples, let gradient):
      let result = model.importanceWeightedObjective(
        batch, posterior: q, noise: noise([batch.count, samples, q.noiseDimension]),
        gradient: gradient)
      let elbo = result.evidenceLowerBound
      return ObjectiveTerms(
        value: weighted(result.bound).called("objective"), once: elbo.once.map { -$0 },
        report: [elbo.reconstruction, elbo.kl, result.bound].map(\.detached))
    }
  }

  /// A draw of the latent variables that there are once; nil where there are none.
  private func sharedDraw(
    _ noise: (_ shape: [Int]) -> Tensor<Scalar>
  ) -> SharedDraw<Scalar>? {
    let latents = model.latents.filter(.once)
    if latents.isEmpty { return nil }
    guard let q = guide.sharedPosterior else {
      preconditionFailure(
        "the guide has no posterior of \(latents.map(\.name).joined(separator: ", ")), which there are"
          + " once; pair the model with a SharedGuide")
    }
    func draw(_ q: some ReparameterizedDistribution<Scalar>) -> SharedDraw<Scalar> {
      SharedDraw(latents, from: q, noise: noise([1, q.noiseDimension]))
    }
    return draw(q)
  }
}
