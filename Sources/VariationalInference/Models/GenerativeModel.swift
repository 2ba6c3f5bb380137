// SPDX-License-Identifier: Apache-2.0

/// A joint density in the directed form p(x, z) = p(x | z) p(z), with one real latent vector "z" for each
/// example: the short way to write a variational autoencoder.
///
/// Where the model reads conditions c, p(x, z | c) = p(x | z, c) p(z): they are joined to z on its way to
/// ``likelihood(given:)``, and to x on its way to the encoder.
public protocol GenerativeModel<Scalar>: JointDensity {
  /// The distribution of z, which can be drawn from.
  associatedtype Prior: ReparameterizedDistribution<Scalar>
  /// The distribution of x once z is known.
  associatedtype Likelihood: Distribution<Scalar>

  /// p(z), the same for all examples.
  var prior: Prior { get }

  /// The number of dimensions of z.
  var latentDimension: Int { get }

  /// p(x | z, c).
  ///
  /// - Parameter z: z and the conditions joined, `[batch, n]` or `[batch, draws, n]`, with n the dimension
  ///   of z and the widths of the conditions.
  /// - Returns: A distribution for each row of z.
  func likelihood(given z: Tensor<Scalar>) -> Likelihood

  /// ``likelihood(given:)`` made ready for many z near one point; nil where there is no faster way.
  func localLikelihood() -> LocalLikelihood<Self>?
}

/// p(x | z) for many z near one point after the other, up to rounding and without gradients.
public struct LocalLikelihood<Model: GenerativeModel>: Sendable {
  /// `likelihood(given: z)` for a point `[1, n]`: right for any z, and fastest near the point.
  public let near: @Sendable (_ point: Tensor<Model.Scalar>) -> OfRows

  /// p(x | z) for each row of z, `[..., n]`.
  public typealias OfRows = @Sendable (_ z: Tensor<Model.Scalar>) -> Model.Likelihood

  /// Prepares for each point with `near`.
  public init(near: @escaping @Sendable (_ point: Tensor<Model.Scalar>) -> OfRows) {
    self.near = near
  }
}

extension GenerativeModel {
  /// x is the field "x"; there are no conditions.
  public var reads: [FieldUse] { [FieldUse("x", .data)] }

  /// z, real.
  public var latents: [Latent] { [Latent("z", shape: [latentDimension])] }

  /// Nil.
  public func localLikelihood() -> LocalLikelihood<Self>? { nil }

  /// log p(x | z) + log p(z) of each row, in nats.
  public func logJoint(_ batch: Batch<Scalar>, _ z: LatentValues<Scalar>) -> LogJoint<Scalar> {
    let z = z["z"]
    return LogJoint(
      perExample: logLikelihood(batch, given: z) + prior.logProbability(of: z))
  }

  /// log p(x | z) of each row of z, `[batch, n]` or `[batch, draws, n]`, in nats; numbers that a mask
  /// calls missing are left out.
  func logLikelihood(_ batch: Batch<Scalar>, given z: Tensor<Scalar>) -> Tensor<Scalar> {
    batch.logProbability(under: likelihood(given: batch.joined(to: z, reads)), reads)
  }

  /// -log p(x | z).
  public func reconstructionCost(
    _ batch: Batch<Scalar>, at u: Tensor<Scalar>, shared: LatentValues<Scalar>?
  ) -> LogJoint<Scalar> {
    let likelihood = logLikelihood(batch, given: u)
    precondition(
      likelihood.shape == Array(u.shape.dropLast()),
      "log p(x | z) of shape \(likelihood.shape) for z of shape \(u.shape): one number for each row is"
        + " expected")
    return LogJoint(perExample: -likelihood)
  }

  /// log p(z).
  public func logPrior(at u: Tensor<Scalar>) -> Tensor<Scalar>? { prior.logProbability(of: u) }

  /// KL(q || p(z)), where the pair has a closed form.
  public func divergenceFromPrior(
    of q: some ReparameterizedDistribution<Scalar>
  ) -> Tensor<Scalar>? {
    q.kullbackLeiblerDivergence(to: prior)
  }

  /// KL(q(z[j]) || p(z[j])), where both q and the prior have independent normal coordinates.
  public func divergencesFromPrior(
    of q: some ReparameterizedDistribution<Scalar>
  ) -> Tensor<Scalar>? {
    kullbackLeiblerDivergences(q, prior)
  }

  /// From ``localLikelihood()``.
  public func localReconstructionCost() -> LocalCost<Scalar>? {
    guard let local = localLikelihood() else { return nil }
    let reads = reads
    return LocalCost { batch, point in
      let likelihood = local.near(batch.joined(to: point, reads))
      return { u in -batch.logProbability(under: likelihood(batch.joined(to: u, reads)), reads) }
    }
  }
}

extension Batch {
  /// Rows `[batch, n]` or `[batch, draws, n]` joined with the conditions that are read, along the last
  /// axis; the rows themselves where none are.
  func joined(to rows: Tensor<Scalar>, _ reads: [FieldUse]) -> Tensor<Scalar> {
    guard let condition = self.rows(.condition, of: reads) else { return rows }
    let perRow =
      rows.rank == condition.rank
      ? condition
      : condition.aligned(toRank: rows.rank)
        .repeated(to: rows.shape.dropLast() + [condition.shape[1]])
    return .concatenated([rows, perRow], along: -1)
  }

  /// x, joined with the conditions: what an encoder sees, `[batch, n]`.
  public func encoderInput(_ reads: [FieldUse]) -> Tensor<Scalar> {
    guard let x = rows(.data, of: reads) else {
      preconditionFailure("a model that reads no data has no encoder")
    }
    return joined(to: x, reads)
  }

  fileprivate func logProbability(
    under likelihood: some Distribution<Scalar>, _ reads: [FieldUse]
  ) -> Tensor<Scalar> {
    guard let x = rows(.data, of: reads) else {
      preconditionFailure("a likelihood of a model that reads no data")
    }
    guard let mask = rows(.mask, of: reads) else { return likelihood.logProbability(of: x) }
    guard let factorized = likelihood as? any MaskableDistribution<Scalar> else {
      preconditionFailure(
        "\(type(of: likelihood)) has no density of some coordinates alone, which a mask needs")
    }
    return factorized.logProbability(of: x, observed: mask)
  }
}
