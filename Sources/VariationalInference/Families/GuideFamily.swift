// SPDX-License-Identifier: Apache-2.0

/// A family of distributions with parameters for each example: what a guide, local or amortised, is made
/// of.
///
/// Parameters are relative to a member from which a search begins, so that a step of one size suits
/// narrow and wide posteriors alike.
public protocol GuideFamily<Scalar>: Sendable {
  /// The type of number.
  associatedtype Scalar: TensorScalar
  /// What a search can begin at.
  associatedtype Start: ReparameterizedDistribution<Scalar>
  /// The distributions of the family.
  associatedtype Member: ReparameterizedDistribution<Scalar>

  /// Parameters at which the member is `start`, which has one row for each example.
  func parameters(at start: Start) -> GuideParameters<Scalar>

  /// The member with these parameters, one row for each example.
  func member(_ parameters: GuideParameters<Scalar>) -> Member

  /// N(0, I) as a start, `rows` times.
  func standardStart(rows: Int, dimension: Int) -> Start
}

/// The parameters of some examples: in each tensor one row for each.
public struct GuideParameters<Scalar: TensorScalar>: Sendable {
  /// What a member is relative to: where a search began.
  public var fixed: [Tensor<Scalar>]
  /// What is optimised, or computed by a network.
  public var free: [Tensor<Scalar>]

  /// These parameters.
  public init(fixed: [Tensor<Scalar>], free: [Tensor<Scalar>]) {
    self.fixed = fixed
    self.free = free
  }

  /// Visits `q1`, `q2`, ...: the free ones.
  mutating func visitFree(
    _ visit: (_ name: String, _ parameter: inout Tensor<Scalar>) throws -> Void
  ) rethrows {
    for index in free.indices { try visit("q\(index + 1)", &free[index]) }
  }

  /// The parameters of some examples, by their rows.
  func selecting(_ rows: [Int]) -> GuideParameters {
    GuideParameters(
      fixed: fixed.map { $0.selectingRows(rows) }, free: free.map { $0.selectingRows(rows) })
  }
}

/// q = N(mean + s d, diag(s^2 exp(e))): d and e are free, 0 at the start N(mean, diag s^2).
///
/// d counts standard deviations of the start, whatever its scale; e moves the logarithm of the
/// variance, which so stays positive.
public struct DiagonalFamily<Scalar: TensorScalar>: GuideFamily {
  /// The family.
  public init() {}

  /// d = e = 0.
  public func parameters(at start: DiagonalGaussian<Scalar>) -> GuideParameters<Scalar> {
    GuideParameters(
      fixed: [start.mean, start.logVariance],
      free: [.zeros(start.mean.shape), .zeros(start.mean.shape)])
  }

  /// N(mean + s d, diag(s^2 exp(e))).
  public func member(_ parameters: GuideParameters<Scalar>) -> DiagonalGaussian<Scalar> {
    let (mean, logVariance) = (parameters.fixed[0], parameters.fixed[1])
    return DiagonalGaussian(
      mean: mean + (logVariance * 0.5).exp() * parameters.free[0],
      logVariance: logVariance + parameters.free[1])
  }

  /// N(0, I).
  public func standardStart(rows: Int, dimension: Int) -> DiagonalGaussian<Scalar> {
    DiagonalGaussian(mean: .zeros([rows, dimension]), logVariance: .zeros([rows, dimension]))
  }
}

/// q = N(mean + s d, L L^T), L = diag(s) M, M unit lower triangular but for a diagonal exp(e): all
/// free parameters are 0 at the start N(mean, diag s^2).
public struct FullCovarianceFamily<Scalar: TensorScalar>: GuideFamily {
  /// The family.
  public init() {}

  /// d = 0 and M = I.
  public func parameters(at start: DiagonalGaussian<Scalar>) -> GuideParameters<Scalar> {
    let (count, n) = (start.mean.shape[0], start.mean.shape[1])
    return GuideParameters(
      fixed: [start.mean, (start.logVariance * 0.5).exp()],
      free: [.zeros([count, n]), .zeros([count, n, n])])
  }

