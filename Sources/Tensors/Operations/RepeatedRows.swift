// SPDX-License-Identifier: Apache-2.0

extension Tensor {
  /// Each row `times` times in succession: `[rows, columns]` to `[rows * times, columns]`.
  ///
  /// How one example meets many draws: row r of the result is row r / times of this tensor.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func repeatingRows(_ times: Int) -> Tensor {
    precondition(rank == 2 && times >= 1, "rows of shape \(shape), repeated \(times) times")
    if times == 1 { return self }
    let (rows, columns) = (shape[0], shape[1])
    let value = Tensor.generate([rows * times, columns], self) { target, source in
      for row in 0..<rows * times {
        (target + row * columns).update(from: source + row / times * columns, count: columns)
      }
    }
    return Tensor.operation(value: value.marked(self.rows), inputs: [self]) { g in
      [g.reshaped(to: [rows, times, columns]).sum(along: 1)]
    }
  }

  /// log p(x) of independent Bernoulli variables, one row x for each `times` rows of logits: what
  /// `repeatingRows(times).bernoulliLogProbability(logits:)` computes, to the bit, without the copies
  /// of x, which would push the logits out of the cache.
  ///
  /// - Parameters:
  ///   - times: Rows of logits for each row of this tensor, `[rows, n]`.
  ///   - logits: `[rows * times, n]`.
  /// - Returns: `[rows * times]`, in nats.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func bernoulliLogProbability(repeated times: Int, logits: Tensor) -> Tensor {
    precondition(
      rank == 2 && times >= 1 && logits.shape == [shape[0] * times, shape[1]],
      "pixels of shape \(shape), repeated \(times) times, and logits of \(logits.shape)")
    if isTraced || logits.isTraced {
      return repeatingRows(times).bernoulliLogProbability(logits: logits)
    }
    let columns = shape[1]
    return withExtendedLifetime(self) {
      Tensor.generate([logits.shape[0]], logits) { target, logits in
        for row in 0..<shape[0] * times {
          Scalar.kernels.bernoulli(
            1, columns, pointer + row / times * columns, logits + row * columns, target + row, nil)
        }
      }
      .marked(rows ?? logits.rows)
    }
  }
}
