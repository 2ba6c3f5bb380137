// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

private let inputs: Value = [0, 0.4, 1.1, 2.5]
private let values: Value = [0.3, -0.2, 0.9, 0.1]

/// A kernel with parameters, its second row of covariances for scale 1.3 and length scale 0.7, and
/// the log-density of `values` around 0.2 with a noise variance of 0.09: numpy and
/// `scipy.stats.multivariate_normal` 1.17.1 on the formulas of Rasmussen and Williams.
private struct KernelCase: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let row: [Double]
  let logDensity: Double
  let kernel: @Sendable (_ scale: Value, _ lengthScale: Value) -> Kernel
}

private let cases: [KernelCase] = [
  KernelCase(
    testDescription: "squared exponential",
    row: [1.4354282300004482, 1.69, 1.0250368149143505, 0.018774204149629485],
    logDensity: -4.89093032916517
  ) { .squaredExponential(scale: $0, lengthScale: $1) },
  KernelCase(
    testDescription: "exponential",
    row: [0.9543736261931131, 1.69, 0.6217162555797374, 0.08414014554169004],
    logDensity: -4.903364529195094
  ) { .exponential(scale: $0, lengthScale: $1) },
  KernelCase(
    testDescription: "Matérn 3/2",
    row: [1.2498091443272203, 1.69, 0.816874554568098, 0.057989381003707666],
    logDensity: -4.819568846835297
  ) { .matern32(scale: $0, lengthScale: $1) },
  KernelCase(
    testDescription: "Matérn 5/2",
    row: [1.3289789107451375, 1.69, 0.8855500439257762, 0.046852583035717585],
    logDensity: -4.810561034837732
  ) { .matern52(scale: $0, lengthScale: $1) },
  KernelCase(
    testDescription: "periodic",
    row: [0.2650637215609991, 1.69, 0.03872674589365161, 0.2650637215609991],
    logDensity: -4.9680369350622415
  ) { .periodic(scale: $0, lengthScale: $1, period: 1.7) },
  KernelCase(
    testDescription: "linear", row: [0.0845, 0.0169, -0.1014, -0.338],
    logDensity: -4.766924069853321
  ) { scale, _ in .linear(scale: scale, centre: 0.5) },
  KernelCase(
    testDescription: "constant", row: [1.69, 1.69, 1.69, 1.69], logDensity: -4.624824603966605
  ) { scale, _ in .constant(scale: scale) },
  KernelCase(
    testDescription: "white noise", row: [0, 1.69, 0, 0], logDensity: -5.01718310861769
  ) { scale, _ in .whiteNoise(scale: scale) },
  KernelCase(
    testDescription: "sum and product",
    row: [2.0704799486776366, 4.5461, 1.7296963402628263, 1.6949763604212469],
    logDensity: -6.506941934754581
  ) {
    .squaredExponential(scale: $0, lengthScale: $1)
      * .periodic(scale: $0, lengthScale: $1, period: 1.7) + .constant(scale: $0)
  },
]

@Suite("Gaussian processes")
struct GaussianProcessTests {
  @Test("covariances and log-densities have their digits", arguments: cases)
  private func digits(_ row: KernelCase) {
    let kernel = row.kernel(1.3, 0.7)
    let covariance = kernel.covariance(inputs)
    #expect(covariance.shape == [4, 4])
    #expect(relativeError(covariance[1].tensor.scalars, row.row) < 1e-14)
    let law = GaussianProcess(kernel, at: inputs, mean: 0.2, noiseVariance: 0.09)
    #expect(relativeError(law.logDensity(of: values).tensor.scalars, [row.logDensity]) < 1e-12)
  }

  @Test("gradients by scale, length scale and noise are central differences", arguments: cases)
  private func gradients(_ row: KernelCase) {
    checkGradients(
      of: { tensors in
        let v = tensors.map { Value($0) }
        return GaussianProcess(
          row.kernel(v[0], v[1]), at: inputs, mean: v[2], noiseVariance: v[3]
        ).logDensity(of: values).tensor
      },
      at: [
        Tensor([1.3, 0.9]), Tensor([0.7, 0.8]), Tensor([0.2, -0.3]), Tensor([0.09, 0.2]),
      ])
  }

  @Test("inputs of several dimensions, with one length scale or one for each")
  func vectors() {
    let x = Value([[0, 1], [0.4, -0.3], [1.1, 0.2]])
    let each: Value = [0.7, 1.9]
    func covariances(_ kernel: Kernel) -> [Double] {
      let matrix = kernel.covariance(x)
      return [matrix[0, 1].tensor.scalars[0], matrix[1, 2].tensor.scalars[0]]
    }
    // numpy, as above.
    let one = covariances(.squaredExponential(scale: 1.3, lengthScale: 0.7))
    #expect(relativeError(one, [0.25588514868860124, 0.7942368901789103]) < 1e-14)
    let squared = covariances(.squaredExponential(scale: 1.3, lengthScale: each))
    #expect(relativeError(squared, [1.1358612805512618, 0.990151309308951]) < 1e-14)
    let matern = covariances(.matern32(scale: 1.3, lengthScale: each))
    #expect(relativeError(matern, [0.918006217845528, 0.7867183330433549]) < 1e-14)
    checkGradients(
      of: { Kernel.matern52(lengthScale: Value($0[0])).covariance(x).tensor },
      at: [Tensor([0.7, 0.8, 1.9, 1.5], shape: [2, 2])])
  }

  @Test("predictions at other inputs are normal with the conditional mean and covariance")
  func prediction() {
    let process = GaussianProcess(
      .squaredExponential(scale: 1.3, lengthScale: 0.7), at: inputs, mean: 0.2, noiseVariance: 0.09)
    let law = process.prediction(at: [0.2, 3], given: values, mean: 0.2)
    // numpy: mean [0.0186..., -0.0016...], covariance [[0.0521..., -0.0009...], [..., 0.7131...]].
    let found = law.logDensity(of: [0.1, 0.5]).tensor.scalars
    #expect(relativeError(found, [-0.432479822020583]) < 1e-11)
  }

  /// k = 4.5 standard errors, 20,000 draws.
  @Test("draws have the kernel's covariances, also in the non-centred form")
  func drawn() throws {
    let kernel = Kernel.matern32(scale: 1.3, lengthScale: 0.7)
    let drawn = try draws(GaussianProcess(kernel, at: inputs), like: values, count: 20_000).draws
    let expected = kernel.covariance(inputs).tensor.scalars
    let noise = Value(.standardNormal([4, 20_000], key: NoiseKey(seed: 8)))
    let moved = try #require(GaussianProcess(kernel, at: inputs).transform(ofNoise: noise))
    let numbers = moved.tensor.scalars
    let rows = (0..<4).map { Array(numbers[$0 * 20_000..<($0 + 1) * 20_000]) }
    for sample in [drawn, rows] {
      for i in 0..<4 {
        for j in 0...i {
          let check = meanCheck(
            "covariance \(i) \(j)", of: zip(sample[i], sample[j]).map { $0 * $1 },
            expected: expected[i * 4 + j])
          #expect(check.isWithin(4.5), "\(check)")
        }
      }
    }
  }
}
