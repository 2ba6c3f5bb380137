// SPDX-License-Identifier: Apache-2.0

/// A family of posteriors with parameters of their own for each example, to be optimised one example
/// at a time rather than computed by a network.
///
/// Parameters are relative to a member from which the search begins, so that a step of one size suits
/// narrow and wide posteriors alike.
package protocol LocalFamily<Scalar>: Sendable {
  associatedtype Scalar: TensorScalar
  associatedtype Start: ReparameterizedDistribution<Scalar>
  associatedtype Member: ReparameterizedDistribution<Scalar>

  /// Parameters at which the member is `start`, which has one row for each example.
  func parameters(at start: Start) -> LocalParameters<Scalar>

  /// The member with these parameters, as a batch with `draws` rows for each example.
  func member(_ parameters: LocalParameters<Scalar>, draws: Int) -> Member
}

/// The parameters of some examples: in each tensor one row for each.
package struct LocalParameters<Scalar: TensorScalar>: Sendable {
  /// Where the search began.
  package var fixed: [Tensor<Scalar>]
  /// What it changes.
  package var free: [Tensor<Scalar>]

  package init(fixed: [Tensor<Scalar>], free: [Tensor<Scalar>]) {
    self.fixed = fixed
    self.free = free
  }
}

/// q = N(mean + s d, diag(s^2 exp(e))): d and e are free, 0 at the start N(mean, diag s^2).
package struct DiagonalFamily<Scalar: TensorScalar>: LocalFamily {
  package init() {}

  package func parameters(at start: DiagonalGaussian<Scalar>) -> LocalParameters<Scalar> {
    LocalParameters(
      fixed: [start.mean, start.logVariance],
      free: [.zeros(start.mean.shape), .zeros(start.mean.shape)])
  }

  package func member(
    _ parameters: LocalParameters<Scalar>, draws: Int
  ) -> DiagonalGaussian<Scalar> {
    let (mean, logVariance) = (parameters.fixed[0], parameters.fixed[1])
    return DiagonalGaussian(
      mean: (mean + (logVariance * 0.5).exp() * parameters.free[0]).repeatingRows(draws),
      logVariance: (logVariance + parameters.free[1]).repeatingRows(draws))
  }
}

/// q = N(mean + s d, L L^T), L = diag(s) M, M unit lower triangular but for a diagonal exp(e): all
/// free parameters are 0 at the start N(mean, diag s^2).
package struct FullCovarianceFamily<Scalar: TensorScalar>: LocalFamily {
  package init() {}

  package func parameters(at start: DiagonalGaussian<Scalar>) -> LocalParameters<Scalar> {
    let (count, n) = (start.mean.shape[0], start.mean.shape[1])
    return LocalParameters(
      fixed: [start.mean, (start.logVariance * 0.5).exp()],
      free: [.zeros([count, n]), .zeros([count, n, n])])
  }

  package func member(
    _ parameters: LocalParameters<Scalar>, draws: Int
  ) -> FullCovarianceGaussian<Scalar> {
    let (mean, scale) = (parameters.fixed[0], parameters.fixed[1])
    let (count, n) = (mean.shape[0], mean.shape[1])
    let below = Tensor<Scalar>((0..<n * n).map { $0 / n > $0 % n ? 1 : 0 }, shape: [n, n])
    let raw = parameters.free[1]
    let relative = raw * below + raw.exp() * Tensor.identity(n)
    return FullCovarianceGaussian(
      mean: mean + scale * parameters.free[0],
      factor: relative * scale.reshaped(to: [count, n, 1]), draws: draws)
  }
}

/// Coupling steps before a fixed Gaussian, whose halves move in turn; the identity at the start.
///
/// In one dimension there is no other half to depend on, and the family is that Gaussian alone.
package struct CouplingFlowFamily<Scalar: TensorScalar>: LocalFamily {
  package let steps: Int
  package let hidden: Int
  /// Decides the hidden weights at the start; the output weights begin at 0.
  package let seed: UInt64

  package init(steps: Int = 4, hidden: Int = 32, seed: UInt64) {
    self.steps = steps
    self.hidden = hidden
    self.seed = seed
  }

  package func parameters(at start: FullCovarianceGaussian<Scalar>) -> LocalParameters<Scalar> {
    let (count, n) = (start.mean.shape[0], start.mean.shape[1])
    let networks = (0..<(n > 1 ? steps : 0)).flatMap { step -> [Tensor<Scalar>] in
      let moved = Self.movesFirstHalf(step) ? n / 2 : n - n / 2
      // Pre-activations of variance about 1 for standard normal inputs.
      let weight =
        Tensor<Scalar>.standardNormal(
          [1, hidden, n - moved], key: NoisePurpose.flowWeights.key(seed: seed, example: step))
        * Scalar(1 / Double(n - moved).squareRoot())
      return [
        weight.repeatingRows(count), .zeros([count, hidden]), .zeros([count, 2 * moved, hidden]),
        .zeros([count, 2 * moved]),
      ]
    }
    return LocalParameters(fixed: [start.mean, start.factor], free: networks)
  }

  package func member(
    _ parameters: LocalParameters<Scalar>, draws: Int
  ) -> CouplingFlow<Scalar> {
    let networks = parameters.free
    return CouplingFlow(
      base: FullCovarianceGaussian(
        mean: parameters.fixed[0], factor: parameters.fixed[1], draws: draws),
      steps: (0..<networks.count / 4).map { step in
        CouplingStep(
          movesFirstHalf: Self.movesFirstHalf(step),
          network: Array(networks[4 * step..<4 * step + 4]))
      })
  }

  private static func movesFirstHalf(_ step: Int) -> Bool { step % 2 == 0 }
}
