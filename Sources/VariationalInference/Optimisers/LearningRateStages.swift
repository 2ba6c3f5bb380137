// SPDX-License-Identifier: Apache-2.0

/// Learning rates that change between epochs, stage by stage: a function of the epoch alone, so that
/// a resumed run goes on exactly as it would have.
public struct LearningRateStages: Sendable, Equatable {
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

  /// The stages in their order.
  public let stages: [Stage]

  /// At least one stage.
  public init(_ stages: [Stage]) {
    precondition(
      !stages.isEmpty && stages.allSatisfy { $0.epochs >= 1 }, "a stage of learning without epochs")
    self.stages = stages
  }

  /// The rate in an epoch, counted from 0; after the last stage, that stage's.
  public func learningRate(inEpoch epoch: Int) -> Double {
    let stage = stages.indices.first { epoch < end(ofStage: $0) } ?? stages.count - 1
    return stages[stage].learningRate
  }

  /// The epochs of the first stages up to and including one, counted from 0.
  public func end(ofStage stage: Int) -> Int { stages[...stage].reduce(0) { $0 + $1.epochs } }
}
