// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VariationalInference

/// A family with parameters away from its start, for two examples in some dimension.
struct FamilyCase: Sendable, CustomTestStringConvertible {
  let name: String
  let dimension: Int
  let parameters: GuideParameters<Double>
  let member: @Sendable (GuideParameters<Double>) -> any ReparameterizedDistribution<Double>
  var testDescription: String { "\(name), dimension \(dimension)" }

  init<Family: GuideFamily>(_ name: String, _ family: Family, start: Family.Start, dimension: Int)
  where Family.Scalar == Double {
    (self.name, self.dimension) = (name, dimension)
    let parameters = family.parameters(at: start)
    self.parameters = GuideParameters(
      fixed: parameters.fixed,
      free: parameters.free.enumerated().map { index, tensor in
        tensor + Tensor.pseudoRandom(tensor.shape, .uniform(-0.4...0.4), seed: UInt64(index))
      })
    member = { family.member($0) }
  }

  static let all = [1, 2, 3].flatMap { n -> [FamilyCase] in
    let q = DiagonalGaussian<Double>(
      mean: .pseudoRandom([2, n], seed: 11),
      logVariance: .pseudoRandom([2, n], .uniform(-1...1), seed: 12))
    let full = FullCovarianceFamily<Double>()
    var raw = full.parameters(at: q)
    raw.free[1] = .pseudoRandom([2, n, n], .uniform(-0.5...0.5), seed: 13)
    return [
      FamilyCase("diagonal", DiagonalFamily(), start: q, dimension: n),
      FamilyCase("full covariance", full, start: q, dimension: n),
      FamilyCase(
        "flow", CouplingFlowFamily(steps: 3, hidden: 5, seed: 1), start: full.member(raw),
        dimension: n),
    ]
  }
}

@Suite("Families of posteriors with parameters for each image")
struct LocalFamilyTests {
  @Test("the density integrates to 1, over a grid", arguments: FamilyCase.all)
  func normalized(_ family: FamilyCase) {
    // The trapezoid rule converges faster than any power of the step for smooth functions that
    // vanish at the ends; +-14 covers 7 standard deviations of the widest.
    guard family.dimension < 3 else { return }
    let points = family.dimension == 1 ? 4_000 : 280
    let (low, step) = (-14.0, 28 / Double(points))
    let axis = (0..<points).map { low + (Double($0) + 0.5) * step }
    let grid =
      family.dimension == 1 ? axis.map { [$0] } : axis.flatMap { a in axis.map { [a, $0] } }
    let z = Tensor(
      grid.flatMap { $0 } + grid.flatMap { $0 }, shape: [2, grid.count, family.dimension])
    let density = family.member(family.parameters).logProbability(of: z).exp()
    #expect(density.shape == [2, grid.count])
    let masses = density.sum(along: 1).scalars.map {
      $0 * pow(step, Double(family.dimension))
    }
    #expect(relativeError(masses, [1, 1]) < 1e-7, "\(masses)")
  }

  /// log q(z(e)) = log N(e) - log |dz/de|, with the determinant from central differences: 1e-9 each.
  @Test("the density at a draw is that of its noise over the Jacobian", arguments: FamilyCase.all)
  func jacobian(_ family: FamilyCase) {
    let n = family.dimension
    let noise = Tensor<Double>.pseudoRandom([2, n], seed: 21)
    let q = family.member(family.parameters)
    let h = 1e-5
    let columns = (0..<n).map { j -> [Double] in
      let step = Tensor<Double>((0..<2 * n).map { $0 % n == j ? h : 0 }, shape: [2, n])
      return ((q.sample(noise: noise + step) - q.sample(noise: noise - step)) / (2 * h)).scalars
    }
    let expected = (0..<2).map { row -> Double in
      let jacobian = SmallMatrix(
        (0..<n).flatMap { i in (0..<n).map { columns[$0][row * n + i] } }, rows: n, columns: n)
      return -0.5 * (jacobian * jacobian.transposed).logDeterminant
    }
    let base = StandardNormal<Double>(dimension: n).logProbability(of: noise).scalars
    let actual = q.logProbability(of: q.sample(noise: noise)).scalars
    #expect(relativeError(actual, zip(base, expected).map(+), scale: 1) < 1e-8)
  }

  @Test("gradients of draw and density are central differences", arguments: FamilyCase.all)
  func gradients(_ family: FamilyCase) {
    let fixed = family.parameters.fixed
    let noise = Tensor<Double>.pseudoRandom([2, 2, family.dimension], seed: 31)
    guard !family.parameters.free.isEmpty else { return }
    checkGradients(
      of: {
        family.member(GuideParameters(fixed: fixed, free: $0)).sample(noise: noise)
      }, at: family.parameters.free)
    checkGradients(
      of: {
        family.member(GuideParameters(fixed: fixed, free: $0)).logProbability(of: noise)
      }, at: family.parameters.free)
    let q = family.member(family.parameters)
    checkGradients(of: { q.logProbability(of: $0[0]) }, at: [noise])
    checkGradients(of: { q.sample(noise: $0[0]) }, at: [noise])
  }

