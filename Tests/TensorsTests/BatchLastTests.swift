// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

/// Sizes of small matrices of many draws, and which operands are the same for all draws.
struct BatchLastCase: Sendable, CustomTestStringConvertible {
  let m, k, n, draws: Int
  var oneLeft = false
  var oneRight = false

  var testDescription: String {
    "[\(m), \(k), \(oneLeft ? 1 : draws)] by [\(k), \(n), \(oneRight ? 1 : draws)]"
  }

  /// Fewer draws than fill a vector, just as many, and some more.
  static let all: [BatchLastCase] = [
    .init(m: 1, k: 1, n: 1, draws: 1), .init(m: 3, k: 2, n: 5, draws: 3),
    .init(m: 4, k: 3, n: 1, draws: 8), .init(m: 2, k: 6, n: 9, draws: 19),
    .init(m: 3, k: 4, n: 5, draws: 11, oneLeft: true),
    .init(m: 5, k: 3, n: 2, draws: 16, oneRight: true),
    .init(m: 2, k: 3, n: 4, draws: 3, oneRight: true), .init(m: 2, k: 0, n: 3, draws: 5),
    .init(m: 0, k: 2, n: 3, draws: 4),
  ]

  var operands: [Tensor<Double>] {
    [
      .pseudoRandom([m, k, oneLeft ? 1 : draws], seed: 1),
      .pseudoRandom([k, n, oneRight ? 1 : draws], seed: 2),
    ]
  }
}

/// One draw of a tensor with the draws last; of one that has 1 there, that one.
private func draw(_ x: Tensor<Double>, _ index: Int) -> Tensor<Double> {
  let shape = Array(x.shape.dropLast())
  let last = x.shape[x.rank - 1]
  return x.slice(last == 1 ? 0..<1 : index..<index + 1, along: -1).reshaped(to: shape)
}

@Suite("Small matrices with the draws last")
struct BatchLastTests {
  /// L of many draws: a diagonal from 0.5 to 1.5, and something above it that must not be read.
  private func factor(_ n: Int, _ draws: Int) -> Tensor<Double> {
    let diagonal = Tensor<Double>.pseudoRandom([n, n, draws], .uniform(0.5...1.5), seed: 4)
    let rest = Tensor<Double>.pseudoRandom([n, n, draws], .uniform(-0.5...0.5), seed: 5)
    let identity = (0..<n * n).map { $0 / n == $0 % n ? 1.0 : 0 }
    let isDiagonal = Tensor(identity, shape: [n, n, 1])
    return diagonal * isDiagonal + rest * (1 - isDiagonal)
  }

  /// A symmetric matrix of each draw whose diagonal outweighs the rest; above it, numbers that
  /// must not be read.
  private func positive(_ n: Int, _ draws: Int) -> Tensor<Double> {
    let identity = (0..<n * n).map { $0 / n == $0 % n ? Double(n) : 0 }
    return Tensor<Double>.pseudoRandom([n, n, draws], .uniform(-0.9...0.9), seed: 6)
      + Tensor(identity, shape: [n, n, 1])
  }

  /// Below or on the diagonal.
  private func lower(_ x: Tensor<Double>) -> [Double] {
    let n = x.shape[0]
    return x.scalars.enumerated().filter { $0.offset % n <= $0.offset / n }.map(\.element)
  }

  /// The largest difference of numbers below 10, of sums of at most 9 terms: below 9 * 9 roundings.
  private let tolerance = 81 * 10 * 0x1p-53

  @Test("products are those of each draw", arguments: BatchLastCase.all)
  func products(_ form: BatchLastCase) {
    let (a, b) = (form.operands[0], form.operands[1])
    let c = a.matrixProductBatchLast(b)
    let draws = form.draws
    #expect(c.shape == [form.m, form.n, draws])
    for index in 0..<draws {
      let expected = draw(a, index).matrixProduct(draw(b, index))
      for (x, y) in pairs(draw(c, index).scalars, expected.scalars) {
        #expect((x - y).magnitude <= tolerance)
      }
    }
    let vector = b.slice(0..<1, along: 1).reshaped(to: [form.k, b.shape[2]])
    let y = a.matrixVectorBatchLast(vector)
    #expect(y.shape == [form.m, draws])
    let column = c.slice(0..<1, along: 1).reshaped(to: [form.m, draws])
    #expect(pairs(y.scalars, column.scalars).allSatisfy { ($0 - $1).magnitude <= tolerance })
  }

  @Test("gradients of products", arguments: BatchLastCase.all)
  func productGradients(_ form: BatchLastCase) {
    let (a, b) = (form.operands[0], form.operands[1])
    checkGradients(of: { $0[0].matrixProductBatchLast($0[1]) }, at: [a, b])
    checkGradients(of: { a.matrixProductBatchLast($0[0]) }, at: [b])
    let vector = Tensor<Double>.pseudoRandom([form.k, b.shape[2]], seed: 3)
    checkGradients(of: { $0[0].matrixVectorBatchLast($0[1]) }, at: [a, vector])
  }

  @Test("transposed matrices", arguments: [1, 3, 9])
  func transposed(_ draws: Int) {
    let x = Tensor<Double>.pseudoRandom([2, 3, draws])
    let y = x.transposedFirstAxes()
    for index in 0..<draws {
      #expect(draw(y, index).scalars == draw(x, index).transposed().scalars)
    }
    checkGradients(of: { $0[0].transposedFirstAxes() }, at: [x])
  }

