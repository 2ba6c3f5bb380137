// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

private let covariance = Value([[2.0, 0.5, -0.3], [0.5, 1.5, 0.2], [-0.3, 0.2, 0.8]])
private let mean: Value = [0.1, -0.4, 1.0]
private let x: Value = [0.7, -1.1, 0.4]

/// Digits by SciPy 1.17.1 (`scipy.stats.dirichlet`, `multivariate_normal`, `multivariate_t`), those
/// of the sphere by mpmath from its area.
private let cases: [LawCase] = [
  LawCase(
    name: "Dirichlet", parameters: [[0.5, 2.0, 3.5]], x: [0.2, 0.5, 0.3],
    digits: [0.11579296235253622], tolerance: 1e-12
  ) { Dirichlet($0[0]) },
  LawCase(
    name: "Dirichlet, uniform, two vectors", parameters: [[1, 1, 1]],
    x: Value([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]), digits: [0.6931471805599453, 0.6931471805599453],
    tolerance: 1e-14
  ) { Dirichlet($0[0]) },
  LawCase(
    name: "MultivariateNormal, covariance", parameters: [mean, covariance], x: x,
    digits: [-3.5195772847825935]
  ) { MultivariateNormal($0[0], covariance: $0[1]) },
  LawCase(
    name: "MultivariateNormal, several vectors", parameters: [mean, covariance],
    x: Value([[0.7, -1.1, 0.4], [0.7, -1.1, 0.4]]),
    digits: [-3.5195772847825935, -3.5195772847825935]
  ) { MultivariateNormal($0[0], covariance: $0[1]) },
  LawCase(
    name: "MultivariateNormal, precision", parameters: [mean, covariance], x: x,
    digits: [-3.2828526157441438]
  ) { MultivariateNormal($0[0], precision: $0[1]) },
  LawCase(
    name: "MultivariateNormal, factor",
    parameters: [
      mean,
      Value([
        [1.4142135623730951, 0.0, 0.0], [0.35355339059327373, 1.1726039399558574, 0.0],
        [-0.21213203435596423, 0.2345207879911715, 0.8366600265340756],
      ]),
    ], x: x, digits: [-3.5195772847825935]
  ) { MultivariateNormal($0[0], cholesky: $0[1]) },
  LawCase(
    name: "MultivariateStudentT", parameters: [4.5, mean, covariance], x: x,
    digits: [-3.601961620530451]
  ) { MultivariateStudentT($0[0], $0[1], scale: $0[2]) },
  LawCase(
    name: "UniformUnitVector", parameters: [], x: [0.6, 0, -0.8], digits: [-2.5310242469692907],
    hasGradient: false
  ) { _ in UniformUnitVector(3) },
  LawCase(
    name: "UniformUnitVector of five", parameters: [], x: [0.6, 0, -0.8, 0, 0],
    digits: [-3.2702890247105265], hasGradient: false
  ) { _ in UniformUnitVector(5) },
]

@Suite("Laws of vectors and matrices")
struct VectorLawTests {
  @Test("log-densities have their digits", arguments: cases)
  func digits(_ row: LawCase) { row.checkDigits() }

  @Test("gradients are central differences", arguments: cases.filter(\.hasGradient))
  func gradients(_ row: LawCase) { row.checkSlopes() }

  /// A factor of R by its rows, from the numbers below the diagonal.
  private func factor(_ below: [Double]) -> Value {
    let (a, b, c) = (below[0], below[1], below[2])
    return Value([
      [1, 0, 0], [a, (1 - a * a).squareRoot(), 0], [b, c, (1 - b * b - c * c).squareRoot()],
    ])
  }

