// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

/// A product `[..., k] x [k, n]`.
struct ProductCase: Sendable, CustomTestStringConvertible {
  let left: [Int]
  let columns: Int
  var testDescription: String { "\(left) by \(columns) columns" }

  var inner: Int { left.last ?? 0 }
  var result: [Int] { left.dropLast() + [columns] }

  static let all: [ProductCase] = [
    .init(left: [1, 1], columns: 1), .init(left: [2, 3], columns: 4),
    .init(left: [1, 5], columns: 3), .init(left: [4, 1], columns: 3),
    .init(left: [3, 4], columns: 1), .init(left: [4], columns: 3),
    .init(left: [2, 3, 4], columns: 2), .init(left: [0, 3], columns: 2),
    .init(left: [2, 0], columns: 3), .init(left: [2, 3], columns: 0),
    .init(left: [0, 0], columns: 2), .init(left: [2, 0, 3], columns: 2),
    .init(left: [18, 7], columns: 5),
  ]
}

@Suite("Matrix products and linear layers")
struct MatrixTests {
  /// Rows times columns by plain loops.
  private func naive(_ a: [Double], _ b: [Double], rows: Int, inner: Int, columns: Int) -> [Double]
  {
    (0..<rows * columns).map { index in
      (0..<inner).reduce(0) {
        $0 + a[index / columns * inner + $1] * b[$1 * columns + index % columns]
      }
    }
  }

  /// k products below 2.25 and their sum, in any order: at most k roundings relative to 2.25 k.
  private func bound(_ inner: Int) -> Double { 2.25 * Double(inner * inner + 1) * 0x1p-53 }

  private func agree(_ y: Tensor<Double>, _ expected: [Double], _ form: ProductCase) -> Bool {
    y.shape == form.result && y.count == expected.count
      && zip(y.scalars, expected).allSatisfy { ($0 - $1).magnitude <= bound(form.inner) }
  }

  private func rows(_ form: ProductCase) -> Int { form.left.dropLast().reduce(1, *) }

  @Test("product values and gradients", arguments: ProductCase.all)
  func product(_ form: ProductCase) {
    let a = Tensor<Double>.pseudoRandom(form.left, seed: 1)
    let b = Tensor<Double>.pseudoRandom([form.inner, form.columns], seed: 2)
    let expected = naive(
      a.scalars, b.scalars, rows: rows(form), inner: form.inner, columns: form.columns)
    #expect(agree(a.matrixProduct(b), expected, form))
    checkGradients(of: { $0[0].matrixProduct($0[1]) }, at: [a, b])
    checkGradients(of: { $0[0].matrixProduct(b) }, at: [a])
    checkGradients(of: { a.matrixProduct($0[0]) }, at: [b])
  }

