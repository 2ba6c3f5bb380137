// SPDX-License-Identifier: Apache-2.0

/// The gradients of a linear layer y = x W^T + b, left as their factors. With D the gradient of y:
///
///     dW = D^T x,   db = D^T 1
///
/// Both factors lie in memory of the whole batch, where all shards run the same program, so that
/// one product serves all rows at once.
struct LinearGradient<Scalar: TensorScalar>: DeferredGradient {
  /// The number of W.
  let weight: Int
  /// The number of b; nil where there is none, or none that is a parameter.
  let bias: Int?
  /// `[rows, inputs]`, the rows of a shard or of the batch.
  let x: Operand<Scalar>
  /// `[rows, outputs]`.
  let d: Operand<Scalar>
  /// How many numbers of x are not zero; nil where leaving out the others would not pay.
  let nonzero: Int?
  /// D as it was before any rounding, for the bias.
  let gradient: Tensor<Scalar>
  /// What there is in x, listed, where that saves much.
  private let columns: NonzeroColumns<Scalar>?

  /// What one shard leaves; nothing is listed yet.
  init(
    weight: Int, bias: Int?, x: Operand<Scalar>, d: Operand<Scalar>, nonzero: Int?,
    gradient: Tensor<Scalar>
  ) {
    (self.weight, self.bias, self.nonzero, columns) = (weight, bias, nonzero, nil)
    (self.x, self.d, self.gradient) = (x, d, gradient)
  }

  /// The factors of the whole batch, with memory for the lists of what is not zero in x.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private init?(joining shards: [LinearGradient]) {
    guard let x = Operand.joined(shards.map(\.x)), let d = Operand.joined(shards.map(\.d)),
      let gradient = Tensor.joined(shards.map(\.gradient))
    else { return nil }
    let counts = shards.compactMap(\.nonzero)
    let nonzero = counts.count == shards.count ? counts.reduce(0, +) : nil
    (self.weight, self.bias, self.nonzero) = (shards[0].weight, shards[0].bias, nonzero)
    (self.x, self.d, self.gradient) = (x, d, gradient)
    columns = nonzero.flatMap { NonzeroColumns(of: x, nonzero: $0) }
  }

  var parameters: [Int] { [weight, bias].compactMap { $0 } }

  static func joined(_ shards: [LinearGradient]) -> LinearGradient? {
    LinearGradient(joining: shards)
  }

  var preparations: Int { columns?.count ?? 0 }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func prepare(_ index: Int, _ profile: Profile?) {
    profile.measure("zeros left out") { columns?.list(index) }
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func write(
    _ rows: Range<Int>, of parameter: Int, adding: Bool,
    into target: UnsafeMutablePointer<Scalar>, _ profile: Profile?
  ) {
    if parameter == weight {
      writeWeight(rows, adding: adding, into: target, profile)
    } else {
      profile.measure("bias gradients", bytes: gradient.byteCount) {
        writeBias(rows, adding: adding, into: target)
      }
    }
  }

  /// Rows of dW, `[rows.count, inputs]`: the outputs `rows` of D, transposed, times x. D lies
  /// `[batch, outputs]`, so that these are columns from `rows.lowerBound` on.
  private func writeWeight(
    _ rows: Range<Int>, adding: Bool, into target: UnsafeMutablePointer<Scalar>, _ profile: Profile?
  ) {
    let product = MatrixProduct(
      m: rows.count, n: x.columns, k: x.rows, strideA: d.columns, strideB: x.columns,
      strideC: x.columns, transposeA: true, accumulates: adding)
    profile.measure("D^T x     \(x.columns) -> \(d.columns)", operations: product.operations) {
      if let columns {
        columns.writeGradient(rows, of: d, adding: adding, into: target)
      } else {
        product.multiply(d, from: rows.lowerBound, x, into: target)
      }
    }
  }

  /// Elements of db: the columns `outputs` of D, summed over the batch in the order of its rows.
  private func writeBias(
    _ outputs: Range<Int>, adding: Bool, into target: UnsafeMutablePointer<Scalar>
  ) {
    if !adding { Scalar.kernels.fill(outputs.count, 0, target) }
    withExtendedLifetime(gradient) {
      for row in 0..<d.rows {
        Scalar.kernels.accumulate(
          outputs.count, gradient.pointer + row * d.columns + outputs.lowerBound, target)
      }
    }
  }
}