  /// N(mean + s d, L L^T).
  public func member(_ parameters: GuideParameters<Scalar>) -> FullCovarianceGaussian<Scalar> {
    let (mean, scale) = (parameters.fixed[0], parameters.fixed[1])
    let (count, n) = (mean.shape[0], mean.shape[1])
    let below = Tensor<Scalar>((0..<n * n).map { $0 / n > $0 % n ? 1 : 0 }, shape: [n, n])
    // What stands above the diagonal has no effect, and so no gradient.
    let raw = parameters.free[1]
    let relative = raw * below + raw.exp() * Tensor.identity(n)
    return FullCovarianceGaussian(
      mean: mean + scale * parameters.free[0],
      factor: relative * scale.reshaped(to: [count, n, 1]))
  }

  /// N(0, I).
  public func standardStart(rows: Int, dimension: Int) -> DiagonalGaussian<Scalar> {
    DiagonalFamily().standardStart(rows: rows, dimension: dimension)
  }
}

/// Coupling steps before a fixed Gaussian, whose halves move in turn; the identity at the start.
///
/// In one dimension there is no other half to depend on, and the family is that Gaussian alone.
///
/// The Gaussian itself is fixed: in a search, the best of the family with full covariance.
public struct CouplingFlowFamily<Scalar: TensorScalar>: GuideFamily {
  /// How many steps.
  public let steps: Int
  /// Hidden units of a step's network.
  public let hidden: Int
  /// Decides the hidden weights at the start; the output weights begin at 0.
  public let seed: UInt64

  /// The family of flows of this size.
  public init(steps: Int = 4, hidden: Int = 32, seed: UInt64) {
    self.steps = steps
    self.hidden = hidden
    self.seed = seed
  }

  /// Networks whose outputs are 0.
  public func parameters(at start: FullCovarianceGaussian<Scalar>) -> GuideParameters<Scalar> {
    let (count, n) = (start.mean.shape[0], start.mean.shape[1])
    let networks = (0..<(n > 1 ? steps : 0)).flatMap { step -> [Tensor<Scalar>] in
      let moved = Self.movesFirstHalf(step) ? n / 2 : n - n / 2
      // Pre-activations of variance about 1 for standard normal inputs.
      // Random, as with both layers 0 the gradients of all weights would be 0 for ever; the same
      // for all examples, whose flows are all the identity.
      let weight =
        Tensor<Scalar>.standardNormal(
          [1, hidden, n - moved], key: NoisePurpose.flowWeights.key(seed: seed, example: step))
        * Scalar(1 / Double(n - moved).squareRoot())
      return [
        weight.repeated(to: [count, hidden, n - moved]), .zeros([count, hidden]),
        .zeros([count, 2 * moved, hidden]), .zeros([count, 2 * moved]),
      ]
    }
    return GuideParameters(fixed: [start.mean, start.factor], free: networks)
  }

  /// The Gaussian, bent by the networks.
  public func member(_ parameters: GuideParameters<Scalar>) -> CouplingFlow<Scalar> {
    let networks = parameters.free
    return CouplingFlow(
      base: FullCovarianceGaussian(mean: parameters.fixed[0], factor: parameters.fixed[1]),
      steps: (0..<networks.count / 4).map { step in
        CouplingStep(
          movesFirstHalf: Self.movesFirstHalf(step),
          network: Array(networks[4 * step..<4 * step + 4]))
      })
  }

  /// N(0, I).
  public func standardStart(rows: Int, dimension: Int) -> FullCovarianceGaussian<Scalar> {
    FullCovarianceGaussian(
      mean: .zeros([rows, dimension]),
      factor: Tensor<Scalar>.identity(dimension).repeated(to: [rows, dimension, dimension]))
  }

  private static func movesFirstHalf(_ step: Int) -> Bool { step % 2 == 0 }
}