  @Test(
    "linear layers are products, bias and activation", arguments: ProductCase.all,
    Activation.allCases)
  func linear(_ form: ProductCase, _ activation: Activation) {
    let x = Tensor<Double>.pseudoRandom(form.left, seed: 3)
    let w = Tensor<Double>.pseudoRandom([form.columns, form.inner], seed: 4)
    let b = Tensor<Double>.pseudoRandom([form.columns], .eitherSign(0.3...1), seed: 5)
    let y = x.linear(weight: w, bias: b, activation: activation)
    let unfused = x.matrixProduct(w.transposed()) + b
    let expected =
      activation == .relu ? unfused.relu() : activation == .tanh ? unfused.tanh() : unfused
    // Two roundings more than the product: the bias and the activation, of slope at most 1.
    #expect(y.shape == form.result)
    #expect(
      pairs(y.scalars, expected.scalars).allSatisfy { ($0 - $1).magnitude <= bound(form.inner) * 3 }
    )
    checkGradients(
      of: { $0[0].linear(weight: $0[1], bias: $0[2], activation: activation) }, at: [x, w, b])
    checkGradients(of: { $0[0].linear(weight: w, bias: b, activation: activation) }, at: [x])
    checkGradients(of: { x.linear(weight: $0[0], bias: b, activation: activation) }, at: [w])
    checkGradients(of: { x.linear(weight: w, bias: $0[0], activation: activation) }, at: [b])
    // Adding 0 changes no number.
    let withoutBias = x.linear(weight: w, activation: activation)
    let zeros = Tensor<Double>.zeros([form.columns])
    #expect(withoutBias.scalars == x.linear(weight: w, bias: zeros, activation: activation).scalars)
    checkGradients(of: { $0[0].linear(weight: $0[1], activation: activation) }, at: [x, w])
  }

  /// An inner product of k terms rounds at most k times by 2^-24 of the sum of magnitudes.
  @Test("products in Float against Double", arguments: [(5, 7, 3), (33, 784, 40), (128, 400, 65)])
  func float(_ rows: Int, _ inner: Int, _ columns: Int) {
    let a = Tensor<Float>.pseudoRandom([rows, inner], seed: 6)
    let b = Tensor<Float>.pseudoRandom([inner, columns], seed: 7)
    let (da, db) = (a.converted(to: Double.self), b.converted(to: Double.self))
    let magnitudes = da.magnitude().matrixProduct(db.magnitude()).scalars
    let values = pairs(a.matrixProduct(b).doubles, da.matrixProduct(db).scalars)
    let isWithin = pairs(Array(values), magnitudes).allSatisfy {
      ($0.0 - $0.1).magnitude <= Double(inner) * 0x1p-24 * $1
    }
    #expect(isWithin)
  }

  /// Panels of one to four vectors of rows, whole and not, with what is left of their outputs (blocks
  /// of 48, tiles of 12, 8 and 6) and of 16 inputs; more inputs than are summed at once; and pixels
  /// as in images: some columns zero in all rows, some in most.
  @Test(
    "linear layers in Float against Double",
    arguments: [1, 15, 16, 17, 31, 33, 48, 50, 64, 65, 130],
    [(1, 1), (16, 8), (63, 37), (64, 37), (784, 20), (70, 101), (1024, 3), (1025, 3), (2100, 50)])
  func floatLayer(_ rows: Int, _ sizes: (inputs: Int, outputs: Int)) {
    let pixels = (0..<rows * sizes.inputs).map { index -> Float in
      let (row, column) = index.quotientAndRemainder(dividingBy: sizes.inputs)
      return column % 3 == 0 || (column % 7 == 0 && row % 5 != 0) ? 0 : Float(index % 11) - 5
    }
    let x = Tensor<Float>(pixels, shape: [rows, sizes.inputs])
    let w = Tensor<Float>.pseudoRandom([sizes.outputs, sizes.inputs], seed: 8)
    let b = Tensor<Float>.pseudoRandom([sizes.outputs], seed: 9)
    let (dx, dw) = (x.converted(to: Double.self), w.converted(to: Double.self))
    let exact = dx.linear(weight: dw, bias: b.converted(to: Double.self)).scalars
    let magnitudes = dx.magnitude().matrixProduct(dw.magnitude().transposed()).scalars
    let errors = pairs(x.linear(weight: w, bias: b).doubles, exact).map { ($0 - $1).magnitude }
    let bounds = magnitudes.map { Double(sizes.inputs + 2) * 0x1p-24 * ($0 + 1) }
    #expect(pairs(errors, bounds).allSatisfy { $0 <= $1 })
  }

  /// What the same bits for any number of threads rest on: blocks of at least 16 rows, which begin at
  /// a multiple of 16, round alike. What is left over belongs to the last block.
  @Test("a block of rows gives the bits of the whole", arguments: [16, 32, 48, 64])
  func rowBlocks(_ block: Int) {
    for (rows, inner, columns) in [
      (128, 784, 400), (101, 400, 20), (97, 20, 64), (66, 64, 784), (70, 1100, 33),
    ] {
      #expect(areAlike(Float.self, block, rows, inner, columns), "Float, \(rows) rows")
      #expect(areAlike(Double.self, block, rows, inner, columns), "Double, \(rows) rows")
    }
  }

  private func areAlike<Scalar: TensorScalar>(
    _ type: Scalar.Type, _ block: Int, _ rows: Int, _ inner: Int, _ columns: Int
  ) -> Bool {
    let x = Tensor<Scalar>.pseudoRandom([rows, inner], seed: 8)
    let w = Tensor<Scalar>.pseudoRandom([columns, inner], seed: 9)
    let b = Tensor<Scalar>.pseudoRandom([columns], seed: 10)
    func layer(_ rows: Range<Int>) -> Tensor<Scalar> {
      x.slice(rows).linear(weight: w, bias: b, activation: .tanh)
    }
    let starts = (0..<rows / block).map { $0 * block }
    let blocks = zip(starts, starts.dropFirst() + [rows]).map { layer($0..<$1) }
    return Tensor.concatenated(blocks).scalars == layer(0..<rows).scalars
  }

  /// Kernels leave out inputs that are zero in all of some rows; with finite weights no row notices.
  /// Rows side by side here are all zero, dense, or zero in half of the inputs in different places.
  @Test("a row's bits do not depend on the zeros beside it", arguments: [16, 64, 70])
  func zerosOfNeighbours(_ rows: Int) {
    check(Float.self, rows)
    check(Double.self, rows)
  }

  private func check<Scalar: TensorScalar>(_ type: Scalar.Type, _ rows: Int) {
    let (inputs, outputs) = (1100, 40)
    let dense = Tensor<Scalar>.pseudoRandom([rows, inputs], seed: 11).scalars
    let mixed = dense.enumerated().map { index, value -> Scalar in
      let (row, column) = index.quotientAndRemainder(dividingBy: inputs)
      return row % 3 == 0 || row % 3 == 1 && (column / 5 + row) % 2 == 0 ? 0 : value
    }
    let weight = Tensor<Scalar>.pseudoRandom([outputs, inputs], seed: 12)
    let bias = Tensor<Scalar>.pseudoRandom([outputs], seed: 13)
    func layer(_ x: [Scalar]) -> [Scalar] {
      Tensor(x, shape: [rows, inputs]).linear(weight: weight, bias: bias).scalars
    }
    let beside = layer(mixed)
    for row in 0..<rows {
      // The same row among dense rows, at the same place.
      let own = row * inputs..<(row + 1) * inputs
      var among = dense
      among.replaceSubrange(own, with: mixed[own])
      let result = row * outputs..<(row + 1) * outputs
      #expect(layer(among)[result] == beside[result], "row \(row) of \(rows), \(type)")
    }
  }

  @Test("shapes that have no product are refused")
  func refusal() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>.zeros([2, 3]).matrixProduct(.zeros([2, 3]))
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>.zeros([2, 3]).linear(weight: .zeros([4, 2]), bias: .zeros([4]))
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>.zeros([2, 3]).linear(weight: .zeros([4, 3]), bias: .zeros([3]))
    }
  }
}
