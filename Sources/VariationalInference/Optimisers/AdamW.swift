// SPDX-License-Identifier: Apache-2.0

/// Adam with decoupled weight decay: a step first makes each weight smaller by a share of itself,
/// and then moves it as ``Adam`` does, from the gradient alone.
///
///     weight <- (1 - rate * decay) weight + Adam's step
///
/// An L2 penalty in the objective would pass through Adam's division by the gradient's magnitude,
/// and shrink weights of large gradients less than others; this shrinks all alike. Decay goes with
/// the rate: under a schedule of learning rates both fall together, as in PyTorch's `AdamW`.
///
/// Only parameters of two or more axes decay, the weights of layers. Biases and scales, as the
/// noise of a likelihood, have values of their own that are not better for being near 0, and move
/// as with Adam. PyTorch decays all that is not put into a group of its own.
///
/// - Source: Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019,
///   arXiv:1711.05101, Algorithm 2.
public struct AdamW: Optimiser {
  /// Learning rate, memories and epsilon.
  public var adam: Adam
  /// What a weight loses at a step, as a share of itself, is this times the learning rate.
  public var weightDecay: Double

  /// The constants of PyTorch, unless others are given.
  ///
  /// - Precondition: A step leaves something of a weight: learning rate times decay is below 1.
  public init(
    learningRate: Double = 1e-3, weightDecay: Double = 0.01, beta1: Double = 0.9,
    beta2: Double = 0.999, epsilon: Double = 1e-8
  ) {
    precondition(
      weightDecay >= 0 && learningRate * weightDecay < 1,
      "a weight decay of \(weightDecay) at a learning rate of \(learningRate)")
    adam = Adam(learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon)
    self.weightDecay = weightDecay
  }

  /// "AdamW".
  public static let name = "AdamW"

  /// The size of a step.
  public var learningRate: Double {
    get { adam.learningRate }
    set { adam.learningRate = newValue }
  }

  /// Those of ``Adam``, and the weight decay.
  public var settings: [String: Double] {
    adam.settings.merging(["weight_decay": weightDecay]) { $1 }
  }

  /// Those of ``Adam``.
  public static let memories = Adam.memories

  /// One kernel for each part of a gradient that lies in one parameter.
  public func update<Scalar: TensorScalar>(step: Int) -> OptimiserUpdate<Scalar> {
    let plain: AdamCoefficients<Scalar> = adam.coefficients(step: step)
    let decaying: AdamCoefficients<Scalar> = adam.coefficients(step: step, weightDecay: weightDecay)
    return OptimiserUpdate { gradient, parameters, memories in
      var isFinite = true
      for part in parameters.parts(of: gradient.range) {
        let isPartFinite = FlatBuffer.adam(
          gradient[part.range], parameter: parameters, first: memories[0], second: memories[1],
          part.shape.count >= 2 ? decaying : plain)
        isFinite = isFinite && isPartFinite
      }
      return isFinite
    }
  }
}
