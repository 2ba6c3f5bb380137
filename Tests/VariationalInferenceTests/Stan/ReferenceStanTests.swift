// SPDX-License-Identifier: Apache-2.0

import Formats
import PosteriorModels
import TestSupport
import Testing
import VariationalInference

/// Stan programs through a real library, held against the same models as programs in Swift.
@Suite(
  "Stan programs of posteriordb",
  .enabled(if: StanLibraries.real != nil, "no Stan library is at hand: `make stan` fetches one"),
  .enabled(if: SharedData.holds("posteriordb"), "../shared is absent: the data are not here"))
struct ReferenceStanTests {
  private static let folder = SharedData.path("posteriordb")

  private func density(_ name: String) throws -> StanDensity {
    try StanDensity(
      StanProgram(path: StanLibraries.program(name)),
      data: StanData(path: "\(Self.folder)/\(name)/data.json"),
      library: StanLibrary(path: #require(StanLibraries.real)))
  }

  /// Where the programs are held against each other, in Stan's coordinates.
  private func points(_ name: String, _ dimension: Int) -> Tensor<Double> {
    let points = Tensor<Double>.uniform([6, dimension], in: -1..<1, key: NoiseKey(seed: 5))
    guard name.hasPrefix("hudson_lynx_hare") else { return points }
    // An equation that is solved in steps of 0.2 there is good to so much where the data are.
    let center = [-0.6, -3.6, -0.2, -3.7, 3.5, 1.8, -1.4, -1.4]
    return points * 0.05 + Tensor(center, shape: [8])
  }

  /// How much further apart coordinates of simplexes are in Swift: there Stan's are isometric log ratios, of
  /// two parts u = logit(p) / sqrt(2).
  private func stretch(_ name: String, _ dimension: Int) -> Tensor<Double> {
    let isStretched = name.hasPrefix("hmm_example")
    return Tensor(
      (0..<dimension).map { isStretched && $0 < 2 ? 2.0.squareRoot() : 1 }, shape: [dimension])
  }

  @Test(
    "densities and gradients are those of Swift's programs, up to the constants of half laws",
    arguments: ReferencePosterior.all)
  func densities(_ reference: ReferencePosterior) throws {
    let stan = try density(reference.name)
    let swift = try reference.model(in: Self.folder).density()
    #expect(stan.dimension == swift.dimension)
    let points = points(reference.name, stan.dimension)
    let stretch = stretch(reference.name, stan.dimension)
    let found = stan.logDensitiesWithGradients(at: points)
    let other = swift.logDensitiesWithGradients(at: points * stretch)
    let tolerance = reference.name.hasPrefix("hudson_lynx_hare") ? 5e-3 : 1e-10
    // Half laws are normalised in Swift. The other's half Student-t is one more; the volumes of both
    // stretched simplexes are sqrt(2) each.
    let more: [String: Double] = ["diamonds-diamonds": 1, "hmm_example-hmm_example": -1]
    let constant = 0.6931471805599453 * (Double(reference.halves) + (more[reference.name] ?? 0))
    for (one, two) in zip(found.values.scalars, other.values.scalars) {
      #expect(one.isFinite)
      #expect(
        abs(two - one - constant + reference.constant) <= tolerance * max(1, abs(one)),
        "\(one) \(two)")
    }
    for (one, two) in zip(found.gradients.scalars, (other.gradients * stretch).scalars) {
      #expect(abs(one - two) <= tolerance * max(1, abs(one)), "\(one) \(two)")
    }
  }

  @Test("fitted with no arguments", arguments: ReferencePosterior.all)
  func fitted(_ reference: ReferencePosterior) throws {
    let posterior = try density(reference.name).posterior()
    guard posterior.fit.verdict != .doNotUse else {
      #expect(reference.name == "eight_schools-eight_schools_centered", "\(posterior)")
      return
    }
    let moments = try reference.moments(in: Self.folder)
    let rows = Dictionary(uniqueKeysWithValues: posterior.rows.map { ($0.name, $0) })
    for (index, name) in moments.names.enumerated() {
      let row = try #require(rows[name], "\(name)")
      let (mean, sd) = (moments.means[index], moments.deviations[index])
      #expect(abs(row.mean - mean) < 0.3 * sd, "\(name) \(row.mean) \(mean)")
      #expect((0.7...1.4).contains(row.standardDeviation / sd), "\(name)")
    }
  }
}

/// What a real library does with programs.
@Suite(
  "A real Stan library",
  .enabled(if: StanLibraries.real != nil, "no Stan library is at hand: `make stan` fetches one"))
struct RealStanLibraryTests {
  private func library() throws -> StanLibrary {
    try StanLibrary(path: #require(StanLibraries.real))
  }

  private static let schools = """
    data { int J; array[J] real y; array[J] real<lower=0> sigma; }
    parameters { vector[J] z; real mu; real<lower=0> tau; }
    transformed parameters { vector[J] theta = mu + tau * z; matrix[2, 3] L = rep_matrix(mu, 2, 3); }
    model {
      z ~ std_normal();
      mu ~ normal(0, 5);
      tau ~ cauchy(0, 5) T[0, ];
      y ~ normal(theta, sigma);
    }
    generated quantities { array[J] real y_rep = normal_rng(theta, sigma); }
    """
  private static let data = """
    {"J": 8, "y": [28, 8, -3, 7, -1, 1, 18, 12], "sigma": [15, 10, 16, 11, 9, 11, 10, 18]}
    """

  @Test("eight schools: the evidence is known in full")
  func evidence() throws {
    let density = try StanDensity(
      StanProgram(Self.schools), data: StanData(json: Self.data), library: library())
    #expect(density.unknownConstant == nil)
    #expect(
      density.quantityNames[18...] == ["L[1,1]", "L[1,2]", "L[1,3]", "L[2,1]", "L[2,2]", "L[2,3]"])
    #expect(density.parameterNames.count == 10)
    let fit = try density.posterior(FitOptions(seed: 1)).fit
    // By quadrature over tau.
    let error = (fit.logEvidence.mean + 31.3113) / fit.logEvidence.standardError
    #expect(abs(error) < 4, "\(fit.logEvidence)")
  }

