// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Learning rates that change while a model is trained: a function of the step and of the number of
/// steps in an epoch alone, so that a resumed run goes on exactly as it would have.
///
/// With s the number of steps taken before this one, B steps in an epoch, W epochs of warm-up, and
/// an optimiser whose own learning rate is the peak,
///
///     rate = min(1, (s + 1) / (W B)) shape(s)
///
/// so that the last step of the warm-up is the first at the full rate. Shapes that fall to a final
/// rate begin to fall after the warm-up:
///
///     p = (s - W B) / (E B - W B) between 0 and 1,   for E epochs
///     linear   final + (peak - final) (1 - p)
///     cosine   final + (peak - final) (1 + cos(pi p)) / 2
///
/// E belongs to the schedule. A run that goes on beyond E epochs goes on at the final rate. A schedule
/// that a run got on its way counts warm-up and fall from the step at which it got it, ``firstStep``:
/// s, and the E B of the fall, are then less by so much.
///
/// - Source: warm-up: Goyal et al. 2017, section 2.2, arXiv:1706.02677. Cosine: Loshchilov and
///   Hutter, "SGDR", ICLR 2017, equation 5 without restarts, arXiv:1608.03983.
public struct LearningRateSchedule: Sendable, Equatable {
  /// Some epochs at one rate.
  public struct Stage: Sendable, Equatable {
    /// How many, at least 1.
    public var epochs: Int
    /// The size of a step.
    public var learningRate: Double

    /// `epochs` epochs at `learningRate`.
    public init(epochs: Int, learningRate: Double) {
      self.epochs = epochs
      self.learningRate = learningRate
    }
  }

  /// How the rate goes after the warm-up.
  public enum Shape: Sendable, Equatable {
    /// The optimiser's own rate.
    case constant
    /// From the optimiser's rate to `final` at the end of so many epochs, in a straight line.
    case linear(final: Double, epochs: Int)
    /// The same along half a wave of the cosine: slow at first and at the end.
    case cosine(final: Double, epochs: Int)
    /// Stage by stage, in place of the optimiser's own rate; after the last stage, that stage's.
    case stages([Stage])
  }

  /// How the rate goes after the warm-up.
  public let shape: Shape
  /// Epochs in which the rate rises, or a part of one; 0 for none.
  public let warmUpEpochs: Double
  /// The steps before the first one at which the schedule holds; 0 but for one that replaced another
  /// on the way. Stages are of the whole run.
  public let firstStep: Int

  /// A schedule.
  ///
  /// - Precondition: No stage is without epochs, no final rate is negative, and a shape that falls
  ///   has more epochs than the warm-up.
  public init(_ shape: Shape, warmUpEpochs: Double = 0, firstStep: Int = 0) {
    precondition(
      warmUpEpochs >= 0 && warmUpEpochs.isFinite, "a warm-up of \(warmUpEpochs) epochs")
    precondition(firstStep >= 0, "a schedule from step \(firstStep) on")
    switch shape {
    case .constant: break
    case .linear(let final, let epochs), .cosine(let final, let epochs):
      precondition(
        final >= 0 && final.isFinite && Double(epochs) > warmUpEpochs,
        "a schedule of \(epochs) epochs to a rate of \(final) after a warm-up of \(warmUpEpochs)")
    case .stages(let stages):
      precondition(
        !stages.isEmpty && stages.allSatisfy { $0.epochs >= 1 },
        "a stage of learning without epochs")
    }
    self.shape = shape
    self.warmUpEpochs = warmUpEpochs
    self.firstStep = firstStep
  }

  /// The optimiser's own rate throughout.
  public static let constant = LearningRateSchedule(.constant)

  /// Stage by stage.
  public static func stages(_ stages: [Stage]) -> LearningRateSchedule {
    LearningRateSchedule(.stages(stages))
  }

  /// The rate of a step.
  ///
  /// - Parameters:
  ///   - peak: The optimiser's own rate.
  ///   - step: The number of steps before it.
  ///   - stepsPerEpoch: The number of batches in an epoch.
  /// - Returns: The size of the step.
  public func learningRate(peak: Double, step: Int, stepsPerEpoch: Int) -> Double {
    let warmUp = warmUpEpochs * Double(stepsPerEpoch)
    let own = max(0, step - firstStep)
    let rate: Double
    switch shape {
    case .constant: rate = peak
    case .linear(let final, let epochs):
      let end = epochs * stepsPerEpoch - firstStep
      rate = final + (peak - final) * (1 - progress(own, warmUp, end: end))
    case .cosine(let final, let epochs):
      let progress = progress(own, warmUp, end: epochs * stepsPerEpoch - firstStep)
      rate = final + (peak - final) * ((1 + cos(Double.pi * progress)) / 2)
    case .stages(let stages):
      let epoch = step / stepsPerEpoch
      let stage = stages.indices.first { epoch < end(ofStage: $0) } ?? stages.count - 1
      rate = stages[stage].learningRate
    }
    return Double(own + 1) < warmUp ? rate * (Double(own + 1) / warmUp) : rate
  }

  /// The stages in their order; none where the shape has none.
  public var stages: [Stage] {
    if case .stages(let stages) = shape { stages } else { [] }
  }

  /// The epochs after which a shape that falls has its final rate; nil where there is none.
  public var end: (epochs: Int, rate: Double)? {
    switch shape {
    case .constant, .stages: nil
    case .linear(let final, let epochs), .cosine(let final, let epochs): (epochs, final)
    }
  }

  /// The epochs of the first stages up to and including one, counted from 0.
  public func end(ofStage stage: Int) -> Int { stages[...stage].reduce(0) { $0 + $1.epochs } }

  /// The share of the way that lies behind a step, from 0 to 1.
  private func progress(_ step: Int, _ warmUp: Double, end: Int) -> Double {
    // A run with other batches than the schedule was made for may have no way left.
    Double(end) > warmUp ? min(1, max(0, (Double(step) - warmUp) / (Double(end) - warmUp))) : 1
  }
}
