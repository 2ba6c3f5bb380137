// SPDX-License-Identifier: Apache-2.0

extension Tensor {
  /// One index of the first axis, which the result lacks: `[n, ...]` to `[...]`. The memory is
  /// shared, nothing is copied; the gradient is 0 at the other indices.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func row(_ index: Int) -> Tensor {
    precondition(
      rank >= 1 && index >= 0 && index < shape[0], "no index \(index) of shape \(shape)")
    let (all, width) = (shape, count / shape[0])
    let value = Tensor(
      shape: Array(all.dropFirst()), storage: storage, offset: offset + index * width)
    return Tensor.operation(value: value, inputs: [self]) { g in
      let gradient = Tensor.zeros(all)
      withExtendedLifetime(g) {
        (gradient.mutablePointer + index * width).update(from: g.pointer, count: width)
      }
      return [gradient]
    }
  }

  /// Some indices of the first axis, in any order, also repeatedly: `[n, ...]` to `[rows.count,
  /// ...]`.
  ///
  /// The gradient of a row is the sum over the places to which it was taken.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func selectingRows(_ rows: [Int]) -> Tensor {
    precondition(
      rank >= 1 && rows.allSatisfy((0..<shape[0]).contains), "rows \(rows) of shape \(shape)")
    let (all, width) = (shape, shape.dropFirst().reduce(1, *))
    let value = Tensor.generate([rows.count] + all.dropFirst(), self) { target, source in
      for (place, row) in rows.enumerated() {
        (target + place * width).update(from: source + row * width, count: width)
      }
    }
    return Tensor.operation(value: value, inputs: [self]) { g in
      let gradient = Tensor.zeros(all)
      withExtendedLifetime(g) {
        for (place, row) in rows.enumerated() {
          Scalar.kernels.accumulate(
            width, g.pointer + place * width, gradient.mutablePointer + row * width)
        }
      }
      return [gradient]
    }
  }
}
