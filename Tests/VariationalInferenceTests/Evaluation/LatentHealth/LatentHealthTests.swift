// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VariationalInference

@Suite("Latent health")
struct LatentHealthTests {
  private let workers = WorkerPool(count: 1)

  private func health(
    means: [[Double]], variance: Double, seed: UInt64 = 1, threads: Int = 1
  ) throws -> LatentHealth {
    let shape = [means.count, means[0].count]
    let q = DiagonalGaussian<Double>(
      mean: Tensor(means.flatMap { $0 }, shape: shape),
      logVariance: Tensor(repeating: log(variance), shape: shape))
    return try LatentHealth(of: q, seed: seed, workers: WorkerPool(count: threads))
  }

  /// A grid of side x side pairs: in q(z) the two dimensions are independent.
  private func grid(_ side: Int, spacing: Double) -> [[Double]] {
    (0..<side * side).map { [spacing * Double($0 / side), spacing * Double($0 % side)] }
  }

  /// k = 4 standard errors over the images, as the draws of different images are independent.
  private func expect(_ values: [Double], near expected: Double, _ name: String) {
    let check = meanCheck(name, of: values, expected: expected)
    #expect(check.isWithin(4), "\(check)")
  }

  /// Where the draws do not matter each value is the expectation, but for roundings of densities of
  /// the order 100.
  private func expect(_ values: [Double], all expected: Double) {
    let all = [Double](repeating: expected, count: values.count)
    #expect(!values.isEmpty && relativeError(values, all, scale: 1) < 1e-12, "\(values.prefix(3))")
  }

  @Test("the three parts sum to the divergence, for each image")
  func sum() throws {
    let means = Tensor<Double>.pseudoRandom([300, 4], seed: 5)
    let q = DiagonalGaussian(
      mean: means, logVariance: .pseudoRandom([300, 4], .uniform(-4...0), seed: 6))
    let health = try LatentHealth(of: q, workers: workers)
    let exact = q.kullbackLeiblerDivergence(to: StandardNormal(dimension: 4))?.scalars ?? []
    #expect(relativeError(health.divergence, exact) < 1e-12)
    let parts = health.parts
    let sums = (0..<300).map {
      parts.mutualInformation[$0] + parts.totalCorrelation[$0] + parts.dimensionwiseDivergence[$0]
    }
    #expect(relativeError(sums, exact) < 1e-12)
    let total = health.divergencePerDimension.reduce(0) { $0 + $1.mean }
    #expect(relativeError([total], [Estimate(exact).mean]) < 1e-12)
  }

  /// Components 40 standard deviations apart: log q(z) = log q(z|n) - log N to within exp(-200).
  @Test("the information of N posteriors that do not overlap is log N")
  func apart() throws {
    let health = try health(means: grid(6, spacing: 40), variance: 1)
    expect(health.parts.mutualInformation, all: log(36))
    expect(health.parts.totalCorrelation, all: 0)
  }

  @Test("posteriors that are all the same carry no information and have no active unit")
  func collapsed() throws {
    let health = try health(means: .init(repeating: [0, 0, 0], count: 50), variance: 1)
    for part in [health.parts.mutualInformation, health.parts.totalCorrelation] {
      #expect(part.allSatisfy { $0.magnitude < 1e-12 })
    }
    #expect(health.parts.dimensionwiseDivergence.allSatisfy { $0.magnitude < 1e-12 })
    #expect(health.divergencePerDimension.allSatisfy { $0.mean == 0 })
    #expect(health.activeUnits == 0 && health.activity.allSatisfy { $0.mean == 0 })
  }

  /// With z2 a copy of z1's index: q(z1, z2) has entropy log N + 2 h, each marginal log N + h, so the
  /// total correlation is log N.
  @Test("a duplicated dimension has total correlation log N where posteriors do not overlap")
  func duplicate() throws {
    let means = (0..<200).map { [Double($0), Double($0)].map { $0 * 40 } }
    let health = try health(means: means, variance: 1)
    expect(health.parts.totalCorrelation, all: log(200))
    expect(health.parts.mutualInformation, all: log(200))
  }

