// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing
import VariationalInference

@Suite("Families by name")
struct FamilyTests {
  private func options(_ family: FitFamily, draws: Int = 4000) -> FitOptions {
    FitOptions(draws: draws, walks: false, family: family)
  }

  /// N(1, L^-1) without its constant.
  private func normal(_ precision: [[Double]]) throws -> HandWrittenDensity {
    let n = precision.count
    let matrix = Tensor(precision.flatMap { $0 }, shape: [n, n])
    return try HandWrittenDensity(dimension: n) { points in
      let centred = points - 1.0
      let gradients = centred.matrixProduct(matrix) * -1.0
      return ((centred * gradients).sum(along: -1) * 0.5, gradients)
    }
  }

  private static let correlated: [[Double]] = [[2, 1.2, 0.3], [1.2, 1, 0.2], [0.3, 0.2, 5]]

  /// 1 + 3 at each place: from independent coordinates Jacobi's steps of the mean would diverge.
  private static let equal = (0..<20).map { i in (0..<20).map { 3 + ($0 == i ? 1.0 : 0) } }

  private func covariance(_ component: Fit.Component) -> Tensor<Double> {
    component.factor.matrixProduct(component.factor.transposed())
  }

  private func diagonal(_ matrix: Tensor<Double>) -> [Double] {
    let n = matrix.shape[0]
    return (0..<n).map { matrix.scalars[$0 * n + $0] }
  }

