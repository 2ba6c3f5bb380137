// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@Suite("Layers of rows that are nearly all zero")
struct SparseRowsTests {
  struct Sizes: Sendable, CustomTestStringConvertible {
    let rows, inputs, outputs: Int
    var testDescription: String { "\(rows) x \(inputs) -> \(outputs)" }
  }

  /// Below, at and above blocks of 1,024 inputs, of 32 and 16 outputs, and of 512 rows.
  static let sizes = [
    (16, 40, 1), (17, 1024, 16), (64, 1025, 33), (48, 2000, 100), (530, 700, 50), (600, 60, 31),
  ].map(Sizes.init)

  private func rows<Scalar>(_ sizes: Sizes, density: Double) -> Tensor<Scalar> {
    let shape = [sizes.rows, sizes.inputs]
    let kept = Tensor<Double>.pseudoRandom(shape, .uniform(0...1), seed: 5).scalars
    let values = Tensor<Scalar>.pseudoRandom(shape, seed: 1).scalars
    return Tensor(zip(values, kept).map { $1 < density ? $0 : 0 }, shape: shape)
  }

  /// Sums of as many products as there are inputs, none above 1, each rounded.
  private func bound<Scalar: TensorScalar>(_ type: Scalar.Type, _ sizes: Sizes) -> Double {
    let n = Double(sizes.inputs + 2)
    return n * n * Double(Scalar.ulpOfOne) / 2
  }

  private func check<Scalar: TensorScalar>(_ type: Scalar.Type, _ sizes: Sizes, _ density: Double) {
    let x: Tensor<Scalar> = rows(sizes, density: density)
    let weight = Tensor<Scalar>.pseudoRandom([sizes.outputs, sizes.inputs], seed: 2)
    let bias = Tensor<Scalar>.pseudoRandom([sizes.outputs], seed: 3)
    let y = x.linear(weight: weight, bias: bias)
    let (exactX, exactWeight) = (x.converted(to: Double.self), weight.converted(to: Double.self))
    let expected =
      exactX.matrixProduct(exactWeight.transposed()) + bias.converted(to: Double.self)
    #expect(
      pairs(y.doubles, expected.scalars).allSatisfy {
        ($0 - $1).magnitude <= bound(type, sizes)
      }, "\(type), density \(density)")
    // dW = D^T x, of D all of whose elements are 1: sums of columns.
    let gradient = valueWithGradients(at: [weight]) { x.linear(weight: $0[0]).sum() }.gradients[0]
    let sums = exactX.sum(along: 0).scalars
    let n = Double(sizes.rows)
    for output in 0..<sizes.outputs {
      let own = gradient.slice(output..<output + 1).doubles
      #expect(
        pairs(own, sums).allSatisfy {
          ($0 - $1).magnitude <= n * n * Double(Scalar.ulpOfOne)
        })
    }
  }

  @Test("products and gradients are those of dense matrices", arguments: sizes, [0, 0.02, 0.1])
  func values(_ sizes: Sizes, _ density: Double) {
    check(Float.self, sizes, density)
    check(Double.self, sizes, density)
  }

  /// What the same bits for any number of threads rest on: whether rows count as sparse is told by
  /// some of them, and those may be others where a batch is cut differently.
  @Test("bits are those of the rows among dense ones, and in other blocks", arguments: sizes)
  func bits(_ sizes: Sizes) {
    let x: Tensor<Float> = rows(sizes, density: 0.03)
    let weight = Tensor<Float>.pseudoRandom([sizes.outputs, sizes.inputs], seed: 2)
    let whole = x.linear(weight: weight)
    let dense = Tensor<Float>.pseudoRandom([16, sizes.inputs], seed: 9)
    // Sixteen dense rows before those that are looked at make all take the dense way.
    let repeated = Tensor.concatenated(
      stride(from: 0, to: sizes.rows / 16 * 16, by: 16).flatMap {
        [dense, x.slice($0..<$0 + 16)]
      })
    let among = repeated.linear(weight: weight)
    for block in 0..<sizes.rows / 16 {
      let rows = 32 * block + 16..<32 * block + 32
      #expect(
        among.slice(rows).scalars == whole.slice(16 * block..<16 * block + 16).scalars,
        "block \(block)")
    }
    let cut = sizes.rows / 32 * 16
    if cut > 0 {
      let parts = [x.slice(0..<cut), x.slice(cut..<sizes.rows)].map { $0.linear(weight: weight) }
      #expect(Tensor.concatenated(parts).scalars == whole.scalars)
    }
  }

  @Test("what is not a number is not taken for zero")
  func undefined() {
    var numbers = [Float](repeating: 0, count: 32 * 50)
    numbers[7 * 50 + 3] = .nan
    numbers[9 * 50 + 4] = -0.0
    let y = Tensor(numbers, shape: [32, 50]).linear(
      weight: .pseudoRandom([20, 50], seed: 2))
    #expect(y.slice(7..<8).scalars.allSatisfy { $0.isNaN })
    #expect(y.slice(8..<32).scalars.allSatisfy { $0 == 0 })
  }
}

