// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

/// The gradient of an element-wise function at one point, computed 37 times: in the vector body of a
/// loop and in its remainder.
private func slope<Scalar>(
  _ x: Scalar, _ function: (Tensor<Scalar>) -> Tensor<Scalar>
) -> Scalar {
  let point = [Tensor(repeating: x, shape: [37])]
  let gradient = valueWithGradients(at: point) { function($0[0]) }.gradients[0].scalars
  #expect(gradient.allSatisfy { $0 == gradient[0] || $0.isNaN })
  return gradient[0]
}

/// Where a function has a value or a slope that its formula, written down plainly, misses.
@Suite("Values and gradients at the edges of the numbers")
struct EdgeTests {
  /// x / y has the gradients 1 / y and -(x / y) / y. Each quotient rounds once: four roundings in all.
  @Test("of a quotient, whose denominator would vanish or overflow when squared")
  func quotient() {
    func gradients(_ x: Float, _ y: Float) -> [Double] {
      valueWithGradients(at: [Tensor(x), Tensor(y)]) { $0[0] / $0[1] }.gradients.map {
        $0.doubles[0]
      }
    }
    let cases: [(x: Float, y: Float)] = [
      (0, 1e-25), (1e-30, 1e-25), (-3e-30, 1e-22), (1e30, 1e25), (1e-20, -1e-20), (3, 4),
    ]
    for (x, y) in cases {
      let (dx, dy) = (1 / Double(y), -Double(x) / (Double(y) * Double(y)))
      let found = gradients(x, y)
      #expect((found[0] - dx).magnitude <= 0x1p-24 * dx.magnitude, "dx of \(x) / \(y)")
      #expect(
        (found[1] - dy).magnitude <= 4 * 0x1p-24 * dy.magnitude, "dy of \(x) / \(y): \(found)")
    }
    let tiny = valueWithGradients(at: [Tensor<Double>(1e-200), Tensor(1e-190)]) { $0[0] / $0[1] }
    #expect((tiny.gradients[1].scalar + 1e180).magnitude <= 1e180 * 4 * 0x1p-53)
  }

  @Test("of powers at 0, at infinity and of constants")
  func powers() {
    for x in [0, -0.0, 2, -3, .infinity, -.infinity, .nan] as [Double] {
      #expect(slope(x) { $0.raised(to: 0) } == 0, "x^0 at \(x)")
      #expect(slope(Float(x)) { $0.raised(to: 0) } == 0, "x^0 at \(x)")
      #expect(slope(x) { $0.raised(to: 1) } == 1, "x^1 at \(x)")
    }
    #expect(Tensor<Double>([0, .nan]).raised(to: 0).scalars == [1, 1])
    #expect(slope(0.0) { $0.raised(to: 2) } == 0 && slope(0.0) { $0.raised(to: 0.5) } == .infinity)
    #expect(slope(.infinity) { $0.raised(to: -1) } == 0)
    #expect(slope(Float(0)) { $0.raised(to: -1) } == -.infinity)
  }

  @Test("of functions with limits")
  func limits() {
    typealias Limit = (function: ElementaryFunction, x: Double, slope: Double)
    let inf = Double.infinity
    let limits: [Limit] = [
      (.exp, -inf, 0), (.exp, inf, inf), (.log, inf, 0), (.log, 0, inf), (.logOnePlus, inf, 0),
      (.logOnePlus, -1, inf), (.expMinusOne, -inf, 0), (.expMinusOne, inf, inf), (.tanh, inf, 0),
      (.tanh, -inf, 0), (.sigmoid, inf, 0), (.softplus, inf, 1), (.squareRoot, inf, 0),
      (.squareRoot, 0, inf), (.reciprocal, inf, 0), (.reciprocal, -inf, 0), (.reciprocal, 0, -inf),
      (.relu, inf, 1), (.relu, -inf, 0), (.magnitude, inf, 1), (.magnitude, -inf, -1),
    ]
    for (function, x, expected) in limits {
      #expect(slope(x) { function($0) } == expected, "\(function) at \(x)")
      #expect(slope(Float(x)) { function($0) } == Float(expected), "\(function) at \(x), Float")
    }
    // Floats stop at exp(-87), see `SpecialValueTests.floor`.
    for function in [ElementaryFunction.sigmoid, .softplus] {
      #expect(slope(-inf) { function($0) } == 0)
      #expect((0..<2e-38).contains(slope(-Float.infinity) { function($0) }))
    }
  }

  /// log(1 + x) = log(x) where 1 is below half an ulp of x; 88.722839 = log(2^128) and one rounding.
  @Test("log(1 + x) of the largest float")
  func largestFloat() {
    let y = Tensor(repeating: Float.greatestFiniteMagnitude, shape: [37]).logOnePlus().scalars
    let expected: Float = 88.722_839
    #expect(y.allSatisfy { ($0 - expected).magnitude <= expected.ulp })
  }

  @Test("of maximum and minimum: to the operand that was taken, whatever the other holds")
  func extremes() {
    typealias Operation = (Tensor<Float>, Tensor<Float>) -> Tensor<Float>
    func gradients(_ x: Float, _ y: Float, _ operation: Operation) -> [Float] {
      valueWithGradients(at: [Tensor(x), Tensor(y)]) { operation($0[0], $0[1]) }.gradients.map(
        \.scalar)
    }
    for operation in [Tensor<Float>.maximum, Tensor<Float>.minimum] as [Operation] {
      #expect(gradients(.nan, 1, operation) == [1, 0])
      #expect(gradients(1, .nan, operation) == [0, 1])
      #expect(gradients(.infinity, .infinity, operation) == [1, 0])
      #expect(gradients(0, -0.0, operation) == [1, 0])
    }
    // The root's slope is infinite at 0, where the constant was taken: x has no part in it.
    #expect(gradients(-1, 0) { Tensor.maximum($0, $1).squareRoot() } == [0, .infinity])
    #expect(gradients(4, 0) { Tensor.maximum($0, $1).squareRoot() } == [0.25, 0])
  }
}