  /// log q(z|x[n]), log q(z), the sum of log q(z[j]) and log p(z) at the draw of each image, by loops
  /// over the definition: 40 is the purpose of these draws in their key.
  private func terms(
    _ q: DiagonalGaussian<Double>, seed: UInt64
  ) -> [(posterior: Double, joint: Double, marginals: Double, prior: Double)] {
    let (count, d) = (q.mean.shape[0], q.mean.shape[1])
    let (m, v) = (q.mean.scalars, q.logVariance.exp().scalars)
    func normal(_ z: Double, _ mean: Double, _ variance: Double) -> Double {
      -0.5 * (log(2 * Double.pi * variance) + (z - mean) * (z - mean) / variance)
    }
    func logMean(_ values: [Double]) -> Double {
      let largest = values.max() ?? 0
      return largest + log(values.reduce(0) { $0 + exp($1 - largest) } / Double(values.count))
    }
    return (0..<count).map { n in
      let noise = Tensor<Double>.standardNormal([d], key: NoiseKey(seed: seed, n, 0, 40)).scalars
      let z = (0..<d).map { m[n * d + $0] + v[n * d + $0].squareRoot() * noise[$0] }
      let each = (0..<count).map { k in
        (0..<d).map { normal(z[$0], m[k * d + $0], v[k * d + $0]) }
      }
      return (
        each[n].reduce(0, +), logMean(each.map { $0.reduce(0, +) }),
        (0..<d).reduce(0) { sum, j in sum + logMean(each.map { $0[j] }) },
        z.reduce(0) { $0 + normal($1, 0, 1) }
      )
    }
  }

  private func variance(_ values: [Double]) -> Double {
    let error = Estimate(values).standardError
    return error * error * Double(values.count)
  }

