// SPDX-License-Identifier: Apache-2.0

@_exported public import Tensors

/// Distributions over vectors, one for each row: log p(value).
///
/// Conventions for every conforming type: the last axis is that of the vector, the axes before it
/// are rows: `[batch, n]`, or `[batch, draws, n]` where there are several draws of each example.
/// Parameters `[batch, n]` meet values `[batch, draws, n]`, and the other way round, as if they were
/// `[batch, 1, n]`: nothing is copied (``Tensor/aligned(toRank:)``). Densities are in nats, summed over
/// the vector, never over rows; a density may exceed 1, so its logarithm may be positive.
public protocol Distribution<Scalar>: Sendable {
  /// The type of number.
  associatedtype Scalar: TensorScalar

  /// log p(value) of each row.
  ///
  /// - Parameter value: `[..., n]`.
  /// - Returns: `[...]`, in nats.
  func logProbability(of value: Tensor<Scalar>) -> Tensor<Scalar>
}

/// A distribution that has a density of those coordinates alone that were observed.
public protocol MaskableDistribution<Scalar>: Distribution {
  /// log p of the coordinates that were observed, for a `mask` that is 1 there and 0 where a number is
  /// missing, as the value is there too: `[...]`, in nats.
  func logProbability(of value: Tensor<Scalar>, observed mask: Tensor<Scalar>) -> Tensor<Scalar>

  /// The expectation of the value, `[..., n]`.
  var mean: Tensor<Scalar> { get }
}

/// A distribution of independent coordinates.
public protocol FactorizedDistribution<Scalar>: MaskableDistribution {
  /// log p of each coordinate by itself, `[..., n]`; ``Distribution/logProbability(of:)`` is the sum
  /// over the last axis.
  func logProbabilities(of value: Tensor<Scalar>) -> Tensor<Scalar>
}

/// A distribution that data can be taken to come from: it can be drawn from, and has a density of those
/// coordinates alone that were observed.
public protocol DataDistribution<Scalar>: MaskableDistribution, DrawableDistribution {}

extension FactorizedDistribution {
  /// The sum over the last axis.
  public func logProbability(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    logProbabilities(of: value).sum(along: -1)
  }

  /// log p of the coordinates that were observed, for a `mask` that is 1 there and 0 where a number is
  /// missing: the missing ones are integrated out. `[...]`, in nats.
  public func logProbability(
    of value: Tensor<Scalar>, observed mask: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    let each = logProbabilities(of: value)
    return (each * mask.aligned(toRank: each.rank)).sum(along: -1)
  }
}

/// A distribution that can be drawn from, one key of random numbers for each row.
public protocol DrawableDistribution<Scalar>: Distribution {
  /// One draw for each row.
  ///
  /// - Parameter keys: As many as there are rows; a row's draw depends on its key alone.
  /// - Returns: `[rows, n]`, off the tape.
  func draw(_ keys: [NoiseKey]) -> Tensor<Scalar>
}

/// A distribution whose draws are a differentiable function of noise that has no parameters.
public protocol ReparameterizedDistribution<Scalar>: Distribution {
  /// The standard normal numbers that one draw takes.
  var noiseDimension: Int { get }

  /// A draw and its log q, both from the noise: log q is not computed from a z that was rounded.
  ///
  /// - Parameter noise: Standard normal numbers `[batch, noiseDimension]`, or
  ///   `[batch, draws, noiseDimension]` for several draws of each row.
  /// - Returns: z, traced where the distribution's parameters are, and log q(z), whose gradient is that
  ///   by the parameters, through z and directly.
  func draw(noise: Tensor<Scalar>) -> Draw<Scalar>

  /// z alone, for those who need no density.
  func sample(noise: Tensor<Scalar>) -> Tensor<Scalar>

  /// log q(z) as a function of z alone, the distribution's own parameters held fixed: what the path
  /// derivative and the doubly reparameterised gradient follow.
  ///
  /// - Parameters:
  ///   - z: What ``sample(noise:)`` gave for `noise`.
  ///   - noise: The noise, so that the value need not be computed from a rounded z.
  /// - Returns: `[...]`, in nats.
  func logProbabilityAlongPath(of z: Tensor<Scalar>, noise: Tensor<Scalar>) -> Tensor<Scalar>

  /// KL(self || prior) of each row in closed form, in nats; nil where the pair has none, and the
  /// objective then estimates it from the draw. The default looks the pair up in
  /// ``kullbackLeiblerDivergence(_:_:)``.
  func kullbackLeiblerDivergence(to prior: some Distribution<Scalar>) -> Tensor<Scalar>?
}

/// A distribution whose draws tell the noise that they were made of: noise and value have as many
/// coordinates.
public protocol InvertibleDistribution<Scalar>: ReparameterizedDistribution {
  /// The noise of which ``ReparameterizedDistribution/sample(noise:)`` made `value`, of its shape:
  /// `[batch, n]` or `[batch, draws, n]`.
  func noise(of value: Tensor<Scalar>) -> Tensor<Scalar>
}

/// Draws with the logarithm of the density that they were drawn from.
public struct Draw<Scalar: TensorScalar>: Sendable {
  /// z, `[batch, n]` or `[batch, draws, n]`.
  public let value: Tensor<Scalar>
  /// log q(z), `[batch]` or `[batch, draws]`, in nats.
  public let logProbability: Tensor<Scalar>

  /// z with its log q.
  public init(value: Tensor<Scalar>, logProbability: Tensor<Scalar>) {
    self.value = value
    self.logProbability = logProbability
  }
}

extension ReparameterizedDistribution {
  /// The value of ``draw(noise:)``.
  public func sample(noise: Tensor<Scalar>) -> Tensor<Scalar> { draw(noise: noise).value }

  /// From the table of pairs.
  public func kullbackLeiblerDivergence(to prior: some Distribution<Scalar>) -> Tensor<Scalar>? {
    VariationalInference.kullbackLeiblerDivergence(self, prior)
  }
}

extension Tensor {
  /// log N(e; 0, I) of noise e `[..., n]`: `[...]`, in nats.
  ///
  ///     -1/2 sum over j of e[j]^2 + log(2 pi)
  func standardNormalLogProbability() -> Tensor {
    squared().sum(along: -1) * -0.5 - Scalar(halfLogTwoPi) * Scalar(shape[rank - 1])
  }
}

extension Tensor {
  /// A number for each row, `[batch]`, beside numbers for each draw, `[batch, draws]`: as `[batch, 1]`.
  /// One number for all rows, `[]`, stays as it is.
  func besideRows(ofRank rank: Int) -> Tensor {
    if self.rank == 0 || self.rank >= rank { return self }
    return reshaped(to: shape + [Int](repeating: 1, count: rank - self.rank))
  }
}

/// log(2 pi) / 2, the constant of a normal density.
let halfLogTwoPi = 0.918938533204672741780329736406
