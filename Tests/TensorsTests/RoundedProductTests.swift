// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@Suite("Products in bfloat16", .enabled(if: ProductPrecision.canRound))
struct RoundedProductTests {
  /// The nearest float whose lower half is zero; of two equally near, the one with an even upper half.
  private func rounded(_ x: Float) -> Float {
    let below = Float(bitPattern: x.bitPattern & 0xffff_0000)
    let above = Float(bitPattern: below.bitPattern &+ 0x1_0000)
    let (down, up) = ((x - below).magnitude, (above - x).magnitude)
    if down == up { return below.bitPattern & 0x1_0000 == 0 ? below : above }
    return down < up ? below : above
  }

  /// x W^T for the rows of a batch, and the gradient of the sum of `factor` times it.
  private func layer(
    _ x: Tensor<Float>, _ weight: Tensor<Float>, factor: Tensor<Float>
  ) -> (y: [Float], gradient: [Float]) {
    let step = GradientStep(
      parameters: [weight, .zeros([weight.shape[0]])], precision: .bfloat16,
      workers: WorkerPool(count: 2))
    let gradients = FlatBuffer<Float>(shapes: step.parameters.shapes)
    let outcome = step.run(batch: x.shape[0]) { context in
      let y = context.input(rowsOf: x).linear(
        weight: context.parameters[0], bias: context.parameters[1])
      return .init(perRow: y * factor.slice(context.rows), report: [y])
    } update: {
      gradients.store($0)
    }
    return (outcome.reports.flatMap { $0[0].scalars }, gradients.tensors[0].scalars)
  }

  @Test("an operand is the nearest number of 8 significant bits, ties to even")
  func rounding() {
    let ulp: Float = 0x1p-7
    let x: [Float] = [
      0, 1, -2.5, 1 + ulp / 2, 1 + 3 * ulp / 2, 1 + ulp * 0.51, -1 - ulp / 2, .infinity, -.infinity,
      .greatestFiniteMagnitude, .nan, Float(bitPattern: 0x7fff_ffff),
    ]
    let expected: [Float] = [
      0, 1, -2.5, 1, 1 + 2 * ulp, 1 + ulp, -1, .infinity, -.infinity, .infinity, .nan, .nan,
    ]
    let one = Tensor<Float>(repeating: 1, shape: [1, 1])
    let (y, _) = layer(
      Tensor(x, shape: [x.count, 1]), one, factor: Tensor(repeating: 1, shape: [x.count, 1]))
    for (y, expected) in pairs(y, expected) {
      #expect(y == expected || (y.isNaN && expected.isNaN), "\(y) for \(expected)")
    }
  }

  /// Products of 8-bit numbers are exact in `Float`; a sum of k errs by at most k 2^-24 of its terms.
  @Test(
    "a layer and its gradient multiply rounded operands and sum in fp32",
    arguments: [
      [1, 1, 1], [3, 5, 2], [64, 50, 33], [16, 784, 20], [37, 65, 70], [150, 66, 70],
      [17, 2052, 3],
    ], [false, true])
  func products(_ sizes: [Int], _ hasZeros: Bool) {
    let (rows, inputs, outputs) = (sizes[0], sizes[1], sizes[2])
    // Zeros alone and in pairs, of some columns everywhere.
    let values = Tensor<Float>.pseudoRandom([rows, inputs], seed: 1).scalars.enumerated().map {
      let (row, column) = $0.offset.quotientAndRemainder(dividingBy: inputs)
      return hasZeros && (column % 8 < 3 || (row + column) % 3 != 0) ? 0 : $0.element
    }
    let x = Tensor(values, shape: [rows, inputs])
    let weight = Tensor<Float>.pseudoRandom([outputs, inputs], seed: 2)
    let factor = Tensor<Float>.pseudoRandom([rows, outputs], seed: 3)
    let (y, gradient) = layer(x, weight, factor: factor)
    let a = x.scalars.map(rounded), w = weight.scalars.map(rounded)
    let d = factor.scalars.map(rounded)
    for row in 0..<rows {
      for output in 0..<outputs {
        let terms = (0..<inputs).map {
          Double(a[row * inputs + $0]) * Double(w[output * inputs + $0])
        }
        #expect(isSum(y[row * outputs + output], of: terms))
      }
    }
    for output in 0..<outputs {
      for input in 0..<inputs {
        let terms = (0..<rows).map {
          Double(d[$0 * outputs + output]) * Double(a[$0 * inputs + input])
        }
        #expect(isSum(gradient[output * inputs + input], of: terms))
      }
    }
  }

  private func isSum(_ value: Float, of terms: [Double]) -> Bool {
    let (sum, scale) = (terms.reduce(0, +), terms.reduce(0) { $0 + $1.magnitude })
    return (Double(value) - sum).magnitude <= Double(terms.count) * 0x1p-24 * scale
  }
}