  /// Least squares: no coefficient gives less variance. In two dimensions, with wide posteriors far
  /// apart, the plain estimate is by far the better of the two. In twenty, with narrow ones whose means
  /// lie on a sphere, so that KL is one number and each q(z[j]) nearly the prior, t is c and a constant.
  /// 1e-12 for rounding.
  @Test(
    "total correlation and information vary no more than any one estimate of them",
    arguments: [(2, 0.6), (20, 0.03)])
  func control(_ dimension: Int, _ spread: Double) throws {
    let count = 400
    let normal = Tensor<Double>.standardNormal([count, dimension], key: NoiseKey(seed: 8))
    let lengths = normal.squared().mean(along: 1, keepingAxis: true).squareRoot()
    let q = DiagonalGaussian<Double>(
      mean: dimension == 2 ? normal * 3 : normal / lengths,
      logVariance: Tensor(repeating: log(spread), shape: [count, dimension]))
    let health = try LatentHealth(of: q, seed: 4, workers: workers)
    let terms = terms(q, seed: 4)
    let plain = terms.map { $0.joint - $0.marginals }
    let information = terms.map { $0.posterior - $0.joint }
    let control = terms.indices.map {
      terms[$0].posterior - terms[$0].prior - health.divergence[$0]
    }
    let residual = pairs(plain, control).map { $0 - $1 }
    let found = variance(health.parts.totalCorrelation)
    let (own, left) = (variance(plain), variance(residual))
    #expect(found <= own * (1 + 1e-12) && found <= left * (1 + 1e-12), "\(found): \(own), \(left)")
    #expect(dimension == 2 ? left > 50 * own : left < own / 4, "\(own), \(left)")
    #expect(
      variance(health.parts.mutualInformation) <= variance(information) * (1 + 1e-12))
    // No bias but that of the coefficient, which is below the standard error of the plain estimate.
    let error = Estimate(plain).standardError
    let shift = Estimate(health.parts.totalCorrelation).mean - Estimate(plain).mean
    #expect(shift.magnitude < 4 * error, "\(shift), \(error)")
    // t - b c: what was subtracted is proportional to the control.
    let subtracted = pairs(plain, health.parts.totalCorrelation).map { $0 - $1 }
    let b = subtracted[0] / control[0]
    #expect(relativeError(subtracted, control.map { $0 * b }, scale: 1) < 1e-9)
  }

  /// Through two points a line always goes; its error would be 0.
  @Test("two images are estimated, with an error")
  func few() throws {
    let two = try health(means: [[0.3, 0], [-0.5, 0.2]], variance: 0.5).parts
    #expect(Estimate(two.totalCorrelation).standardError > 1e-6)
    #expect((two.mutualInformation + two.totalCorrelation).allSatisfy { $0.isFinite })
  }

  /// -integral of q log q by the trapezoid rule, which converges exponentially for such functions;
  /// 40,000 points, step 2e-3 of a standard deviation 0.5.
  private func entropy(_ means: [Double], _ variance: Double) -> Double {
    let (low, step) = ((means.min() ?? 0) - 6, 1e-3)
    let count = Int(((means.max() ?? 0) + 6 - low) / step)
    return (0...count).reduce(0) { total, index in
      let z = low + Double(index) * step
      let density =
        means.reduce(0) {
          $0 + exp(-0.5 * (z - $1) * (z - $1) / variance)
        } / (Double(means.count) * (2 * Double.pi * variance).squareRoot())
      return density > 0 ? total - density * log(density) * step : total
    }
  }

  /// 400 images: 20 overlapping components, each by 20 images, in a first dimension; the second is
  /// the same in all. I = H(q(z)) - H(q(z|n)), TC = 0, and the rest is KL - I.
  @Test("overlapping posteriors: information by quadrature")
  func overlapping() throws {
    let centres = (0..<20).map { 0.35 * Double($0) - 3.3 }
    let (variance, copies) = (0.25, 20)
    let means = centres.flatMap { Array(repeating: [$0, 0.0], count: copies) }
    let health = try health(means: means, variance: variance)
    let conditional = 0.5 * log(2 * Double.pi * variance) + 0.5
    let information = entropy(centres, variance) - conditional
    expect(health.parts.mutualInformation, near: information, "mutual information")
    expect(health.parts.totalCorrelation, all: 0)
    let divergence = Estimate(health.divergence).mean
    let rest = pairs(health.parts.dimensionwiseDivergence, health.divergence).map {
      $0 - $1 + divergence
    }
    expect(rest, near: divergence - information, "divergence by dimension")
  }

  /// NumPy: np.var(m, axis=0, ddof=1).
  @Test("activity is the variance of the means; a unit is active above 0.01")
  func activity() throws {
    let health = try health(means: [[1, 0.1], [2, 0], [4, -0.05], [-1, 0.05]], variance: 1)
    let values = health.activity.map(\.mean)
    #expect(relativeError(values, [4.333333333333333, 0.004166666666666667]) < 1e-14)
    #expect(health.activeUnits == 1)
  }

  /// For N(0, 1) means the variance of a sample has standard error sqrt(2 / (n - 1)). Its estimate
  /// varies, relative to that, by sqrt(Var((m^2 - 1)^2) / n) / 2 / 2 = sqrt(56 / 3,000) / 4 = 3.4 %;
  /// k = 4.
  @Test("the standard error of the activity")
  func activityError() throws {
    let n = 3_000
    let means = Tensor<Double>.standardNormal([n], key: NoiseKey(seed: 3)).scalars
    let activity = try health(means: means.map { [$0] }, variance: 1).activity[0]
    #expect((activity.standardError / (2 / Double(n - 1)).squareRoot() - 1).magnitude < 4 * 0.034)
    #expect((activity.mean - 1).magnitude < 4 * activity.standardError)
  }

  @Test("does not depend on the threads, repeats itself, and tells how far it is")
  func threads() throws {
    let means = Tensor<Double>.pseudoRandom([700, 2], seed: 5)
    let rows = (0..<700).map { means.slice($0..<$0 + 1).scalars }
    let one = try health(means: rows, variance: 0.1)
    for threads in [2, 3] {
      let other = try health(means: rows, variance: 0.1, threads: threads)
      #expect(other.parts.totalCorrelation == one.parts.totalCorrelation)
      #expect(other.parts.dimensionwiseDivergence == one.parts.dimensionwiseDivergence)
      #expect(other.parts.mutualInformation == one.parts.mutualInformation)
    }
    let another = try health(means: rows, variance: 0.1, seed: 2)
    #expect(another.parts.mutualInformation != one.parts.mutualInformation)
    let heard = HeardShares()
    let q = DiagonalGaussian(mean: means, logVariance: Tensor(repeating: -2, shape: [700, 2]))
    _ = try LatentHealth(of: q, workers: workers, progress: heard.listener)
    let shares = heard.shares
    #expect(shares.first == 0 && shares.last == 1 && shares == shares.sorted())
    #expect(throws: CancellationError.self) {
      _ = try LatentHealth(of: q, workers: workers) { _ in false }
    }
  }

  @Test("of a model and its images, in Float")
  func model() throws {
    let images = ImageDataset.bars(count: 300)
    let model = smallModel(Float.self)
    let health = try model.latentHealth(on: images, workers: workers)
    let evaluation = try model.evaluate(on: images, workers: workers)
    #expect(relativeError(health.divergence, evaluation.kl, scale: 1) < 1e-5)
  }

  /// z = m + s u moves and scales every coordinate: with p(z) = N(m, s^2) all that is measured is what
  /// it is of u and N(0, 1), but for roundings.
  @Test("a prior that is moved and scaled measures the same")
  func otherPrior() throws {
    let (m, logVariance) = (
      Tensor<Double>([2, -1], shape: [1, 2]), Tensor<Double>([1, -2], shape: [1, 2])
    )
    let prior = DiagonalGaussian(mean: m, logVariance: logVariance)
    let u = DiagonalGaussian<Double>(
      mean: .pseudoRandom([50, 2], seed: 1), logVariance: .pseudoRandom([50, 2], seed: 2))
    let z = DiagonalGaussian(
      mean: m + u.mean * (logVariance * 0.5).exp(), logVariance: u.logVariance + logVariance)
    let back = prior.standardized(z)
    #expect(relativeError(back.mean.scalars, u.mean.scalars) < 1e-14)
    #expect(relativeError(back.logVariance.scalars, u.logVariance.scalars) < 1e-14)
    let divergence = try #require(kullbackLeiblerDivergence(z, prior))
    let health = try LatentHealth(of: back, workers: workers)
    #expect(relativeError(health.divergence, divergence.scalars) < 1e-12)
    #expect(StandardNormal(dimension: 2).standardized(u).mean.scalars == u.mean.scalars)
  }
}
