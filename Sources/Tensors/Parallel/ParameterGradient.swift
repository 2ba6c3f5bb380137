// SPDX-License-Identifier: Apache-2.0

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

  /// Writes the gradient of some rows.
  ///
  /// - Returns: The elements written; nil if there are none.
  func write(_ slab: Range<Int>, into gradients: FlatBuffer<Scalar>) -> Range<Int>? {
    let width = range.count / rows
    let first = range.lowerBound
    let elements = first + slab.lowerBound * width..<first + slab.upperBound * width
    if elements.isEmpty { return nil }
    let target = gradients.pointer(at: elements.lowerBound)
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
        layer.writeWeight(slab, adding: isStarted, into: target)
      } else {
        layer.writeBias(slab, adding: isStarted, into: target)
      }
      isStarted = true
    }
    return elements
  }
}

/// The factors of a linear layer's gradients over the whole batch: dW = D^T A and db = D^T 1.
struct LinearFactors<Scalar: TensorScalar>: Sendable {
  let weight: Int
  let bias: Int
  /// A `[batch rows, inputs]` and D `[batch rows, outputs]`, each from its first element on.
  let input: Tensor<Scalar>
  let gradient: Tensor<Scalar>

  /// Joins what the shards of a step deferred: their factors are blocks of rows of one memory.
  static func overWholeBatch(_ shards: [[DeferredLinear<Scalar>]]) -> [LinearFactors] {
    precondition(
      Set(shards.map(\.count)).count == 1, "the shards of a step ran different programs")
    return shards[0].indices.map { layer in
      let rows = shards.reduce(0) { $0 + $1[layer].rowCount }
      let first = shards[0][layer]
      return LinearFactors(
        weight: first.weight, bias: first.bias,
        input: first.input.wholeBatch(rows: rows), gradient: first.gradient.wholeBatch(rows: rows))
    }
  }

  private var batchRows: Int { input.shape[0] }
  private var inputs: Int { input.shape[1] }
  private var outputs: Int { gradient.shape[1] }

  func writeWeight(
    _ slab: Range<Int>, adding: Bool, into target: UnsafeMutablePointer<Scalar>
  ) {
    let product = MatrixProduct(
      m: slab.count, n: inputs, k: batchRows, strideA: outputs, strideB: inputs, strideC: inputs,
      transposeA: true, accumulates: adding)
    withExtendedLifetime((input, gradient)) {
      Scalar.kernels.multiply(
        product, gradient.pointer + slab.lowerBound, input.pointer, target)
    }
  }

  func writeBias(_ slab: Range<Int>, adding: Bool, into target: UnsafeMutablePointer<Scalar>) {
    if !adding { Scalar.kernels.fill(slab.count, 0, target) }
    withExtendedLifetime(gradient) {
      for row in 0..<batchRows {
        Scalar.kernels.accumulate(
          slab.count, gradient.pointer + row * outputs + slab.lowerBound, target)
      }
    }
  }
}

extension DeferredLinear {
  var rowCount: Int { input.shape.dropLast().reduce(1, *) }
}

extension Tensor {
  /// All rows of the memory in which this tensor, of the first shard, holds the first rows.
  fileprivate func wholeBatch(rows: Int) -> Tensor {
    Tensor(shape: [rows, shape[rank - 1]], storage: storage, offset: 0)
  }
}