  /// The midpoint rule on 60^3 cells; below the diagonal L fills the interval times the disc. For
  /// eta = 2 the integrand is smooth and 0 at the border: the rule is good to 1e-3.
  @Test("the law of factors of correlation matrices is normalised")
  func factors() {
    let n = 60
    let grid = (0..<n).map { (Double($0) + 0.5) / Double(n) * 2 - 1 }
    var (matrices, count): ([Double], Int) = ([], 0)
    for a in grid {
      for b in grid {
        for c in grid where b * b + c * c < 1 {
          matrices += factor([a, b, c]).tensor.scalars
          count += 1
        }
      }
    }
    let logDensities = LKJCholesky(3, 2).logDensity(of: Value(matrices, shape: [count, 3, 3]))
    let cell = (2 / Double(n)) * (2 / Double(n)) * (2 / Double(n))
    let total = logDensities.exp().sum().tensor.scalars[0] * cell
    #expect((total - 1).magnitude < 2e-3)
    // Of two rows: p(r) = (1 - r^2)^(eta - 1) over 2^(2 eta - 1) B(eta, eta), here 3/4 (1 - r^2).
    let two = LKJCholesky(2, 2).logDensity(of: Value([[1, 0], [0.6, 0.8]]))
    #expect(relativeError(two.tensor.scalars, [log(0.75 * 0.64)]) < 1e-14)
  }

  /// dR / dL has the determinant L[1, 1] here: of three rows, with L[0, 0] = 1, the product of
  /// L[k, k]^(K - 1 - k).
  @Test("the law of correlation matrices is that of their factors")
  func correlations() {
    let l = factor([0.3, -0.5, 0.4])
    let r = l.times(l.transposed())
    for eta in [0.7, 1.0, 3.0] {
      let ofFactor = LKJCholesky(3, Value(eta)).logDensity(of: l) - l[1, 1].log()
      let ofMatrix = LKJ(3, Value(eta)).logDensity(of: r)
      #expect(relativeError(ofMatrix.tensor.scalars, ofFactor.tensor.scalars) < 1e-13)
    }
    checkGradients(
      of: { LKJCholesky(3, Value($0[0])).logDensity(of: Value($0[1])).tensor },
      at: [
        Tensor([0.7, 2.5]),
        (l.asColumnOfDraws * Tensor([1, 0.95])) + Tensor.zeros([3, 3, 2]),
      ].map { $0 + 0.01 })
  }

  /// k = 4.5 standard errors, 20,000 draws. Each correlation r has the law 2 Beta(b, b) - 1 with
  /// b = eta + K / 2 - 1: E r^2 = 1 / (2 b + 1).
  @Test("draws of correlation matrices")
  func lkjDraws() throws {
    let eye = Value.identity(4)
    for eta in [0.8, 2.0] {
      let drawn = try draws(LKJ(4, Value(eta)), like: eye, count: 20_000)
      let expected = 1 / (2 * (eta + 1) + 1)
      for row in 1..<4 {
        for column in 0..<row {
          let r = drawn[row][column].draws[0]
          let mean = meanCheck("r", of: r, expected: 0)
          let square = meanCheck("r^2", of: r.map { $0 * $0 }, expected: expected)
          #expect(mean.isWithin(4.5) && square.isWithin(4.5), "\(mean) \(square)")
        }
        #expect(drawn[row][row].draws[0].allSatisfy { ($0 - 1).magnitude < 1e-12 })
      }
    }
  }

  /// k = 4.5 standard errors, 20,000 draws.
  private func checkMoments(_ law: some Law, mean: [Double], second: [[Double]]) throws {
    let drawn = try draws(law, like: Value(mean), count: 20_000).draws
    for i in mean.indices {
      let check = meanCheck("mean \(i)", of: drawn[i], expected: mean[i])
      #expect(check.isWithin(4.5), "\(check)")
      for j in 0...i {
        let products = zip(drawn[i], drawn[j]).map { $0 * $1 }
        let check = meanCheck("product \(i) \(j)", of: products, expected: second[i][j])
        #expect(check.isWithin(4.5), "\(check)")
      }
    }
  }

