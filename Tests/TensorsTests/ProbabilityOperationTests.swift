// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

/// Rows of all lengths that the kernels treat apart: none, less than sixteen lanes, whole lanes with
/// and without a rest, and more than the 512 factors after which a logarithm is taken.
let rowShapes: [[Int]] = [
  [1], [5], [0], [3, 0], [0, 4], [2, 1], [2, 15], [3, 16], [2, 17], [2, 3, 4], [1, 530],
]

@Suite("Fused Bernoulli log-probability")
struct BernoulliOperationTests {
  private func data(_ shape: [Int]) -> [Tensor<Double>] {
    [
      .pseudoRandom(shape, .uniform(0...1), seed: 31),
      .pseudoRandom(shape, .uniform(-4...4), seed: 32),
    ]
  }

  /// The unfused composition.
  private func reference(_ x: Tensor<Double>, _ l: Tensor<Double>) -> Tensor<Double> {
    (x * l - l.softplus()).sum(along: -1)
  }

  /// n terms below 8 in either order: n roundings relative to 8 n, below 1e-11 for n = 530 twice.
  @Test("values are those of the unfused composition", arguments: rowShapes)
  func values(_ shape: [Int]) {
    let (x, l) = (data(shape)[0], data(shape)[1])
    let fused = x.bernoulliLogProbability(logits: l)
    #expect(fused.shape == Array(shape.dropLast()))
    #expect(relativeError(fused.scalars, reference(x, l).scalars, scale: 1) < 1e-11)
    // The kernel that also computes a gradient gives the same bits.
    let tape = Tape<Double>()
    #expect(x.bernoulliLogProbability(logits: tape.variable(l)).scalars == fused.scalars)
  }

  @Test("gradients are central differences and those of the composition", arguments: rowShapes)
  func gradients(_ shape: [Int]) {
    let point = data(shape)
    checkGradients(of: { $0[0].bernoulliLogProbability(logits: $0[1]) }, at: point)
    checkGradients(of: { point[0].bernoulliLogProbability(logits: $0[0]) }, at: [point[1]])
    checkGradients(of: { $0[0].bernoulliLogProbability(logits: point[1]) }, at: [point[0]])
    let fused = valueWithGradients(at: point) { $0[0].bernoulliLogProbability(logits: $0[1]) }
    let unfused = valueWithGradients(at: point) { reference($0[0], $0[1]) }
    for (a, b) in pairs(fused.gradients, unfused.gradients) {
      #expect(relativeError(a.scalars, b.scalars, scale: 1) < 1e-14)
    }
  }

  @Test("extreme logits neither overflow nor lose the answer")
  func extremes() {
    // log p = x l - softplus(l): 0 or -|l| once exp(-|l|) is below half an ulp.
    let x = Tensor<Double>([0, 1, 1, 0], shape: [4, 1])
    let l = Tensor<Double>([800, -800, 1e300, -1e300], shape: [4, 1])
    #expect(x.bernoulliLogProbability(logits: l).scalars == [-800, -800, 0, 0])
    let y = Tensor<Float>([0, 1, 1, 0], shape: [4, 1])
    let m = Tensor<Float>([800, -800, 1e30, -1e30], shape: [4, 1])
    #expect(y.bernoulliLogProbability(logits: m).scalars == [-800, -800, 0, 0])
  }

  /// Per element: a product (a rounding of up to 4), an addition to a lane's sum, and a product of
  /// factors with 3 roundings; n / 16 + 4 additions of numbers up to 8 n in all, 2^-24 each.
  @Test("Float against Double", arguments: rowShapes)
  func float(_ shape: [Int]) {
    let (x, l) = (
      Tensor<Float>.pseudoRandom(shape, .uniform(0...1), seed: 33),
      Tensor<Float>.pseudoRandom(shape, .uniform(-4...4), seed: 34)
    )
    let exact = reference(x.converted(to: Double.self), l.converted(to: Double.self))
    let n = Double(shape.last ?? 0)
    let bound = (n / 16 + 8) * 0x1p-24 * 8 * n
    let isWithin = pairs(x.bernoulliLogProbability(logits: l).doubles, exact.scalars).allSatisfy {
      ($0 - $1).magnitude <= bound
    }
    #expect(isWithin)
  }
}

