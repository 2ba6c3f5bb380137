// SPDX-License-Identifier: Apache-2.0

extension Tensor {
  /// log p of counts x of n kinds given their sum T, with shares p = softmax(l) over the last axis.
  ///
  ///     log T! - sum over j of log x[j]! + sum over j of x[j] log p[j]
  ///
  /// with the derivative x[j] - T p[j] by l[j].
  ///
  /// One pass over memory and back. A kind that did not come adds nothing, also where its logit is
  /// -infinity; factorials are computed of counts above 1 alone. Data take no gradient.
  ///
  /// - Parameters:
  ///   - x: Counts, `[..., n]`.
  ///   - logits: l, `[..., n]`. Axes before the last broadcast.
  /// - Returns: `[...]`, in nats.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func multinomialLogDensity(_ x: Tensor, logits: Tensor) -> Tensor {
    let rank = max(x.rank, logits.rank)
    let (counts, own) = (x.detached.padded(toRank: rank), logits.padded(toRank: rank))
    guard rank >= 1, let layout = Broadcast(rowsOf: counts.shape, own.shape) else {
      preconditionFailure("counts of shape \(x.shape), logits of \(logits.shape)")
    }
    let columns = own.shape[rank - 1]
    let l = own.detached
    let tape = logits.trace?.tape
    let rows = rowsOfBatch([counts, l], layout.shape + [columns])
    // x - T p, written in the same pass: both need exp(l - m).
    let residual = tape.map { $0.allocate(layout.shape + [columns], rows: rows) }
    let value = (tape?.profile).measure(
      "multinomial log-probability", bytes: 4 * max(counts.byteCount, l.byteCount)
    ) {
      Tensor.generate(layout.shape, counts, l) { out, x, l in
        layout.forEachBlock { first, a, b, count in
          Scalar.kernels.multinomial(
            count, columns, x + a * columns, l + b * columns, out + first,
            residual.map { $0.mutablePointer + first * columns })
        }
      }
    }
    // A parallel step goes back once, and all its shards must use memory alike, whatever g holds.
    let inPlace = tape?.shard != nil
    return Tensor.operation(value: value.marked(rows), inputs: [own]) { g in
      [residual?.scalingRows(by: g, into: inPlace ? residual : nil).summed(to: l.shape)]
    }
  }

  /// With axes of size 1 before its own.
  private func padded(toRank rank: Int) -> Tensor {
    self.rank == rank
      ? self : reshaped(to: [Int](repeating: 1, count: rank - self.rank) + shape)
  }
}
