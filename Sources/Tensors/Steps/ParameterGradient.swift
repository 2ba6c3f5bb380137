// SPDX-License-Identifier: Apache-2.0

/// The second phase for one parameter: its gradient over the whole batch, some rows at a time,
///
///     sum over shards of what did not wait, in their order + what waited, in the order of the program
struct ParameterGradient<Scalar: TensorScalar>: Sendable {
  /// In the order of the step's list.
  let number: Int
  /// The parameter's elements in the flat buffers.
  let range: Range<Int>
  /// The parameter's rows: its first axis.
  let rows: Int
  /// Gradients of shards, to be added in order.
  let summands: [Tensor<Scalar>]
  /// What operations left to this phase, to be added after those, in order.
  let deferred: [any DeferredGradient<Scalar>]

  /// The rows in slabs whose gradient stays in a thread's cache until the update.
  ///
  /// All cuts are at multiples of what products need to repeat their bits; the last slab takes the
  /// rows left over.
  var slabs: [Range<Int>] {
    let unit = MatrixProduct.transposedRowGranularity
    let units = max(rows / unit, 1)
    let height = Self.slabHeight(width: width)
    return stride(from: 0, to: units, by: height).map { start in
      let next = min(start + height, units)
      return start * unit..<(next == units ? rows : next * unit)
    }
  }

  /// The most elements in a slab of a parameter of this shape.
  static func slabCapacity(_ shape: [Int]) -> Int {
    let (rows, count) = (max(shape.first ?? 1, 1), shape.reduce(1, *))
    let unit = MatrixProduct.transposedRowGranularity
    // The last slab takes up to a unit less one of rows more.
    return min(count, (slabHeight(width: count / rows) + 1) * unit * (count / rows))
  }

  /// Units of rows in a slab: some 128 KB in single precision, an eighth of a core's second cache, in
  /// steps of the 48 rows that sparse gradients take at once. Products of fewer than 40 rows lose a
  /// sixth of their rate.
  private static func slabHeight(width: Int) -> Int {
    let step = 48
    let steps = max((32_768 / max(width, 1) + step / 2) / step, 1)
    return max(steps * step / MatrixProduct.transposedRowGranularity, 1)
  }

  /// The elements of some rows, in the flat buffers.
  func elements(in slab: Range<Int>) -> Range<Int> {
    range.lowerBound + slab.lowerBound * width..<range.lowerBound + slab.upperBound * width
  }

  /// Elements in a row.
  private var width: Int { range.count / rows }

  /// The gradient of some rows, written to `memory` from `offset` on.
  func gradient(
    of slab: Range<Int>, in memory: Storage<Scalar>, at offset: Int = 0, _ profile: Profile?
  ) -> GradientSlab<Scalar> {
    let elements = elements(in: slab)
    let target = memory.base + offset
    // The first that waits overwrites, unless there is a sum before it: a pass over memory less.
    var isStarted = deferred.isEmpty || !summands.isEmpty
    if isStarted { Scalar.kernels.fill(elements.count, 0, target) }
    for summand in summands {
      withExtendedLifetime(summand) {
        Scalar.kernels.accumulate(
          elements.count, summand.pointer + slab.lowerBound * width, target)
      }
    }
    for gradient in deferred {
      gradient.write(slab, of: number, adding: isStarted, into: target, profile)
      isStarted = true
    }
    return GradientSlab(range: elements, storage: memory, offset: offset)
  }
}