@Suite("Reductions at the edges of the numbers")
struct ReductionEdgeTests {
  private func gradient<Scalar>(
    _ x: [Scalar], _ function: (Tensor<Scalar>) -> Tensor<Scalar> = { $0.logSumExp(along: 0) }
  ) -> [Scalar] {
    valueWithGradients(at: [Tensor(x)]) { function($0[0]) }.gradients[0].scalars
  }

  @Test("logSumExp with infinite terms: they share the gradient")
  func infinite() {
    let inf = Double.infinity
    #expect(Tensor([inf, 0, inf]).logSumExp(along: 0).scalar == inf)
    #expect(gradient([inf, 0]) == [1, 0])
    #expect(gradient([1, inf, -inf, inf]) == [0, 0.5, 0, 0.5])
    #expect(gradient([Float.infinity, .infinity]) == [0.5, 0.5])
    #expect(gradient([inf, 3]) { $0.logMeanExp(along: 0) } == [1, 0])
    #expect(gradient([-inf, 3]) { $0.logMeanExp(along: 0) } == [0, 1])
    #expect(gradient([inf, .nan]).allSatisfy { $0.isNaN })
  }

  @Test("rows and columns with infinite terms leave the others alone")
  func neighbours() {
    let inf = Float.infinity
    let x = Tensor<Float>([inf, 1, 0, 2, -inf, -inf], shape: [3, 2])
    let rows = valueWithGradients(at: [x]) { $0[0].logSumExp(along: 1) }
    let own = [1, 2].map { row in x.slice(row..<row + 1).logSumExp(along: 1).scalar }
    #expect(rows.value.scalars == [inf] + own)
    #expect(Array(rows.gradients[0].scalars[..<2]) == [1, 0])
    #expect(Array(rows.gradients[0].scalars[4...]) == [0, 0])
    #expect(
      Array(rows.gradients[0].scalars[2..<4]) == gradient([0, 2] as [Float]))
    let columns = valueWithGradients(at: [x]) { $0[0].logSumExp(along: 0, keepingAxis: true) }
    #expect(columns.value.scalars == [inf, x.slice(1..<2, along: 1).logSumExp(along: 0).scalar])
    #expect(
      columns.gradients[0].scalars.enumerated().allSatisfy {
        $0 % 2 == 1 || $1 == ($0 == 0 ? 1 : 0)
      })
  }
}

