// SPDX-License-Identifier: Apache-2.0

extension Tensor {
  /// log p(x) of independent Bernoulli variables given by their logits, summed over the last axis.
  ///
  ///     sum over j of x[j] l[j] - softplus(l[j]),  with d/dl[j] = x[j] - sigmoid(l[j])
  ///
  /// For x strictly between 0 and 1 this is a cross-entropy (times -1), not a log-probability.
  ///
  /// The axes before the last broadcast: pixels `[batch, 1, n]` meet logits `[batch, draws, n]` without
  /// copies, which would push the logits out of the cache. The bits are those of the copies.
  ///
  /// - Parameter logits: `[..., n]`; the tensor itself holds the x, `[..., n]`.
  /// - Returns: `[...]`, in nats.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func bernoulliLogProbability(logits: Tensor) -> Tensor {
    precondition(
      rank >= 1 && logits.rank >= 1 && shape[rank - 1] == logits.shape[logits.rank - 1],
      "pixels of shape \(shape), logits of \(logits.shape)")
    let columns = shape[rank - 1]
    let (x, l) = (detached, logits.detached)
    let layout = Broadcast(Array(shape.dropLast()), Array(logits.shape.dropLast()))
    let tape = logits.trace?.tape
    let residual = tape.map { $0.allocate(layout.shape + [columns], rows: rows ?? logits.rows) }
    let value = (tape?.profile).measure(
      "Bernoulli log-probability", bytes: 3 * l.byteCount
    ) {
      Tensor.generate(layout.shape, x, l) { target, x, l in
        layout.forEachRow { row, rowX, rowL, count, stepX, stepL in
          // Rows that both advance are one call; else each row meets the same row of the other.
          let (calls, together) = stepX == 1 && stepL == 1 ? (1, count) : (count, 1)
          for call in 0..<calls {
            Scalar.kernels.bernoulli(
              together, columns, x + (rowX + call * stepX) * columns,
              l + (rowL + call * stepL) * columns, target + row + call,
              residual.map { $0.mutablePointer + (row + call) * columns })
          }
        }
      }
    }
    let needsPixels = isTraced
    // A parallel step goes back once, and all its shards must use memory alike, whatever g holds.
    let inPlace = tape?.shard != nil
    return Tensor.operation(value: value.marked(rows ?? logits.rows), inputs: [self, logits]) { g in
      [
        needsPixels ? (l * g.reshaped(to: g.shape + [1])).summed(to: x.shape) : nil,
        residual?.scalingRows(by: g, into: inPlace ? residual : nil).summed(to: l.shape),
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
