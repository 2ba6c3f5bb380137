// SPDX-License-Identifier: Apache-2.0

/// A joint density p(x, z) of data x and latent variables z: all that inference asks of a model.
///
///     /// y ~ N(a + b t, s^2), with a, b ~ N(0, 1) and s ~ Exponential(1), all once in the data.
///     struct Line: JointDensity {
///       var reads: [FieldUse] { [FieldUse("y", .data, width: 1), FieldUse("t", .condition, width: 1)] }
///       var latents: [Latent] {
///         [Latent("line", shape: [2], .once), Latent("s", support: .positive, .once)]
///       }
///       func logJoint(_ batch: Batch<Double>, _ z: LatentValues<Double>) -> LogJoint<Double> {
///         let (line, s) = (z["line"], z["s"])                            // [2] and []
///         let mean = line.slice(0..<1) + batch["t"] * line.slice(1..<2)  // [batch, 1]
///         let errors = (batch["y"] - mean) / s
///         let densities = errors.squared() * -0.5 - s.log() - 0.918938533
///         return LogJoint(
///           perExample: densities.sum(along: 1),                         // [batch]
///           once: line.squared().sum() * -0.5 - s)                       // []
///       }
///     }
///     let q = SharedGuide(FullCovarianceFamily(), dimension: 3)
///     let trainer = try Trainer(Line().guided(by: q), data: data, options: TrainingOptions())
///
/// Values of latent variables that there are for each example come as `[batch]` + their shape or, where
/// several draws are asked for, `[batch, draws]` + their shape; ``Tensor/aligned(toRank:)`` brings
/// a field, `[batch, width]`, to meet either. `perExample` is then `[batch]` or `[batch, draws]`.
///
/// Inference works in the unconstrained coordinates u of the latent variables, z = T(u), side by side
/// in the order of ``latents``, and adds log |dT / du| itself (``Support``).
public protocol JointDensity<Scalar>: Sendable {
  /// The type of number.
  associatedtype Scalar: TensorScalar

  /// The fields that it reads, by name, and what they are to it.
  var reads: [FieldUse] { get }

  /// The latent variables.
  var latents: [Latent] { get }

  /// log p(x, z).
  ///
  /// - Parameters:
  ///   - batch: The fields that it reads, `[batch, width]` each.
  ///   - z: A value of each latent variable, see ``LatentValues/subscript(_:)``.
  /// - Returns: What there is for each example, and what there is once, in nats.
  func logJoint(_ batch: Batch<Scalar>, _ z: LatentValues<Scalar>) -> LogJoint<Scalar>

  /// -log p(x | z) where the model keeps p(x | z) and p(z) apart, else -log p(x, z) with the Jacobian: at
  /// u of each example, `[batch, n]` or `[batch, draws, n]`. The default is the latter.
  ///
  /// - Parameters:
  ///   - batch: The examples.
  ///   - u: Unconstrained coordinates of the latent variables of each example.
  ///   - shared: Values of those that there are once, where there are any.
  /// - Returns: A cost for each row of u, and -log p of what there is once, in nats.
  func reconstructionCost(
    _ batch: Batch<Scalar>, at u: Tensor<Scalar>, shared: LatentValues<Scalar>?
  ) -> LogJoint<Scalar>

  /// log p(z) at u, in nats, where ``reconstructionCost(_:at:shared:)`` leaves it out; nil otherwise.
  func logPrior(at u: Tensor<Scalar>) -> Tensor<Scalar>?

  /// KL(q || p(z)) of each row in closed form, where there is one.
  func divergenceFromPrior(
    of q: some ReparameterizedDistribution<Scalar>
  ) -> Tensor<Scalar>?

  /// KL(q(z[j]) || p(z[j])) of each coordinate of z by itself, `[batch, n]`, in closed form and in
  /// nats; nil where there is none. ``divergenceFromPrior(of:)`` is the sum over the last axis.
  func divergencesFromPrior(
    of q: some ReparameterizedDistribution<Scalar>
  ) -> Tensor<Scalar>?