  @Test(
    "mean field of a normal: exact means, variances 1 / L_jj",
    arguments: [correlated, equal])
  func meanField(_ precision: [[Double]]) throws {
    let n = precision.count
    let fit = try normal(precision).fit(options(.meanField))
    let component = try #require(fit.components.first)
    #expect(fit.components.count == 1 && fit.convergence.isConverged)
    #expect(relativeError(component.mean, [Double](repeating: 1, count: n)) < 1e-6)
    let covariance = covariance(component)
    #expect(relativeError(diagonal(covariance), (0..<n).map { 1 / precision[$0][$0] }) < 1e-6)
    for row in 0..<n {
      for column in 0..<n where row != column { #expect(covariance.scalars[row * n + column] == 0) }
    }
    // sum log p - log q: the evidence less the KL, (sum log L_jj - log |L|) / 2.
    let all = Tensor(precision.flatMap { $0 }, shape: [n, n])
    let factor = try #require(all.choleskyFactor())
    let logDeterminant = 2 * diagonal(factor).reduce(0) { $0 + log($1) }
    let bound =
      Double(n) / 2 * log(2 * .pi) - (0..<n).reduce(0) { $0 + log(precision[$1][$1]) } / 2
    #expect((fit.elbo.mean - bound).magnitude < 5 * fit.elbo.standardError)
    let evidence = Double(n) / 2 * log(2 * .pi) - logDeterminant / 2
    #expect(bound < evidence && fit.verdict == .doNotUse)
  }

  @Test("full rank and Laplace are exact on a normal", arguments: [FitFamily.fullRank, .laplace])
  func exact(_ family: FitFamily) throws {
    let fit = try normal(Self.correlated).fit(options(family))
    let component = try #require(fit.components.first)
    #expect(fit.verdict == .use && fit.components.count == 1)
    #expect(relativeError(component.mean, [1, 1, 1]) < 1e-6)
    let product = covariance(component).matrixProduct(
      Tensor(Self.correlated.flatMap { $0 }, shape: [3, 3]))
    #expect(relativeError(product.scalars, [1, 0, 0, 0, 1, 0, 0, 0, 1]) < 1e-6)
  }

  /// The mode by Newton's method, written out; q's covariance is the inverse Hessian there.
  @Test("Laplace on a logistic regression")
  func laplace() throws {
    let x = [-2.0, -1, -0.5, 0.3, 1, 2.5], y = [0.0, 0, 1, 0, 1, 1]
    let density = try KnownTarget.rows(2) { b, gradient in
      var value = -(b[0] * b[0] + b[1] * b[1]) / 8
      gradient = [-b[0] / 4, -b[1] / 4]
      for (x, y) in zip(x, y) {
        let eta = b[0] + b[1] * x
        value += y * eta - log1p(exp(eta))
        let rest = y - 1 / (1 + exp(-eta))
        gradient[0] += rest
        gradient[1] += rest * x
      }
      return value
    }
    var (a, b) = (0.0, 0.0)
    var (saa, sab, sbb) = (0.0, 0.0, 0.0)
    for _ in 0..<30 {
      var (ga, gb) = (-a / 4, -b / 4)
      (saa, sab, sbb) = (0.25, 0, 0.25)
      for (x, y) in zip(x, y) {
        let p = 1 / (1 + exp(-(a + b * x)))
        ga += y - p
        gb += (y - p) * x
        saa += p * (1 - p)
        sab += p * (1 - p) * x
        sbb += p * (1 - p) * x * x
      }
      let determinant = saa * sbb - sab * sab
      a += (sbb * ga - sab * gb) / determinant
      b += (saa * gb - sab * ga) / determinant
    }
    let fit = try density.fit(options(.laplace))
    let component = try #require(fit.components.first)
    #expect(relativeError(component.mean, [a, b]) < 1e-3, "\(component.mean) \([a, b])")
    let determinant = saa * sbb - sab * sab
    let inverse = [sbb, -sab, -sab, saa].map { $0 / determinant }
    #expect(relativeError(covariance(component).scalars, inverse) < 1e-2)
  }

  /// Covariance diag(d)^2 + U U^T of 60 coordinates and rank 3; log p by Woodbury's identity.
  @Test("low rank is exact on a normal of its own kind")
  func lowRank() throws {
    let (n, rank) = (60, 3)
    let squares = Tensor<Double>.uniform([n], in: 0.5..<2, key: NoiseKey(seed: 1)).squared()
    let loadings = Tensor<Double>.standardNormal([rank, n], key: NoiseKey(seed: 2))
    let scaled = loadings / squares
    let identity = Tensor(SmallMatrix(diagonal: [1, 1, 1]).elements, shape: [rank, rank])
    let inner = scaled.matrixProduct(loadings.transposed()) + identity
    let solved = try #require(inner.positiveDefiniteSolution(scaled))
    let density = try HandWrittenDensity(dimension: n) { points in
      let centred = points - 1.0
      let along = centred.matrixProduct(scaled.transposed())
      let gradients = along.matrixProduct(solved) - centred / squares
      return ((centred * gradients).sum(along: -1) * 0.5, gradients)
    }
    let fit = try density.fit(options(.lowRank(rank)))
    #expect(fit.verdict == .use && fit.convergence.isConverged)
    let component = try #require(fit.components.first)
    #expect(relativeError(component.mean, [Double](repeating: 1, count: n)) < 1e-3)
    let exact = (0..<n).map { j in
      squares.scalars[j]
        + (0..<rank).reduce(0) { $0 + pow(loadings.scalars[$1 * n + j], 2) }
    }
    #expect(relativeError(diagonal(covariance(component)), exact) < 1e-2)
    #expect(fit.check.logWeightDeviation < 1e-2)
    let evidence =
      Double(n) / 2 * log(2 * .pi) + squares.log().sum().scalar / 2
      + (try #require(inner.choleskyFactor())).scalars.enumerated()
      .filter { $0.offset % (rank + 1) == 0 }.reduce(0) { $0 + log($1.element) }
    #expect((fit.elbo.mean - evidence).magnitude < 1e-3, "\(fit.elbo) \(evidence)")
  }

  @Test("a flow describes a banana, and leaves a normal alone")
  func flow() throws {
    let target = try KnownTarget.banana(0.5, 1)
    let gaussian = try target.density.fit(options(.fullRank))
    let fit = try target.density.fit(options(.flow(layers: 4)))
    let evidence = log(2 * Double.pi)
    #expect(fit.elbo.mean > gaussian.elbo.mean + 0.08, "\(fit.elbo) \(gaussian.elbo)")
    #expect(fit.elbo.mean < evidence + 4 * fit.elbo.standardError)
    #expect(fit.verdict == .use && gaussian.verdict != .use, "\(fit.reasons)")
    let flow = try #require(fit.flow)
    #expect(flow.steps.count == 4)
    let (means, deviations) = fit.moments
    #expect((means[0] - 0).magnitude < 0.1 && (means[1] - 0).magnitude < 0.1, "\(means)")
    #expect(relativeError(deviations, target.deviations) < 0.1, "\(deviations)")
    // Draws of q are those of the distribution that the fit holds.
    let first = fit.surrogateDraws.slice(0..<1)
    let noise = flow.noise(of: first)
    #expect(relativeError(flow.sample(noise: noise).scalars, first.scalars) < 1e-9)

    let plain = try normal(Self.correlated).fit(options(.flow(layers: 2)))
    #expect(plain.flow?.steps.count == 0 && plain.verdict == .use)
    #expect(plain.notes.contains { $0.contains("is left out") }, "\(plain.notes)")
  }

  @Test("a flow of one coordinate is the Gaussian")
  func narrowFlow() throws {
    let fit = try KnownTarget.normal([3], [2]).fit(options(.flow(layers: 2)))
    #expect(fit.verdict == .use && (fit.components[0].factor.scalars[0] - 2).magnitude < 1e-6)
  }

  @Test("a mixture covers two modes, one Gaussian is refused")
  func modes() throws {
    let density = try KnownTarget.mixture(3, [(0.3, -3, 1), (0.7, 3, 1)])
    let fit = try density.fit(options(.mixture(components: 4)))
    #expect(fit.verdict == .use && fit.components.count == 2)
    #expect((fit.components[0].weight - 0.7).magnitude < 0.03, "\(fit.components[0].weight)")
    for family in [FitFamily.meanField, .fullRank, .laplace, .lowRank(1), .flow(layers: 2)] {
      let one = try density.fit(options(family))
      #expect(one.verdict == .doNotUse, "\(family) \(one.reasons)")
      #expect(one.reasons[0].hasPrefix("q leaves out another mode with"), "\(one.reasons)")
      #expect(one.advice.count == 1)
    }
  }

  @Test("a mixture raises the ELBO of a banana")
  func split() throws {
    let density = try KnownTarget.banana(0.5, 1).density
    let one = try density.fit(options(.fullRank))
    let fit = try density.fit(options(.mixture(components: 4)))
    #expect(fit.components.count > 1 && fit.components.count <= 4)
    #expect(fit.elbo.mean > one.elbo.mean + 0.05, "\(fit.elbo) \(one.elbo)")
    #expect(fit.elbo.mean < log(2 * .pi) + 4 * fit.elbo.standardError)
  }

  @Test("Pathfinder's paths and their weights")
  func pathfinder() throws {
    let fit = try normal(Self.correlated).fit(options(.pathfinder))
    #expect(fit.verdict == .use && fit.gradientEvaluations < 400, "\(fit.reasons)")
    #expect(relativeError(fit.moments.means, [1, 1, 1]) < 0.05)
  }

  @Test(
    "the same seed gives the same bits, another gives others",
    arguments: [
      FitFamily.meanField, .fullRank, .lowRank(1), .laplace, .pathfinder, .flow(layers: 2),
      .mixture(components: 3),
    ])
  func bits(_ family: FitFamily) throws {
    let density = try KnownTarget.banana(0.5, 1).density
    var options = options(family, draws: 400)
    let first = try density.fit(options)
    let second = try density.fit(options)
    #expect(first.draws.points.scalars == second.draws.points.scalars)
    #expect(first.elbo.mean == second.elbo.mean)
    options.seed = 1
    let other = try density.fit(options)
    #expect(first.draws.points.scalars != other.draws.points.scalars)
  }

  @Test("chains correct any family")
  func walks() throws {
    let fit = try normal(Self.correlated).fit(FitOptions(family: .meanField))
    #expect(fit.verdict == .useWalked, "\(fit.reasons)")
    let inverse = try #require(
      Tensor(Self.correlated.flatMap { $0 }, shape: [3, 3]).positiveDefiniteSolution(
        Tensor(SmallMatrix(diagonal: [1, 1, 1]).elements, shape: [3, 3])))
    let deviations = diagonal(inverse).map { $0.squareRoot() }
    #expect(relativeError(fit.moments.standardDeviations, deviations) < 0.2)
  }

  @Test("a family is read by the name that it writes, and by no other text")
  func names() {
    let all: [FitFamily] = [
      .automatic, .meanField, .fullRank, .lowRank(3), .laplace, .pathfinder, .flow(layers: 2),
      .mixture(components: 4),
    ]
    for family in all { #expect(FitFamily("\(family)") == family) }
    for text in ["", "low-rank", "low-rank:", "flow:+2", "laplace:1", "mixture:2:3", "Laplace"] {
      #expect(FitFamily(text) == nil, "\(text)")
    }
  }

  @Test("the parts of a fit are told as they go, with what they asked for")
  func progress() throws {
    let told = Mutex<[Fit.Count]>([])
    var options = FitOptions(draws: 500)
    options.progress = { count in told.withLock { $0.append(count) } }
    let fit = try normal(Self.correlated).fit(options)
    let all = told.withLock { $0 }
    for count in fit.counts {
      let last = all.last { $0.stage == count.stage }
      #expect(last?.gradients == count.gradients && last?.densities == count.densities)
    }
    #expect(all.first?.stage == "search" && all.first?.gradients == 0)
  }
}