  @Test("one handle serves many threads: the same bits")
  func threads() throws {
    let library = try library()
    let points = Tensor<Double>.standardNormal([256, 10], key: NoiseKey(seed: 1))
    func found(_ threads: Int) throws -> [Double] {
      let density = try StanDensity(
        StanProgram(Self.schools), data: StanData(json: Self.data), library: library,
        generated: true, threads: WorkerPool(count: threads))
      let gradients = (0..<20).map { _ in
        density.logDensitiesWithGradients(at: points).gradients.scalars
      }
      #expect(gradients.allSatisfy { $0 == gradients[0] })
      return gradients[0] + density.quantities(at: points).scalars
    }
    let alone = try found(1)
    #expect(try found(4) == alone && found(3) == alone)
  }

  @Test("compiling from many threads, one at a time")
  func compiling() throws {
    let library = try library()
    let names = WorkerPool(count: 4).map(8) { number -> String in
      let program = StanProgram(
        "parameters { real x\(number); } model { x\(number) ~ std_normal(); }")
      let density = try? StanDensity(program, library: library, threads: WorkerPool(count: 1))
      return density?.coordinateNames.first ?? "none"
    }
    #expect(names == (0..<8).map { "x\($0)" })
  }

  @Test("included files are found beside the program, and their ~ is written out too")
  func includes() throws {
    try withTemporaryFolder { folder in
      try AtomicFile.write(Array("  x ~ normal(0, 2);".utf8), to: "\(folder)/prior.stan")
      let path = "\(folder)/m.stan"
      try AtomicFile.write(
        Array("parameters { real x; } model {\n#include prior.stan\n}".utf8), to: path)
      let density = try StanDensity(StanProgram(path: path), library: library())
      #expect(density.unknownConstant == nil)
      let value = density.logDensities(at: Tensor([0], shape: [1, 1])).scalar
      #expect(abs(value + 0.9189385332046727 + 0.6931471805599453) < 1e-12)
    }
  }

  @Test("laws with their constants integrate to 1")
  func laws() throws {
    let program = """
      parameters { simplex[3] p; real<lower=0> s; real<lower=0, upper=1> b; real a; cov_matrix[2] S; }
      model {
        p ~ dirichlet([2, 3, 4]'); s ~ gamma(3, 2); b ~ beta(3, 2); a ~ student_t(5, 0, 1);
        S ~ wishart(6, identity_matrix(2));
      }
      """
    let density = try StanDensity(StanProgram(program), library: library())
    #expect(density.unknownConstant == nil)
    let fit = try density.posterior(FitOptions(draws: 20_000)).fit
    #expect(abs(fit.logEvidence.mean) < 4 * fit.logEvidence.standardError, "\(fit.logEvidence)")
  }

  @Test("a simulator of some parameters draws their prior, and simulates no data sets")
  func priorAlone() throws {
    let library = try library()
    let program = StanProgram(
      """
      data { int N; vector[N] y; }
      parameters { real b; real<lower=0> s; }
      model { b ~ normal(0, 1); s ~ gamma(4, 4); y ~ normal(b, s); }
      """, name: "m")
    let data = try StanData(json: "{\"N\": 2, \"y\": [1, 2]}")
    let density = try StanDensity(program, data: data, library: library)
    let simulator = StanProgram(
      "generated quantities { real b = normal_rng(0, 1); }", name: "b")
    func simulated(threads: Int) throws -> SimulatedStanDensity {
      try SimulatedStanDensity(
        density, simulator: simulator, library: library, threads: WorkerPool(count: threads),
        isComplete: false)
    }
    let draws = try simulated(threads: 1).priorQuantities(count: 4000, seed: 3)
    #expect(Array(draws.keys) == ["b"])
    #expect(try simulated(threads: 2).priorQuantities(count: 4000, seed: 3) == draws)
    let checks = standardNormalChecks(try #require(draws["b"]))
    #expect(checks.allSatisfy { $0.isWithin(4) }, "\(checks)")
    // Data sets that are not drawn would all be the one that was seen.
    let incomplete = try simulated(threads: 1)
    let error = try #require(throws: StanError.self) { try incomplete.simulated(seed: 1) }
    #expect(
      error.description == "the simulating program 'b' does not draw the parameter 's'")
  }
}
