// SPDX-License-Identifier: Apache-2.0

extension Tensor {
  /// log p(x) of independent Bernoulli variables given by their logits, summed over the last axis.
  ///
  ///     sum over j of x[j] l[j] - softplus(l[j]),  with d/dl[j] = x[j] - sigmoid(l[j])
  ///
  /// For x strictly between 0 and 1 this is a cross-entropy (times -1), not a log-probability.
  ///
  /// - Parameter logits: `[..., n]`, of this tensor's shape; the tensor itself holds the x.
  /// - Returns: `[...]`, in nats.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func bernoulliLogProbability(logits: Tensor) -> Tensor {
    precondition(
      shape == logits.shape && rank >= 1, "pixels of shape \(shape), logits of \(logits.shape)")
    let columns = shape[rank - 1]
    let rowCount = shape.dropLast().reduce(1, *)
    let (x, l) = (detached, logits.detached)
    let tape = logits.trace?.tape
    let residual = tape.map { $0.allocate(shape, rows: rows ?? logits.rows) }
    let value = (tape?.profile).measure(
      "Bernoulli log-probability", bytes: 3 * x.byteCount
    ) {
      Tensor.generate(shape.dropLast(), x, l) {
        Scalar.kernels.bernoulli(rowCount, columns, $1, $2, $0, residual?.mutablePointer)
      }
    }
    let needsPixels = isTraced
    // A parallel step goes back once, and all its shards must use memory alike, whatever g holds.
    let inPlace = tape?.shard != nil
    return Tensor.operation(value: value.marked(rows ?? logits.rows), inputs: [self, logits]) { g in
      [
        needsPixels ? l.scalingRows(by: g) : nil,
        residual?.scalingRows(by: g, into: inPlace ? residual : nil),
      ]
    }
  }

  /// Row r multiplied by `factor[r]`. Where all factors are 1, as when the objective is a plain sum
  /// over examples, this tensor itself: a pass over memory less.
  private func scalingRows(by factor: Tensor, into target: Tensor? = nil) -> Tensor {
    if factor.withScalars({ $0.allSatisfy { $0 == 1 } }) { return self }
    let result = target ?? Tensor(uninitialized: shape)
    let rows = factor.count
    withExtendedLifetime((self, factor)) {
      Scalar.kernels.scaleRows(
        rows, rows == 0 ? 0 : count / rows, factor.pointer, pointer, result.mutablePointer)
    }
    return result
  }
}
