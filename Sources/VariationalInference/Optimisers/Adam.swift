// SPDX-License-Identifier: Apache-2.0

/// Adam: steps along the gradient, each coordinate scaled by its recent magnitude.
///
///     m <- b1 m + (1 - b1) g          v <- b2 v + (1 - b2) g^2
///     parameter <- parameter + rate * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)
///
/// Objectives are maximised, so the step goes up the gradient. The gradient is that of the sum over
/// a batch, as in the reference implementation; Adam is nearly indifferent to its scale.
///
/// - Source: Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, Algorithm 1.
public struct Adam: Optimiser {
  /// The size of a step.
  public var learningRate: Double
  /// The memory of the mean of gradients.
  public var beta1: Double
  /// The memory of the mean of squared gradients.
  public var beta2: Double
  /// Keeps the quotient finite.
  public var epsilon: Double

  /// The usual constants, unless others are given.
  public init(
    learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }

  /// "Adam".
  public static let name = "Adam"

  /// Learning rate, beta1, beta2 and epsilon.
  public var settings: [String: Double] {
    ["learning_rate": learningRate, "beta1": beta1, "beta2": beta2, "epsilon": epsilon]
  }

  /// The running means of gradients and of their squares.
  public static let memories = ["first_moment", "second_moment"]

  /// One kernel for each part of a gradient.
  public func update<Scalar: TensorScalar>(step: Int) -> OptimiserUpdate<Scalar> {
    let coefficients: AdamCoefficients<Scalar> = coefficients(step: step)
    return OptimiserUpdate { gradient, parameters, memories in
      FlatBuffer.adam(
        gradient, parameter: parameters, first: memories[0], second: memories[1], coefficients)
    }
  }

  /// The numbers of the `step`-th step, counted from 1, each formed in `Double` and rounded once:
  /// 1 - 0.999 of `Float`s is too small by 1.3e-5 of itself. The kernel descends; the rate's sign makes
  /// it climb: the one place where the sign of an objective flips.
  ///
  /// - Parameters:
  ///   - step: The step's number.
  ///   - weightDecay: By how much times the rate a parameter is made smaller first.
  /// - Returns: What the kernel takes.
  package func coefficients<Scalar: TensorScalar>(
    step: Int, weightDecay: Double = 0
  ) -> AdamCoefficients<Scalar> {
    AdamCoefficients(
      rate: Scalar(-learningRate), weight1: Scalar(1 - beta1), weight2: Scalar(1 - beta2),
      epsilon: Scalar(epsilon), correction1: Scalar(1 - power(beta1, step)),
      correction2: Scalar(1 - power(beta2, step)), retained: Scalar(1 - learningRate * weightDecay))
  }

  /// By repeated squaring: the same bits with any C library.
  private func power(_ base: Double, _ exponent: Int) -> Double {
    var (result, factor, rest) = (1.0, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result *= factor }
      factor *= factor
      rest >>= 1
    }
    return result
  }
}
