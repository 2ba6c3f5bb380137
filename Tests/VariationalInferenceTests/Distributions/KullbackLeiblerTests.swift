// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

@Suite("KL divergences in closed form")
struct KullbackLeiblerTests {
  private static let (rows, n) = (3, 2)

  private let mean = Tensor<Double>.pseudoRandom([rows, n], seed: 1)
  private let logVariance = Tensor<Double>.pseudoRandom([rows, n], .uniform(-2...1), seed: 2)
  private let priorMean = Tensor<Double>.pseudoRandom([rows, n], seed: 3)
  private let priorLogVariance = Tensor<Double>.pseudoRandom([rows, n], .uniform(-1...2), seed: 4)
  /// Below the diagonal any number, on it positive ones.
  private let factor = Tensor<Double>(
    [0.7, 0, -1.3, 0.4, 1.5, 0, 0.2, 0.9, 0.1, 0, 0.8, 2], shape: [rows, n, n])

  private var diagonal: DiagonalGaussian<Double> {
    DiagonalGaussian(mean: mean, logVariance: logVariance)
  }
  private var full: FullCovarianceGaussian<Double> {
    FullCovarianceGaussian(mean: mean, factor: factor)
  }
  private var prior: DiagonalGaussian<Double> {
    DiagonalGaussian(mean: priorMean, logVariance: priorLogVariance)
  }

  // MARK: The same by plain loops

  private func exact(_ q: DiagonalGaussian<Double>) -> [ExactGaussian] {
    let (m, v) = (q.mean.scalars, q.logVariance.exp().scalars)
    return stride(from: 0, to: m.count, by: Self.n).map {
      ExactGaussian(
        mean: Array(m[$0..<$0 + Self.n]),
        covariance: SmallMatrix(diagonal: Array(v[$0..<$0 + Self.n])))
    }
  }

  private func exact(_ q: FullCovarianceGaussian<Double>) -> [ExactGaussian] {
    (0..<Self.rows).map { row in
      let l = SmallMatrix(
        q.factor.slice(row..<row + 1).scalars, rows: Self.n, columns: Self.n)
      return ExactGaussian(
        mean: q.mean.slice(row..<row + 1).scalars, covariance: l * l.transposed)
    }
  }

  private let standard = ExactGaussian(
    mean: [Double](repeating: 0, count: n),
    covariance: SmallMatrix(diagonal: [Double](repeating: 1, count: n)))

  private func agree(
    _ found: Tensor<Double>?, _ q: [ExactGaussian], _ p: [ExactGaussian]
  ) throws -> Bool {
    let found = try #require(found)
    let expected = pairs(q, p).map { $0.kullbackLeiblerDivergence(to: $1) }
    // Some ten terms of at most 100.
    return found.shape == [q.count] && relativeError(found.scalars, expected, scale: 1) < 1e-13
      && expected.allSatisfy { $0 > 0.01 }
  }

  @Test("each pair of the table is that of exact Gaussians")
  func table() throws {
    let (normal, all) = (StandardNormal<Double>(dimension: Self.n), [standard, standard, standard])
    #expect(try agree(kullbackLeiblerDivergence(diagonal, normal), exact(diagonal), all))
    #expect(try agree(kullbackLeiblerDivergence(diagonal, prior), exact(diagonal), exact(prior)))
    #expect(try agree(kullbackLeiblerDivergence(full, normal), exact(full), all))
    #expect(try agree(kullbackLeiblerDivergence(full, prior), exact(full), exact(prior)))
  }

  @Test("a prior that is the same for all rows meets each of them", arguments: [[1, 2], [2]])
  func onePrior(_ shape: [Int]) throws {
    let p = DiagonalGaussian<Double>(
      mean: Tensor([0.5, -1], shape: shape), logVariance: Tensor([0.3, -0.8], shape: shape))
    let all = [exact(p)[0], exact(p)[0], exact(p)[0]]
    #expect(try agree(kullbackLeiblerDivergence(diagonal, p), exact(diagonal), all))
    #expect(try agree(kullbackLeiblerDivergence(full, p), exact(full), all))
  }

  @Test("the objectives look the pair up, and so does a distribution")
  func lookedUp() throws {
    let own = try #require(diagonal.kullbackLeiblerDivergence(to: prior))
    #expect(own.scalars == kullbackLeiblerDivergence(diagonal, prior)?.scalars)
    #expect(diagonal.kullbackLeiblerDivergence(to: diagonal)?.scalars == [0, 0, 0])
  }

  @Test("pairs that are not in the table have none")
  func others() {
    let normal = StandardNormal<Double>(dimension: Self.n)
    #expect(kullbackLeiblerDivergence(diagonal, full) == nil)
    #expect(kullbackLeiblerDivergence(full, full) == nil)
    #expect(kullbackLeiblerDivergence(normal, diagonal) == nil)
    #expect(kullbackLeiblerDivergence(diagonal, IndependentBernoulli(logits: mean)) == nil)
    #expect(
      kullbackLeiblerDivergence(
        diagonal, IsotropicGaussian(mean: mean, logVariance: Tensor([0]))) == nil)
  }

  @Test("gradients of each pair are central differences")
  func gradients() {
    let normal = StandardNormal<Double>(dimension: Self.n)
    func gaussian(_ p: [Tensor<Double>]) -> DiagonalGaussian<Double> {
      DiagonalGaussian(mean: p[0], logVariance: p[1])
    }
    checkGradients(
      of: { kullbackLeiblerDivergence(gaussian($0), normal) ?? $0[0] }, at: [mean, logVariance])
    checkGradients(
      of: { kullbackLeiblerDivergence(gaussian($0), gaussian(Array($0[2...]))) ?? $0[0] },
      at: [mean, logVariance, priorMean, priorLogVariance])
    // Above the diagonal a factor is 0: only what lies below moves.
    let below = Tensor<Double>([1, 0, 1, 1], shape: [2, 2])
    func full(_ p: [Tensor<Double>]) -> FullCovarianceGaussian<Double> {
      FullCovarianceGaussian(mean: p[0], factor: p[1] * below)
    }
    checkGradients(
      of: { kullbackLeiblerDivergence(full($0), normal) ?? $0[0] }, at: [mean, factor])
    checkGradients(
      of: { kullbackLeiblerDivergence(full($0), gaussian(Array($0[2...]))) ?? $0[0] },
      at: [mean, factor, priorMean, priorLogVariance])
  }

  /// The trapezoidal rule for one dimension, over 12 standard deviations of q to either side: it
  /// converges faster than any power of the step for such functions.
  @Test("one dimension, by quadrature")
  func quadrature() throws {
    let q = DiagonalGaussian<Double>(mean: Tensor([0.7]), logVariance: Tensor([-1.2]))
    let p = DiagonalGaussian<Double>(mean: Tensor([-0.4]), logVariance: Tensor([0.5]))
    let (points, width) = (4001, 24 * 0.55)
    let step = width / Double(points - 1)
    let z = Tensor<Double>(
      (0..<points).map { 0.7 - width / 2 + step * Double($0) }, shape: [points, 1])
    let logQ = q.logProbability(of: z)
    let integral = (logQ.exp() * (logQ - p.logProbability(of: z))).sum().scalar * step
    let found = try #require(kullbackLeiblerDivergence(q, p))
    #expect(found.shape == [] && relativeError([found.scalar], [integral]) < 1e-12)
  }
}