@Suite("Fused operations at the edges of the numbers")
struct FusedEdgeTests {
  /// One pixel among finite ones, in the vector body of the kernel and in its remainder.
  private func check<Scalar: TensorScalar>(
    _ pixel: Scalar, _ logit: Scalar, logProbability: Scalar, residual: Scalar
  ) {
    for (columns, place) in [(1, 0), (37, 3), (37, 36)] {
      var (x, l) = (
        Tensor<Scalar>.pseudoRandom([columns], .uniform(0...1), seed: 1).scalars,
        Tensor<Scalar>.pseudoRandom([columns], seed: 2).scalars
      )
      (x[place], l[place]) = (0, -200)  // Adds 0: exp(-200) is less than half an ulp of 1.
      let rest = Tensor(x, shape: [1, columns]).bernoulliLogProbability(
        logits: Tensor(l, shape: [1, columns]))
      (x[place], l[place]) = (pixel, logit)
      let pixels = Tensor(x, shape: [1, columns])
      let logits = [Tensor(l, shape: [1, columns])]
      let traced = valueWithGradients(at: logits) { pixels.bernoulliLogProbability(logits: $0[0]) }
      let name: Comment = "x = \(pixel), l = \(logit), \(columns) columns of \(Scalar.self)"
      if logProbability.isNaN {
        #expect(traced.value.scalar.isNaN, name)
        #expect(traced.gradients[0].scalars[place].isNaN, name)
      } else {
        #expect(traced.value.scalar == (logProbability == 0 ? rest.scalar : logProbability), name)
        // Floats stop at exp(-87).
        #expect((traced.gradients[0].scalars[place] - residual).magnitude < 2e-38, name)
      }
      let plain = pixels.bernoulliLogProbability(logits: logits[0]).scalar
      #expect(plain == traced.value.scalar || plain.isNaN && traced.value.scalar.isNaN, name)
    }
  }

  @Test("a certain pixel: log p is 0 where it is right, -infinity where it is wrong")
  func certainPixels() {
    func all<Scalar: TensorScalar>(_ type: Scalar.Type) {
      let inf = Scalar.infinity
      check(0, -inf, logProbability: 0, residual: 0)
      check(1, inf, logProbability: 0, residual: 0)
      check(1, -inf, logProbability: -inf, residual: 1)
      check(0, inf, logProbability: -inf, residual: -1)
      check(0.25, inf, logProbability: -inf, residual: -0.75)
      check(0.25, -inf, logProbability: -inf, residual: 0.25)
      check(0, .nan, logProbability: .nan, residual: .nan)
      check(.nan, inf, logProbability: .nan, residual: .nan)
    }
    all(Float.self)
    all(Double.self)
  }

  @Test("a divergence of no or endless variance is infinite")
  func divergence() {
    func divergence<Scalar: TensorScalar>(_ m: Scalar, _ v: Scalar) -> Scalar {
      Tensor.gaussianKLToStandardNormal(
        mean: Tensor([m], shape: [1, 1]), logVariance: Tensor([v], shape: [1, 1])
      ).scalar
    }
    for v in [1e30, .infinity, -.infinity] as [Double] {
      #expect(divergence(0.5, v) == .infinity && divergence(Float(0.5), Float(v)) == .infinity)
    }
    #expect(divergence(0.5, Double.nan).isNaN && divergence(Float.nan, 1).isNaN)
    // exp(80) / 2, half of it to within a few ulps.
    #expect((divergence(Float(0), 80) / 2.770_311_2e34 - 1).magnitude < 8 * 0x1p-24)
  }

  /// Between 1 and the next number lies none: rounding to the nearest gives the upper bound for half
  /// of all draws.
  @Test("uniform numbers stay below the upper bound", arguments: [1, 3, -2.5, 1e10])
  func uniform(_ low: Double) {
    let key = NoiseKey(seed: 1)
    let doubles = Tensor<Double>.uniform([1000], in: low..<low.nextUp, key: key).scalars
    #expect(doubles.allSatisfy { $0 == low })
    let start = Float(low)
    let floats = Tensor<Float>.uniform([1000], in: start..<start.nextUp, key: key).scalars
    #expect(floats.allSatisfy { $0 == start })
    let some = Tensor<Float>.uniform([1000], in: start..<start.nextUp.nextUp, key: key).scalars
    #expect(Set(some) == [start, start.nextUp])
    #expect(
      Tensor<Float>.uniform([3], in: start..<start, key: key).scalars == [start, start, start])
  }
}
