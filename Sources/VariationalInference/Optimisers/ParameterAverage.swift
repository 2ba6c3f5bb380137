// SPDX-License-Identifier: Apache-2.0

/// An exponential moving average of a model's parameters over the steps of its training.
///
///     average <- d average + (1 - d) parameters,   d = min(decay, (1 + s) / (10 + s))
///
/// after each step, s being the number of steps before it; it begins with the first parameters. The
/// smaller d of the first steps forgets those: without it 0.999 would hold on to them for thousands
/// of steps. In the long run the average is over some 1 / (1 - decay) steps, over which the noise
/// of single batches cancels: what a falling learning rate does too.
///
/// - Source: Polyak and Juditsky 1992, doi:10.1137/0330046; the rule for d is that of TensorFlow's
///   `ExponentialMovingAverage` with `num_updates`.
public struct ParameterAverage: Sendable, Equatable {
  /// d in the long run, between 0 and 1.
  public let decay: Double

  /// An average with this memory.
  ///
  /// - Precondition: `decay` is between 0 and 1, neither of them.
  public init(decay: Double) {
    precondition(decay > 0 && decay < 1, "an average with a decay of \(decay)")
    self.decay = decay
  }

  /// d at a step, for the number of steps before it.
  public func decay(step: Int) -> Double {
    min(decay, Double(1 + step) / Double(10 + step))
  }
}
