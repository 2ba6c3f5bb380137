// SPDX-License-Identifier: Apache-2.0

/// The gradient of some elements of the parameters' flat buffer, valid until its memory is reused.
package struct GradientSlab<Scalar: TensorScalar> {
  /// The elements.
  package let range: Range<Int>
  let storage: Storage<Scalar>
  /// Where in the storage the first of them is.
  let offset: Int

  var pointer: UnsafePointer<Scalar> { UnsafePointer(storage.base + offset) }

  /// What Adam reads and writes beside the gradient: the parameters and two moments.
  var updateBytes: Int { 6 * range.count * MemoryLayout<Scalar>.stride }
}

/// The second phase for one parameter: its gradient over the whole batch, some rows at a time.
struct ParameterGradient<Scalar: TensorScalar>: Sendable {
  let number: Int
  /// The parameter's elements in the flat buffers.
  let range: Range<Int>
  /// The parameter's rows: its first axis.
  let rows: Int
  /// Gradients of shards, to be added in order.
  let summands: [Tensor<Scalar>]
  /// Linear layers that use the parameter, as weight or as bias.
  let factors: [LinearFactors<Scalar>]

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

  /// How many elements there are in some rows.
  func elements(in slab: Range<Int>) -> Int { slab.count * width }

  /// Elements in a row.
  private var width: Int { range.count / rows }

  /// The gradient of some rows, written to the start of `memory`.
  func gradient(
    of slab: Range<Int>, in memory: Storage<Scalar>, _ profile: Profile?
  ) -> GradientSlab<Scalar> {
    let first = range.lowerBound
    let elements = first + slab.lowerBound * width..<first + slab.upperBound * width
    let target = memory.base
    var isStarted = factors.isEmpty || !summands.isEmpty
    if isStarted { Scalar.kernels.fill(elements.count, 0, target) }
    for summand in summands {
      withExtendedLifetime(summand) {
        Scalar.kernels.accumulate(
          elements.count, summand.pointer + slab.lowerBound * width, target)
      }
    }
    for layer in factors {
      if layer.weight == number {
        layer.writeWeight(slab, adding: isStarted, into: target, profile)
      } else {
        profile.measure("bias gradients", bytes: layer.gradient.byteCount) {
          layer.writeBias(slab, adding: isStarted, into: target)
        }
      }
      isStarted = true
    }
    return GradientSlab(range: elements, storage: memory, offset: 0)
  }
}

/// The factors of a linear layer's gradients over the whole batch: dW = D^T A and db = D^T 1.
struct LinearFactors<Scalar: TensorScalar>: Sendable {
  let weight: Int
  let bias: Int
  /// `[batch rows, inputs]`
  let a: Operand<Scalar>
  /// `[batch rows, outputs]`
  let d: Operand<Scalar>
  /// How many numbers of A are not zero, where that is worth knowing.
  let nonzero: Int?
  /// D as it was before any rounding, for the bias.
  let gradient: Tensor<Scalar>
  /// What there is in A: see ``leavingOutZeros()``.
  private(set) var columns: NonzeroColumns<Scalar>?

  /// The same, with lists of what is not zero in A where that saves much, which must be made before the
  /// first gradient.
  func leavingOutZeros() -> LinearFactors {
    var factors = self
    factors.columns = nonzero.flatMap { NonzeroColumns(of: a, nonzero: $0) }
    return factors
  }

  /// Joins what the shards of a step deferred: their factors are blocks of rows of one memory.
  ///
  /// - Returns: Nil where they are not, because a layer's rows are not those of the batch.
  static func overWholeBatch(_ shards: [[DeferredLinear<Scalar>]]) -> [LinearFactors]? {
    guard shards.allSatisfy({ $0.count == shards[0].count }) else { return nil }
    var factors: [LinearFactors] = []
    for layer in shards[0].indices {
      let blocks = shards.map { $0[layer] }
      guard
        blocks.allSatisfy({ $0.weight == blocks[0].weight && $0.bias == blocks[0].bias }),
        let a = Operand.joined(blocks.map(\.a)), let d = Operand.joined(blocks.map(\.d)),
        let gradient = Tensor.joined(blocks.map(\.gradient), rows: d.rows)
      else { return nil }
      let nonzero = blocks.compactMap(\.nonzero)
      factors.append(
        LinearFactors(
          weight: blocks[0].weight, bias: blocks[0].bias, a: a, d: d,
          nonzero: nonzero.count == blocks.count ? nonzero.reduce(0, +) : nil, gradient: gradient))
    }
    return factors
  }

  /// What the shards deferred, each for itself; their products are to be added in this order.
  static func apart(_ shards: [[DeferredLinear<Scalar>]]) -> [LinearFactors] {
    shards.joined().compactMap { overWholeBatch([[$0]]) }.flatMap { $0 }
  }

  /// Writes rows of dW to `target`, or adds them to what is there.
  func writeWeight(
    _ slab: Range<Int>, adding: Bool, into target: UnsafeMutablePointer<Scalar>, _ profile: Profile?
  ) {
    let product = MatrixProduct(
      m: slab.count, n: a.columns, k: a.rows, strideA: d.columns, strideB: a.columns,
      strideC: a.columns, transposeA: true, accumulates: adding)
    profile.measure("D^T x     \(a.columns) -> \(d.columns)", operations: product.operations) {
      if let columns {
        columns.writeGradient(slab, of: d, adding: adding, into: target)
      } else {
        product.multiply(d, from: slab.lowerBound, a, into: target)
      }
    }
  }

  func writeBias(_ slab: Range<Int>, adding: Bool, into target: UnsafeMutablePointer<Scalar>) {
    if !adding { Scalar.kernels.fill(slab.count, 0, target) }
    withExtendedLifetime(gradient) {
      for row in 0..<d.rows {
        Scalar.kernels.accumulate(
          slab.count, gradient.pointer + row * d.columns + slab.lowerBound, target)
      }
    }
  }
}
