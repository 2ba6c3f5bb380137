// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// Where the searches of some images stand: everything that decides how they go on.
struct SearchState<Scalar: TensorScalar>: Sendable {
  /// Which images these are: part of the keys of their noise.
  var images: [Int]
  var x: Batch<Scalar>
  var parameters: GuideParameters<Scalar>
  /// What the optimiser remembers, a tensor for each free one.
  var memories: [[Tensor<Scalar>]]
  /// The number of the learning rate of each image.
  var phases: [Int]
  /// Steps taken by all of them.
  var step = 0

  init(images: [Int], x: Batch<Scalar>, parameters: GuideParameters<Scalar>) {
    (self.images, self.x, self.parameters) = (images, x, parameters)
    memories = Adam.memories.map { _ in parameters.free.map { .zeros($0.shape) } }
    phases = images.map { _ in 0 }
  }

  /// The states of some of the images, by their places here.
  func selecting(_ rows: [Int]) -> SearchState {
    if rows == Array(images.indices) { return self }
    var copy = self
    copy.images = rows.map { images[$0] }
    copy.phases = rows.map { phases[$0] }
    copy.x = x.selecting(rows)
    copy.transformTensors { $0.selectingRows(rows) }
    return copy
  }

  /// One state of all images of several, in order.
  static func joined(_ parts: [SearchState]) -> SearchState {
    // The first part's count of steps is that of all: they take their windows together.
    var result = parts[0]
    result.images = parts.flatMap(\.images)
    result.phases = parts.flatMap(\.phases)
    result.x = .concatenated(parts.map(\.x))
    var lists = parts.map { part in
      var (part, tensors) = (part, [Tensor<Scalar>]())
      part.transformTensors {
        tensors.append($0); return $0
      }
      return tensors[...]
    }
    result.transformTensors { _ in
      .concatenated(lists.indices.compactMap { lists[$0].popFirst() })
    }
    return result
  }

  /// Each tensor has one row for each image. `joined` relies on their order: fixed, free, memories.
  private mutating func transformTensors(_ transform: (Tensor<Scalar>) -> Tensor<Scalar>) {
    parameters.fixed = parameters.fixed.map(transform)
    parameters.free = parameters.free.map(transform)
    memories = memories.map { $0.map(transform) }
  }
}