  @Test("draws of normal vectors, also in the non-centred form")
  func normalDraws() throws {
    let (m, s) = (mean.tensor.scalars, covariance.tensor.scalars)
    func second(_ factor: Double) -> [[Double]] {
      (0..<3).map { (i: Int) -> [Double] in
        (0..<3).map { (j: Int) -> Double in s[i * 3 + j] * factor + m[i] * m[j] }
      }
    }
    try checkMoments(MultivariateNormal(mean, covariance: covariance), mean: m, second: second(1))
    // Its inverse, by the solution of three systems.
    let l = covariance.cholesky()
    let inverse = l.triangularSolve(l.triangularSolve(.identity(3)), transposed: true)
    try checkMoments(MultivariateNormal(mean, precision: inverse), mean: m, second: second(1))
    // The covariance of Student's law is nu / (nu - 2) times its scale.
    try checkMoments(
      MultivariateStudentT(10, mean, scale: covariance), mean: m, second: second(1.25))
    let law = MultivariateNormal(mean, covariance: covariance)
    let noise = Value(Tensor<Double>.pseudoRandom([2, 3, 4]))
    let moved = try #require(law.transform(ofNoise: noise))
    #expect(moved.shape == [2, 3])
    let product = l.times(noise[1]) + mean
    #expect(relativeError(moved[1].tensor.scalars, product.tensor.scalars) < 1e-14)
  }

  /// E x[i] x[j] = (a[i] a[j] + a[i] (i = j)) / (A (A + 1)).
  @Test("draws of Dirichlet vectors and of directions")
  func dirichletDraws() throws {
    let a = [0.05, 2.0, 3.5]
    let sum = a.reduce(0, +)
    let second = (0..<3).map { (i: Int) -> [Double] in
      (0..<3).map { (j: Int) -> Double in
        let diagonal = i == j ? a[i] : 0
        return (a[i] * a[j] + diagonal) / (sum * (sum + 1))
      }
    }
    try checkMoments(Dirichlet(Value(a)), mean: a.map { $0 / sum }, second: second)
    let third = (0..<3).map { (i: Int) -> [Double] in (0..<3).map { $0 == i ? 1.0 / 3 : 0 } }
    let drawn = try draws(UniformUnitVector(3), like: [1, 0, 0], count: 20_000).draws
    for i in 0..<3 {
      for j in 0..<3 {
        let products = zip(drawn[i], drawn[j]).map { $0 * $1 }
        let check = meanCheck("product", of: products, expected: third[i][j])
        #expect(check.isWithin(4.5), "\(check)")
      }
    }
  }

  @Test(
    "a matrix that is not positive definite in a draw has no density there, and others have theirs")
  func notPositiveDefinite() {
    // The second draw's covariance has an eigenvalue below 0.
    let matrices = Value(Tensor([1, 1, 0.5, 2, 0.5, 2, 1, 1], shape: [2, 2, 2]))
    let found = MultivariateNormal(0, covariance: matrices).logDensity(of: [0.3, -0.2]).tensor
      .scalars
    let alone = MultivariateNormal(0, covariance: Value([[1, 0.5], [0.5, 1]]))
      .logDensity(of: [0.3, -0.2]).tensor.scalars
    #expect(relativeError([found[0]], alone) < 1e-14)
    #expect(found[1].isNaN)
  }

  @Test("data outside the support are named")
  func faults() {
    let error = #expect(throws: ModelError.self) {
      _ = try Model { z in
        z.latent("u", Normal(0, 1))
        z.observe("x", Dirichlet([1, 1]), Value([[0.5, 0.5], [0.5, 0.4]]))
      }.density()
    }
    #expect(error?.problem == "vector 1 is [0.5, 0.4]; a value of Dirichlet sums to 1")
  }
}

extension Value {
  /// The elements of data with one draw.
  fileprivate var asColumnOfDraws: Tensor<Double> { tensor }
}
