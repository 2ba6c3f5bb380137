// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@Suite("Normal log-densities and choices")
struct NormalLogDensityTests {
  /// Shapes of x, mean and standard deviation.
  static let shapes: [[[Int]]] = [
    [[5], [5], [5]], [[], [], []], [[3, 1], [4], [4]], [[3, 4], [4], [1]], [[3, 4], [3, 1], [4]],
    [[2, 3, 4], [3, 1], [2, 1, 1]], [[1], [2, 3], [3]], [[2, 1, 5], [3, 1], [1]],
    [[2, 3, 2, 5], [3, 1, 5], [2, 1, 2, 1]], [[0, 3], [3], [1]], [[37], [1], [1]],
  ]

  @Test("are those of the formula in several operations, in both precisions", arguments: shapes)
  func composition(_ shapes: [[Int]]) {
    check(shapes, Double.self, 1e-14)
    check(shapes, Float.self, 1e-5)
  }

  private func check<Scalar: TensorScalar>(
    _ shapes: [[Int]], _ type: Scalar.Type, _ tolerance: Double
  ) {
    let x = Tensor<Scalar>.pseudoRandom(shapes[0], seed: 1)
    let mean = Tensor<Scalar>.pseudoRandom(shapes[1], seed: 2)
    let sd = Tensor<Scalar>.pseudoRandom(shapes[2], .uniform(0.5...2), seed: 3)
    let density = Tensor.normalLogDensity(x, mean: mean, standardDeviation: sd, constant: 3)
    let e = (x - mean) / sd
    let known = e.squared() * Scalar(-0.5) - (sd.log() + Scalar(0.9189385332046727 - 3))
    #expect(density.shape == known.shape)
    for (a, b) in pairs(density.doubles, known.doubles) {
      #expect((a - b).magnitude <= tolerance * max(1, b.magnitude))
    }
  }

  @Test("have the gradients of differences", arguments: shapes)
  func gradients(_ shapes: [[Int]]) {
    checkGradients(
      of: { .normalLogDensity($0[0], mean: $0[1], standardDeviation: $0[2]) },
      at: [
        .pseudoRandom(shapes[0], seed: 1), .pseudoRandom(shapes[1], seed: 2),
        .pseudoRandom(shapes[2], .uniform(0.5...2), seed: 3),
      ])
  }

  @Test("of an element has the same bits wherever it stands in a row")
  func offsets() {
    let x = Tensor<Double>.pseudoRandom([67], seed: 4)
    let whole = Tensor.normalLogDensity(x, mean: Tensor([0.3]), standardDeviation: Tensor([1.7]))
    for start in 0..<40 {
      let part = Tensor.normalLogDensity(
        x.slice(start..<67), mean: Tensor([0.3]), standardDeviation: Tensor([1.7]))
      #expect(part.scalars == Array(whole.scalars[start...]))
    }
  }

  @Test("of a choice, what is not chosen has no part in value or gradient")
  func choices() {
    let tape = Tape<Double>()
    let x = tape.variable(Tensor([4, -1, 0]))
    let mask = Tensor.isAtLeast(x, Tensor(0.0))
    #expect(mask.scalars == [1, 0, 1])
    // The logarithm of -1 is not a number, and that of 0 has an infinite derivative.
    let chosen = Tensor.choose(.isAtLeast(x, Tensor(1e-9)), x.log(), Tensor(-7.0))
    #expect(chosen.scalars == [Tensor(4.0).log().scalar, -7, -7])
    let gradient = tape.gradients(of: Tensor.choose(mask, x, x * 2).sum(), at: [x])[0]
    #expect(gradient.scalars == [1, 2, 1])
  }

  @Test("of numbers within a range")
  func ranges() {
    #expect(Tensor([0.0, 0.5, 1]).isWithin(0...1))
    #expect(!Tensor([0.0, 0.5, 1.1]).isWithin(0...1))
    #expect(!Tensor([-0.1, 0.5, 1]).isWithin(0...1))
    #expect(!Tensor([0.5, .nan]).isWithin(-Double.infinity...Double.infinity))
    #expect(Tensor<Float>.zeros([0]).isWithin(1...2))
    #expect(Tensor([3.0, 3, 3]).signed(by: Tensor([-2.0, 0, 9])).scalars == [-3, 0, 3])
  }
}
