// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// Where the searches of some images stand: everything that decides how they go on.
struct SearchState<Scalar: TensorScalar>: Sendable {
  /// Which images these are: part of the keys of their noise.
  var images: [Int]
  /// `[images, data]`.
  var x: Tensor<Scalar>
  var parameters: LocalParameters<Scalar>
  /// Adam's running means.
  var first, second: [Tensor<Scalar>]
  /// The number of the learning rate of each image.
  var phases: [Int]
  /// Steps taken by all of them.
  var step = 0

  init(images: [Int], x: Tensor<Scalar>, parameters: LocalParameters<Scalar>) {
    (self.images, self.x, self.parameters) = (images, x, parameters)
    first = parameters.free.map { .zeros($0.shape) }
    second = first
    phases = images.map { _ in 0 }
  }

  /// The states of some of the images, by their places here.
  func selecting(_ rows: [Int]) -> SearchState {
    if rows == Array(images.indices) { return self }
    var copy = self
    copy.images = rows.map { images[$0] }
    copy.phases = rows.map { phases[$0] }
    copy.transformTensors { $0.selectingRows(rows) }
    return copy
  }

  /// One state of all images of several, in order.
  static func joined(_ parts: [SearchState]) -> SearchState {
    var result = parts[0]
    result.images = parts.flatMap(\.images)
    result.phases = parts.flatMap(\.phases)
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

  private mutating func transformTensors(_ transform: (Tensor<Scalar>) -> Tensor<Scalar>) {
    x = transform(x)
    parameters.fixed = parameters.fixed.map(transform)
    parameters.free = parameters.free.map(transform)
    first = first.map(transform)
    second = second.map(transform)
  }
}

extension LocalParameters {
  /// The parameters of some examples.
  func selecting(_ rows: [Int]) -> LocalParameters {
    LocalParameters(
      fixed: fixed.map { $0.selectingRows(rows) }, free: free.map { $0.selectingRows(rows) })
  }
}

extension Tensor {
  /// Some of the indices of the first axis, in order.
  func selectingRows(_ rows: [Int]) -> Tensor {
    if let first = rows.first, rows == Array(first..<first + rows.count) {
      return slice(first..<first + rows.count)
    }
    return .concatenated(rows.map { slice($0..<$0 + 1) })
  }
}
