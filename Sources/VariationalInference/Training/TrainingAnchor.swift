// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// A state of a run in memory, taken now and then: a step that overwrote the parameters with
/// numbers that are not finite can be reached again from it, as a run is a function of its state
/// and the data.
final class TrainingAnchor<Scalar: TensorScalar> {
  /// Steps between two of them: copying parameters and moments, as much as the update of one step
  /// moves, is then below 1 % of all updates, and going back repeats fewer steps than a second or
  /// two hold.
  static var interval: Int { 128 }

  private(set) var progress = TrainingProgress()
  private let parameters: FlatBuffer<Scalar>
  private let memories: [FlatBuffer<Scalar>]
  private let average: FlatBuffer<Scalar>?

  /// At the beginning.
  init(
    _ parameters: FlatBuffer<Scalar>, _ memories: [FlatBuffer<Scalar>],
    _ average: FlatBuffer<Scalar>?
  ) {
    self.parameters = FlatBuffer(shapes: parameters.shapes)
    self.memories = memories.map { FlatBuffer(shapes: $0.shapes) }
    self.average = average.map { FlatBuffer(shapes: $0.shapes) }
    take(parameters, memories, average, progress)
  }

  /// Copies a state.
  func take(
    _ parameters: FlatBuffer<Scalar>, _ memories: [FlatBuffer<Scalar>],
    _ average: FlatBuffer<Scalar>?, _ progress: TrainingProgress
  ) {
    self.parameters.copy(from: parameters)
    for (own, other) in zip(self.memories, memories) { own.copy(from: other) }
    if let average { self.average?.copy(from: average) }
    self.progress = progress
  }

  /// Copies it back.
  func give(
    to step: GradientStep<Scalar>, _ memories: [FlatBuffer<Scalar>], _ average: FlatBuffer<Scalar>?
  ) {
    step.assign(parameters.tensors)
    for (own, other) in zip(self.memories, memories) { other.copy(from: own) }
    if let own = self.average { average?.copy(from: own) }
  }
}