@Suite("Fused Gaussian sample and divergence")
struct GaussianOperationTests {
  private func data(_ shape: [Int]) -> [Tensor<Double>] {
    [
      .pseudoRandom(shape, seed: 41), .pseudoRandom(shape, .uniform(-3...1), seed: 42),
      .pseudoRandom(shape, seed: 43),
    ]
  }

  @Test("a sample is mean + exp(logVariance / 2) noise", arguments: rowShapes + [[]])
  func sample(_ shape: [Int]) {
    let point = data(shape)
    let z = Tensor.gaussianSample(mean: point[0], logVariance: point[1], noise: point[2])
    let expected = point[0] + (point[1] * 0.5).exp() * point[2]
    // Three roundings of numbers below 4.
    #expect(z.shape == shape && relativeError(z.scalars, expected.scalars, scale: 1) < 1e-15 * 4)
    checkGradients(
      of: { .gaussianSample(mean: $0[0], logVariance: $0[1], noise: $0[2]) }, at: point)
    checkGradients(
      of: { .gaussianSample(mean: $0[0], logVariance: $0[1], noise: point[2]) },
      at: [point[0], point[1]])
  }

  @Test("the divergence is its composition", arguments: rowShapes)
  func divergence(_ shape: [Int]) {
    let (m, v) = (data(shape)[0], data(shape)[1])
    let kl = Tensor.gaussianKLToStandardNormal(mean: m, logVariance: v)
    let expected = (v.expMinusOne() - v + m.squared()).sum(along: -1) * 0.5
    #expect(kl.shape == Array(shape.dropLast()))
    // n terms below 6, each with three roundings, summed in another order.
    #expect(relativeError(kl.scalars, expected.scalars, scale: 1) < 1e-12)
    checkGradients(
      of: { .gaussianKLToStandardNormal(mean: $0[0], logVariance: $0[1]) }, at: [m, v])
  }

  /// exp(v) - 1 - v = v^2 / 2 + ... : the largest rounding is that of exp(v) - 1, half an ulp of v.
  @Test("the divergence of nearly the prior keeps its digits")
  func nearPrior() {
    let v = Tensor<Double>([1e-6], shape: [1, 1])
    let kl = Tensor.gaussianKLToStandardNormal(mean: .zeros([1, 1]), logVariance: v).scalar
    #expect((kl - 2.500000833333542e-13).magnitude <= 1e-6.ulp)
    let zero = Tensor<Float>.gaussianKLToStandardNormal(
      mean: .zeros([2, 5]), logVariance: .zeros([2, 5]))
    #expect(zero.scalars == [0, 0])
  }

  /// Element by element 4 roundings of numbers below 4, then n / 16 + 4 additions.
  @Test("Float against Double", arguments: rowShapes)
  func float(_ shape: [Int]) {
    let m = Tensor<Float>.pseudoRandom(shape, seed: 44)
    let v = Tensor<Float>.pseudoRandom(shape, .uniform(-3...1), seed: 45)
    let e = Tensor<Float>.pseudoRandom(shape, seed: 46)
    let (dm, dv, de) = (
      m.converted(to: Double.self), v.converted(to: Double.self), e.converted(to: Double.self)
    )
    let z = Tensor.gaussianSample(mean: m, logVariance: v, noise: e).doubles
    let exactZ = Tensor.gaussianSample(mean: dm, logVariance: dv, noise: de).scalars
    #expect(pairs(z, exactZ).allSatisfy { ($0 - $1).magnitude <= 4 * 4 * 0x1p-24 })
    let kl = Tensor.gaussianKLToStandardNormal(mean: m, logVariance: v).doubles
    let exactKL = Tensor.gaussianKLToStandardNormal(mean: dm, logVariance: dv).scalars
    let n = Double(shape.last ?? 0)
    let bound = (n / 16 + 8) * 0x1p-24 * 4 * n
    #expect(pairs(kl, exactKL).allSatisfy { ($0 - $1).magnitude <= bound })
  }

  @Test("shapes that differ are refused")
  func refusal() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>.gaussianSample(
        mean: .zeros([2]), logVariance: .zeros([2]), noise: .zeros([3]))
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>.zeros([2, 3]).bernoulliLogProbability(logits: .zeros([2, 4]))
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>.zeros([2, 3]).bernoulliLogProbability(logits: .zeros([4, 3]))
    }
  }
}
