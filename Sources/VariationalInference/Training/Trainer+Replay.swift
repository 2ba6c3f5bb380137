// SPDX-License-Identifier: Apache-2.0

internal import Tensors

extension Trainer {
  /// The step that comes next, with all that decides it: after a ``TrainingDivergence``, the step
  /// that diverged.
  package var nextStep: StepReplay<Model> {
    let order = EpochOrder(
      examples: data.count, batchSize: options.batchSize, seed: options.seed,
      epoch: progress.epoch, block: data.examplesPerBlock)
    return replay(of: Array(order[progress.batch]))
  }

  /// The step that the trainer would take on these examples.
  func replay(of examples: [Int]) -> StepReplay<Model> {
    let round = DataRound.training(seed: options.seed, epoch: progress.epoch)
    let batch = RecordedBatch(
      examples, of: data, template.allReads, round: round, as: Scalar.self)
    return replay(of: batch, parameters: gradientStep.parameters.tensors, isTraining: true)
  }

  /// An evaluation of the present model on some examples of another part of the data, as a step
  /// that is looked at.
  package func evaluation(of examples: [Int], in part: any Dataset) -> StepReplay<Model> {
    let batch = RecordedBatch(
      examples, of: part, template.allReads, round: .evaluation(seed: options.seed),
      as: Scalar.self)
    return replay(of: batch, parameters: model.parameters, isTraining: false)
  }

  private func replay(
    of batch: RecordedBatch, parameters: [Tensor<Scalar>], isTraining: Bool
  ) -> StepReplay<Model> {
    StepReplay(
      model: template.replacingParameters(with: parameters), options: options,
      memories: isTraining ? optimiser.memories.map(\.tensors) : [], progress: progress,
      stepsPerEpoch: batchesPerEpoch, batch: batch, isTraining: isTraining)
  }
}