  @Test(
    "several draws of an example are those of one draw after the other", arguments: FamilyCase.all)
  func draws(_ family: FamilyCase) {
    let noise = Tensor<Double>.pseudoRandom([2, 3, family.dimension], seed: 51)
    let q = family.member(family.parameters)
    let all = q.draw(noise: noise)
    #expect(all.value.shape == noise.shape && all.logProbability.shape == [2, 3])
    #expect(q.sample(noise: noise).scalars == all.value.scalars)
    for draw in 0..<3 {
      let one = q.draw(
        noise: noise.slice(draw..<draw + 1, along: 1).reshaped(to: [2, family.dimension]))
      let (z, logQ) = (
        all.value.slice(draw..<draw + 1, along: 1),
        all.logProbability.slice(draw..<draw + 1, along: 1)
      )
      #expect(relativeError(one.value.scalars, z.scalars, scale: 1) < 1e-14)
      #expect(relativeError(one.logProbability.scalars, logQ.scalars, scale: 1) < 1e-14)
    }
  }

  /// The path derivative of log q is its slope at z times dz by the parameters. A few hundred
  /// roundings.
  @Test(
    "log q from the noise is log q at z; along the path it follows z alone",
    arguments: FamilyCase.all)
  func path(_ family: FamilyCase) {
    let noise = Tensor<Double>.pseudoRandom([2, 3, family.dimension], seed: 51)
    let q = family.member(family.parameters)
    let draw = q.draw(noise: noise)
    let atZ = valueWithGradients(at: [draw.value]) { q.logProbability(of: $0[0]) }
    let path = valueWithGradients(at: [draw.value]) {
      q.logProbabilityAlongPath(of: $0[0], noise: noise)
    }
    #expect(relativeError(draw.logProbability.scalars, atZ.value.scalars, scale: 1) < 1e-13)
    #expect(relativeError(path.value.scalars, atZ.value.scalars, scale: 1) < 1e-13)
    #expect(relativeError(path.gradients[0].scalars, atZ.gradients[0].scalars, scale: 1) < 1e-12)
    guard !family.parameters.free.isEmpty else { return }
    let fixed = family.parameters.fixed
    func member(_ free: [Tensor<Double>]) -> any ReparameterizedDistribution<Double> {
      family.member(GuideParameters(fixed: fixed, free: free))
    }
    checkGradients(
      of: { member($0).draw(noise: noise).logProbability }, at: family.parameters.free)
    let followed = valueWithGradients(at: family.parameters.free) {
      member($0).logProbabilityAlongPath(of: member($0).sample(noise: noise), noise: noise)
    }.gradients
    let expected = valueWithGradients(at: family.parameters.free) {
      atZ.gradients[0] * member($0).sample(noise: noise)
    }.gradients
    #expect(
      relativeError(followed.flatMap(\.scalars), expected.flatMap(\.scalars), scale: 1) < 1e-12)
  }

  @Test("the divergence in closed form is that of exact Gaussians, with its gradient")
  func divergence() throws {
    let family = FullCovarianceFamily<Double>()
    let q = DiagonalGaussian<Double>(
      mean: .pseudoRandom([2, 3], seed: 11), logVariance: .pseudoRandom([2, 3], seed: 12))
    let free: [Tensor<Double>] = [
      .pseudoRandom([2, 3], seed: 1), .pseudoRandom([2, 3, 3], seed: 2),
    ]
    let fixed = family.parameters(at: q).fixed
    func kl(_ free: [Tensor<Double>]) -> Tensor<Double> {
      family.member(GuideParameters(fixed: fixed, free: free))
        .kullbackLeiblerDivergence(to: StandardNormal(dimension: 3)) ?? .zeros([0])
    }
    checkGradients(of: kl, at: free)
    let member = family.member(GuideParameters(fixed: fixed, free: free))
    let prior = ExactGaussian(mean: [0, 0, 0], covariance: SmallMatrix(diagonal: [1, 1, 1]))
    for row in 0..<2 {
      let l = SmallMatrix(member.factor.slice(row..<row + 1).scalars, rows: 3, columns: 3)
      let exact = ExactGaussian(
        mean: member.mean.slice(row..<row + 1).scalars, covariance: l * l.transposed
      ).kullbackLeiblerDivergence(to: prior)
      #expect(relativeError([kl(free).scalars[row]], [exact]) < 1e-12)
    }
  }

  @Test("at its start a family's member is what it began from")
  func start() {
    let noise = Tensor<Double>.pseudoRandom([2, 4], seed: 41)
    let q = DiagonalGaussian<Double>(
      mean: .pseudoRandom([2, 4], seed: 42), logVariance: .pseudoRandom([2, 4], seed: 43))
    let (diagonal, full) = (DiagonalFamily<Double>(), FullCovarianceFamily<Double>())
    let flow = CouplingFlowFamily<Double>(seed: 9)
    let wide = full.member(full.parameters(at: q))
    let members: [any ReparameterizedDistribution<Double>] = [
      diagonal.member(diagonal.parameters(at: q)), wide,
      flow.member(flow.parameters(at: wide)),
    ]
    for member in members {
      let z = member.sample(noise: noise)
      #expect(relativeError(z.scalars, q.sample(noise: noise).scalars) < 1e-14)
      #expect(
        relativeError(member.logProbability(of: z).scalars, q.logProbability(of: z).scalars) < 1e-13
      )
    }
  }
}