  /// ``reconstructionCost(_:at:shared:)`` of one example made ready for many u near one point: for the
  /// draws of q(z | x) of one x after the other. Up to rounding, without gradients.
  ///
  /// - Returns: Nil where the model knows no faster way.
  func localReconstructionCost() -> LocalCost<Scalar>?
}

/// -log p(x | z) of one example for many z near one point, and then near another.
public struct LocalCost<Scalar: TensorScalar>: Sendable {
  /// The cost of the batch's one example at each row of u, `[1, draws, n]`: right for any u, fastest near
  /// the point.
  public typealias OfRows = @Sendable (_ u: Tensor<Scalar>) -> Tensor<Scalar>
  /// Prepares for a batch of one example and a point `[1, n]`.
  public let near: @Sendable (_ batch: Batch<Scalar>, _ point: Tensor<Scalar>) -> OfRows

  /// Prepares for each point with `near`.
  public init(near: @escaping @Sendable (Batch<Scalar>, Tensor<Scalar>) -> OfRows) {
    self.near = near
  }
}

/// The two parts of a log-density of a batch, in nats: what there is for each example, and what there is
/// once, however many examples are in the batch.
public struct LogJoint<Scalar: TensorScalar>: Sendable {
  /// log p(x[i], z[i] | shared latent variables), `[batch]` or `[batch, draws]`.
  public let perExample: Tensor<Scalar>
  /// log p of the latent variables that there are once, and of parameters that have a prior, `[]`; nil
  /// where there are none.
  public let once: Tensor<Scalar>?

  /// These parts.
  public init(perExample: Tensor<Scalar>, once: Tensor<Scalar>? = nil) {
    self.perExample = perExample
    self.once = once
  }
}

extension JointDensity {
  /// -log p(x, T(u)) - log |dT / du|.
  public func reconstructionCost(
    _ batch: Batch<Scalar>, at u: Tensor<Scalar>, shared: LatentValues<Scalar>?
  ) -> LogJoint<Scalar> {
    let own = LatentValues(latents.filter(.perExample), at: u)
    let joint = logJoint(batch, own.joined(shared))
    // One number more or less would meet the others by broadcasting, and be counted wrong in silence.
    precondition(
      joint.perExample.shape == Array(u.shape.dropLast()) && joint.once?.shape ?? [] == [],
      "log p of shape \(joint.perExample.shape), once \(joint.once?.shape ?? []), where one number for"
        + " each row of \(Array(u.shape.dropLast())) and [] once are expected; sum over all other axes"
    )
    let perExample = own.logJacobian.map { joint.perExample + $0 } ?? joint.perExample
    return LogJoint(perExample: -perExample, once: joint.once.map { -$0 })
  }

  /// Nil: it is in the cost.
  public func logPrior(at u: Tensor<Scalar>) -> Tensor<Scalar>? { nil }

  /// Nil.
  public func divergenceFromPrior(
    of q: some ReparameterizedDistribution<Scalar>
  ) -> Tensor<Scalar>? {
    nil
  }

  /// Nil.
  public func divergencesFromPrior(
    of q: some ReparameterizedDistribution<Scalar>
  ) -> Tensor<Scalar>? {
    nil
  }

  /// Nil.
  public func localReconstructionCost() -> LocalCost<Scalar>? { nil }

  /// log p(x, T(u)) + log |dT / du| of each row of u, in nats: what is integrated over u to log p(x).
  ///
  /// - Precondition: All latent variables are of each example: with shared ones there is no p(x) of one
  ///   example alone.
  public func logDensity(_ batch: Batch<Scalar>, at u: Tensor<Scalar>) -> Tensor<Scalar> {
    let cost = reconstructionCost(batch, at: u, shared: nil).perExample
    return logPrior(at: u).map { $0 - cost } ?? -cost
  }

  /// Refuses what asks for log p(x) of single examples.
  func requireOwnLatents(_ purpose: String) {
    let shared = latents.filter(.once).map(\.name)
    precondition(
      shared.isEmpty,
      "\(purpose) bounds log p(x) of each example, which a model with shared latent variables"
        + " (\(shared.joined(separator: ", "))) does not have")
  }

  /// The dimension of u of one example.
  var ownDimension: Int { latents.filter(.perExample).dimension }
}
