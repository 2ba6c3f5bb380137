// SPDX-License-Identifier: Apache-2.0

internal import CKernels

// Matrices and vectors of many draws with the axis of draws last: neighbours in memory are the same
// element of neighbouring draws, and loops over draws fill vectors. An operand that is the same for
// all draws has 1 there. A draw's result depends on its own operands alone.

extension Tensor {
  /// The product of two matrices of each draw: `[m, k, draws] x [k, n, draws] -> [m, n, draws]`.
  ///
  /// With G the gradient of C = A B: dA = G B^T and dB = A^T G, summed over the draws for an
  /// operand that is the same for all.
  ///
  /// - Parameter other: B, `[k, n, draws]`; the last axis of A and of B is `draws` or 1.
  /// - Returns: C, `[m, n, draws]`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func matrixProductBatchLast(_ other: Tensor) -> Tensor {
    precondition(
      rank == 3 && other.rank == 3 && shape[1] == other.shape[0]
        && Tensor.haveDrawsInCommon(self, other),
      "shapes \(shape) and \(other.shape) have no matrix product with the draws last")
    return recordedProduct(other) { $0 }
  }

  /// A matrix times a vector of each draw: `[m, k, draws] x [k, draws] -> [m, draws]`.
  ///
  /// With g the gradient of y = A x: dA = g x^T and dx = A^T g, summed over the draws for an
  /// operand that is the same for all. (A matrix without draws, `[m, k, 1]`, multiplies as in
  /// ``matrixProduct(_:)``.)
  ///
  /// - Parameter vector: x, `[k, draws]`; the last axis of A and of x is `draws` or 1.
  /// - Returns: y, `[m, draws]`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func matrixVectorBatchLast(_ vector: Tensor) -> Tensor {
    precondition(
      rank == 3 && vector.rank == 2 && shape[1] == vector.shape[0]
        && Tensor.haveDrawsInCommon(self, vector),
      "shapes \(shape) and \(vector.shape) have no matrix-vector product with the draws last")
    return recordedProduct(vector) { $0.reshaped(to: [$0.shape[0], 1, $0.shape[1]]) }
  }

  /// The transposed matrix of each draw: `[m, n, draws] -> [n, m, draws]`. Its gradient is
  /// transposed likewise.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func transposedFirstAxes() -> Tensor {
    precondition(rank == 3, "no matrices with the draws last in a tensor of shape \(shape)")
    let (m, n, draws) = (shape[0], shape[1], shape[2])
    let value = Tensor.generate([n, m, draws], self) { y, x in
      for row in 0..<m {
        for column in 0..<n {
          let source = x + (row * n + column) * draws
          (y + (column * m + row) * draws).update(from: source, count: draws)
        }
      }
    }
    return Tensor.operation(value: value, inputs: [self]) { [$0.transposedFirstAxes()] }
  }

  /// The product of matrices; `matrix` sees the right operand, and the gradient, as such.
  private func recordedProduct(
    _ other: Tensor, name: String = #function, matrix: @escaping (Tensor) -> Tensor
  ) -> Tensor {
    let (a, shapeB) = (detached, other.shape)
    let b = matrix(other.detached)
    let (tracedA, tracedB) = (isTraced, other.isTraced)
    let product = Tensor.drawsProduct(a, b)
    let value = shapeB.count == 2 ? product.reshaped(to: [a.shape[0], product.shape[2]]) : product
    return Tensor.operation(value: value, inputs: [self, other], name: name) { gradient in
      let g = matrix(gradient)
      return [
        tracedA ? .leftGradient(g, b, shape: a.shape) : nil,
        tracedB
          ? Tensor.drawsProduct(a, g, transposeA: true).summedDraws(to: b.shape[2])
            .reshaped(to: shapeB) : nil,
      ]
    }
  }

  /// G B^T. Of a left operand without draws the sum over them and over columns is one product.
  private static func leftGradient(_ g: Tensor, _ b: Tensor, shape: [Int]) -> Tensor {
    guard shape[2] == 1, b.shape[2] == g.shape[2] else {
      return drawsProduct(g, b, transposeB: true).summedDraws(to: shape[2])
    }
    let terms = g.shape[1] * g.shape[2]
    return product(
      g.reshaped(to: [shape[0], terms]), b.reshaped(to: [shape[1], terms]), transposeB: true,
      resultShape: shape)
  }
}

extension Tensor {
  /// Whether the last axes are of one size, or one of them is 1.
  static func haveDrawsInCommon(_ a: Tensor, _ b: Tensor) -> Bool {
    let (drawsA, drawsB) = (a.shape[a.rank - 1], b.shape[b.rank - 1])
    return drawsA == drawsB || drawsA == 1 || drawsB == 1
  }

  /// op(a) op(b) of each draw, `[m, n, draws]`; nothing is recorded. `lower`: on and below the
  /// diagonal, else 0.
  static func drawsProduct(
    _ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false,
    lower: Bool = false
  ) -> Tensor {
    let draws = a.shape[2] == 1 ? b.shape[2] : a.shape[2]
    let (m, k) = transposeA ? (a.shape[1], a.shape[0]) : (a.shape[0], a.shape[1])
    let n = b.shape[transposeB ? 0 : 1]
    if a.shape[2] == 1, !transposeB, !lower {
      // The columns of all draws are those of one matrix.
      return product(
        a.reshaped(to: [a.shape[0], a.shape[1]]), b.reshaped(to: [k, n * draws]),
        transposeA: transposeA, resultShape: [m, n, draws])
    }
    let form = ElboDrawsProduct(
      m: m, n: n, k: k, a_row: transposeA ? 1 : k, a_column: transposeA ? m : 1,
      b_row: transposeB ? 1 : n, b_column: transposeB ? k : 1, lower: lower ? 1 : 0)
    return generate([m, n, draws], a, b) {
      Scalar.kernels.drawsProduct(
        form, draws, $1, a.shape[2] == draws, $2, b.shape[2] == draws, $0)
    }
  }

  /// The sum over the last axis, kept, where an operand has 1 there and its gradient many.
  func summedDraws(to draws: Int) -> Tensor {
    shape[rank - 1] == draws ? self : sum(along: -1, keepingAxis: true)
  }
}
