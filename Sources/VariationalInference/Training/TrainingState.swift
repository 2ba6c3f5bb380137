// SPDX-License-Identifier: Apache-2.0

/// Where a run stands.
public struct TrainingProgress: Sendable, Equatable {
  /// Epochs completed.
  public internal(set) var epoch = 0
  /// Batches completed in the present epoch.
  public internal(set) var batch = 0
  /// Steps taken in all.
  public internal(set) var steps = 0
  /// What the present epoch has seen.
  public internal(set) var seen = RunningTerms()

  /// The beginning.
  public init() {}

  package init(epoch: Int, batch: Int, steps: Int, seen: RunningTerms) {
    self.epoch = epoch
    self.batch = batch
    self.steps = steps
    self.seen = seen
  }
}

/// Everything that, with options and data, decides the rest of a run.
public struct TrainingState<Scalar: TensorScalar>: Sendable {
  /// The parameters' names, in the order of the three lists.
  public let names: [String]
  /// The parameters.
  public let parameters: [Tensor<Scalar>]
  /// What the optimiser remembers, in the order of ``Optimiser/memories``, and then the average of
  /// the parameters where there is one: a tensor for each parameter.
  public let memories: [[Tensor<Scalar>]]
  /// What they are called in files: ``Optimiser/memories``, and "average".
  public let memoryNames: [String]
  /// Where the run stands.
  public let progress: TrainingProgress
  /// Further facts that its file has; empty for a state that was not read from one.
  public let metadata: [String: String]

  package init(
    names: [String], parameters: [Tensor<Scalar>], memories: [[Tensor<Scalar>]],
    memoryNames: [String], progress: TrainingProgress, metadata: [String: String] = [:]
  ) {
    self.metadata = metadata
    self.names = names
    self.parameters = parameters
    self.memories = memories
    self.memoryNames = memoryNames
    self.progress = progress
  }
}

/// What one training step saw.
public struct TrainingStep: Sendable {
  /// The epoch, counted from 0.
  public let epoch: Int
  /// The batch within the epoch, counted from 0.
  public let batch: Int
  /// Batches in the epoch.
  public let batches: Int
  /// Means over the batch, before the step, in nats per example.
  public let terms: MeanTerms
  /// The norm of the gradient of the batch's mean, before it was limited, in nats per example; nil
  /// where the options set no limit.
  public let gradientNorm: Double?
  /// Sums over the epoch up to and including this batch.
  public let epochSoFar: RunningTerms
  /// Whether this was the epoch's last batch.
  public let endsEpoch: Bool
}