@Suite("Multinomial log-probability in one pass")
struct MultinomialOperationTests {
  private func data(_ shape: [Int]) -> (x: Tensor<Double>, l: Tensor<Double>) {
    let uniform = Tensor<Double>.pseudoRandom(shape, .uniform(0...1), seed: 41).scalars
    // Mostly 0, some 1, few up to 9.
    let x = uniform.map { $0 < 0.6 ? 0 : $0 < 0.8 ? 1 : ($0 * 10).rounded(.down) }
    return (Tensor(x, shape: shape), .pseudoRandom(shape, .uniform(-4...4), seed: 42))
  }

  /// The unfused composition.
  private func reference(_ x: Tensor<Double>, _ l: Tensor<Double>) -> Tensor<Double> {
    let total = x.sum(along: -1)
    let ways = (total + 1).logGamma() - (x + 1).logGamma().sum(along: -1)
    return ways + (x * l).sum(along: -1) - total * l.logSumExp(along: l.rank - 1)
  }

  static let shapes: [[Int]] = [
    [1], [5], [2, 1], [2, 15], [3, 16], [2, 17], [2, 3, 4], [1, 530],
  ]

  @Test("values and gradients are those of the unfused composition", arguments: shapes)
  func values(_ shape: [Int]) {
    let (x, l) = data(shape)
    let fused = valueWithGradients(at: [l]) { .multinomialLogDensity(x, logits: $0[0]) }
    let unfused = valueWithGradients(at: [l]) { reference(x, $0[0]) }
    #expect(fused.value.shape == Array(shape.dropLast()))
    #expect(relativeError(fused.value.scalars, unfused.value.scalars, scale: 1) < 1e-12)
    #expect(
      relativeError(fused.gradients[0].scalars, unfused.gradients[0].scalars, scale: 1) < 1e-12)
    // The kernel without a gradient gives the same bits.
    #expect(Tensor.multinomialLogDensity(x, logits: l).scalars == fused.value.scalars)
    checkGradients(of: { .multinomialLogDensity(x, logits: $0[0]) }, at: [l])
  }

  @Test("rows meet several draws of logits, and one row of logits serves all")
  func broadcast() {
    let (x, _) = data([4, 1, 9])
    let l = Tensor<Double>.pseudoRandom([4, 3, 9], seed: 43)
    let whole = x.repeated(to: [4, 3, 9])
    #expect(
      Tensor.multinomialLogDensity(x, logits: l).scalars
        == Tensor.multinomialLogDensity(whole, logits: l).scalars)
    checkGradients(of: { .multinomialLogDensity(x, logits: $0[0]) }, at: [l])
    let one = Tensor<Double>.pseudoRandom([9], seed: 44)
    let rows = whole.reshaped(to: [12, 9])
    #expect(
      Tensor.multinomialLogDensity(rows, logits: one).scalars
        == Tensor.multinomialLogDensity(rows, logits: one.repeated(to: [12, 9])).scalars)
    checkGradients(of: { .multinomialLogDensity(rows, logits: $0[0]) }, at: [one])
  }

  @Test("kinds that cannot come add nothing where none came, and all is lost where one did")
  func extremes() {
    let l = Tensor<Double>([1, -.infinity, 800], shape: [1, 3])
    func density(_ x: [Double]) -> Double {
      Tensor.multinomialLogDensity(Tensor(x, shape: [1, 3]), logits: l).scalars[0]
    }
    #expect(density([0, 0, 7]) == 0)
    #expect((density([1, 0, 0]) - -799).magnitude < 1e-12)
    #expect(density([0, 1, 0]) == -.infinity)
    // No counts are certain.
    #expect(density([0, 0, 0]) == 0)
  }
}
