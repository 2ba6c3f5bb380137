// SPDX-License-Identifier: Apache-2.0

extension Tensor {
  /// Each row `count` times, one after the other: rows r0, r0, ..., r1, r1, ...
  ///
  /// How K draws for each example become rows of one batch: the rows of an example stay together, so
  /// that a parallel step may cut the batch between examples.
  ///
  /// - Parameter count: At least 1.
  /// - Returns: `[rows * count, columns]` for this matrix of shape `[rows, columns]`. The gradient of
  ///   a row is the sum over its repetitions, in order.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func repeatingRows(_ count: Int) -> Tensor {
    precondition(
      rank == 2 && count >= 1, "rows of shape \(shape) cannot be repeated \(count) times")
    if count == 1 { return self }
    let (rows, columns) = (shape[0], shape[1])
    let source = detached
    let repeated = [rows * count, columns]
    let value = trace?.tape.allocate(repeated) ?? Tensor(uninitialized: repeated)
    withExtendedLifetime(source) {
      for row in 0..<rows {
        for copy in 0..<count {
          (value.mutablePointer + (row * count + copy) * columns).update(
            from: source.pointer + row * columns, count: columns)
        }
      }
    }
    return Tensor.operation(value: value, inputs: [self]) { g in
      [.generate([rows, columns], g) { Scalar.kernels.sum(rows, count, columns, $1, $0) }]
    }
  }
}