  @Test("Cholesky factors", arguments: [1, 2, 3, 5, 8], [1, 5, 8, 19])
  func cholesky(_ n: Int, _ draws: Int) {
    let a = positive(n, draws)
    let l = a.choleskyBatchLast()
    for index in 0..<draws {
      let factor = draw(l, index)
      for (place, value) in factor.scalars.enumerated() {
        #expect(place % n > place / n ? value == 0 : place % n < place / n || value > 0)
      }
      let product = factor.matrixProduct(factor.transposed())
      for (x, y) in pairs(lower(product), lower(draw(a, index))) {
        #expect((x - y).magnitude <= tolerance)
      }
    }
  }

  @Test("gradients of Cholesky factors", arguments: [1, 2, 3, 5, 8], [1, 3, 9])
  func choleskyGradients(_ n: Int, _ draws: Int) {
    checkGradients(of: { $0[0].choleskyBatchLast() }, at: [positive(n, draws)])
  }

  @Test(
    "a matrix that is not positive definite is no number in its own draw", arguments: [-1.0, 0])
  func notPositive(_ pivot: Double) {
    var scalars = positive(3, 9).scalars
    scalars[(1 * 3 + 0) * 9 + 4] = 0
    scalars[(1 * 3 + 1) * 9 + 4] = pivot
    let l = Tensor(scalars, shape: [3, 3, 9]).choleskyBatchLast()
    for index in 0..<9 {
      let factor = draw(l, index).scalars
      #expect(factor[0].isFinite && factor[4].isNaN == (index == 4))
      #expect(factor[8].isNaN == (index == 4))
    }
  }

  @Test("triangular solutions", arguments: [false, true], BatchLastCase.all)
  func solutions(_ transposed: Bool, _ form: BatchLastCase) {
    let l = factor(form.k, form.oneLeft ? 1 : form.draws)
    let b = form.operands[1]
    let y = b.triangularSolveBatchLast(factor: l, transposed: transposed)
    #expect(y.shape == [form.k, form.n, form.draws])
    for index in 0..<form.draws {
      let scalars = draw(l, index).scalars
      let read = scalars.enumerated().map { $0 % form.k <= $0 / form.k ? $1 : 0 }
      let matrix = Tensor(read, shape: [form.k, form.k])
      let product = (transposed ? matrix.transposed() : matrix).matrixProduct(draw(y, index))
      for (x, expected) in pairs(product.scalars, draw(b, index).scalars) {
        #expect((x - expected).magnitude <= tolerance)
      }
    }
    let vector = b.slice(0..<1, along: 1).reshaped(to: [form.k, b.shape[2]])
    let column = vector.triangularSolveBatchLast(factor: l, transposed: transposed)
    let first = y.slice(0..<1, along: 1).reshaped(to: [form.k, form.draws])
    #expect(pairs(column.scalars, first.scalars).allSatisfy { ($0 - $1).magnitude <= tolerance })
  }

  @Test("gradients of triangular solutions", arguments: [false, true], BatchLastCase.all)
  func solutionGradients(_ transposed: Bool, _ form: BatchLastCase) {
    let l = factor(form.k, form.oneLeft ? 1 : form.draws)
    let b = form.operands[1]
    checkGradients(
      of: { $0[0].triangularSolveBatchLast(factor: $0[1], transposed: transposed) }, at: [b, l])
    let vector = Tensor<Double>.pseudoRandom([form.k, b.shape[2]], seed: 3)
    checkGradients(
      of: { $0[0].triangularSolveBatchLast(factor: $0[1], transposed: transposed) },
      at: [vector, l])
  }

  @Test("the bits of a draw do not depend on the draws beside it", arguments: [1, 3, 8, 11])
  func bits(_ cut: Int) {
    let draws = 19
    let (a, l) = (positive(5, draws), factor(5, draws))
    let b = Tensor<Double>.pseudoRandom([5, 6, draws], seed: 8)
    let g = Tensor<Double>.pseudoRandom([5, 5, draws], seed: 9)
    let functions: [([Tensor<Double>]) -> Tensor<Double>] = [
      { $0[0].choleskyBatchLast() }, { $0[0].matrixProductBatchLast($0[2]) },
      { $0[2].triangularSolveBatchLast(factor: $0[1]) },
      { $0[2].triangularSolveBatchLast(factor: $0[1], transposed: true) },
      { inputs in
        let tape = Tape<Double>()
        let x = tape.variable(inputs[0])
        return tape.gradients(of: x.choleskyBatchLast(), at: [x], seed: inputs[3])[0]
      },
    ]
    for function in functions {
      let whole = function([a, l, b, g]).scalars
      let parts = [0..<cut, cut..<draws].map { range in
        function([a, l, b, g].map { $0.slice(range, along: -1) })
      }
      #expect(Tensor.concatenated(parts, along: -1).scalars == whole)
    }
  }

  @Test("Float is Double to its precision")
  func float() {
    let (a, b) = (positive(4, 18), Tensor<Double>.pseudoRandom([4, 3, 18], seed: 8))
    let double = b.triangularSolveBatchLast(factor: a.choleskyBatchLast())
    let float = b.converted(to: Float.self)
      .triangularSolveBatchLast(factor: a.converted(to: Float.self).choleskyBatchLast())
    #expect(relativeError(float.doubles, double.scalars) < 32 * 0x1p-24)
  }
}
