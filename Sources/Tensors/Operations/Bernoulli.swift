// SPDX-License-Identifier: Apache-2.0

internal import CKernels

extension Tensor {
  /// log p(x) of independent Bernoulli variables given by their logits, summed over the last axis.
  ///
  ///     sum over j of x[j] l[j] - softplus(l[j]),  with d/dl[j] = x[j] - sigmoid(l[j])
  ///
  /// For x strictly between 0 and 1 this is a cross-entropy (times -1), not a log-probability. An
  /// infinite logit is certain: it adds 0 where x is the 0 or 1 that it says, else -infinity.
  ///
  /// - Parameter logits: `[..., n]`; the tensor itself holds the x. Axes before the last are of the same
  ///   size, or of size 1 in one of the two, which is then repeated: pixels `[batch, 1, n]` meet logits
  ///   `[batch, draws, n]` without being copied.
  /// - Returns: `[...]`, in nats.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func bernoulliLogProbability(logits: Tensor) -> Tensor {
    guard rank >= 1, let layout = Broadcast(rowsOf: shape, logits.shape) else {
      preconditionFailure("pixels of shape \(shape), logits of \(logits.shape)")
    }
    let columns = shape[rank - 1]
    let (x, l) = (detached, logits.detached)
    let tape = logits.trace?.tape
    // x - sigmoid(l), written in the same pass: both need exp(-|l|).
    let residual = tape.map { $0.allocate(layout.shape + [columns], rows: rows ?? logits.rows) }
    let value = (tape?.profile).measure(
      "Bernoulli log-probability", bytes: 3 * max(x.byteCount, l.byteCount)
    ) {
      Tensor.generate(layout.shape, x, l) { out, x, l in
        layout.forEachBlock { first, a, b, count in
          Scalar.kernels.bernoulli(
            count, columns, x + a * columns, l + b * columns, out + first,
            residual.map { $0.mutablePointer + first * columns })
        }
      }
    }
    let needsPixels = isTraced
    // A parallel step goes back once, and all its shards must use memory alike, whatever g holds.
    let inPlace = tape?.shard != nil
    return Tensor.operation(value: value.marked(rows ?? logits.rows), inputs: [self, logits]) { g in
      [
        needsPixels ? l.scalingRows(by: g).summed(to: x.shape) : nil,
        residual?.scalingRows(by: g, into: inPlace ? residual : nil).summed(to: l.shape),
      ]
    }
  }

  /// Row r, or the one row repeated there, multiplied by `factor[r]`. Where all factors are 1, as when
  /// the objective is a plain sum over examples, this tensor itself: a pass over memory less.
  func scalingRows(by factor: Tensor, into target: Tensor? = nil) -> Tensor {
    if factor.shape != shape.dropLast() {
      return .binary(ElboMultiply, self, factor.reshaped(to: factor.shape + [1]))
    }
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
