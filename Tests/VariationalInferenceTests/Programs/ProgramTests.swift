// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

@Suite("Programs")
struct ProgramTests {
  private static let y = Value([28, 8, -3, 7, -1, 1, 18, 12])
  private static let sigma = Value([15, 10, 16, 11, 9, 11, 10, 18])

  private static func schools(_ form: Form) -> Model {
    Model { z in
      let mu = z.latent("mu", Normal(0, 5))
      let tau = z.latent("tau", Flat(.positive))
      let theta = z.latent("theta", Normal(mu, tau), count: 8, form)
      z.observe("y", Normal(theta, sigma), y)
      z.define("largest effect", theta[0] - theta[4])
    }
  }

  /// The log joint density written out, in plain numbers.
  private static func byHand(_ u: [Double], _ form: Form) -> Double {
    func normal(_ x: Double, _ m: Double, _ s: Double) -> Double {
      -0.5 * (x - m) * (x - m) / (s * s) - logarithm(s) - 0.918938533204672742
    }
    let (mu, tau) = (u[0], exponential(u[1]))
    var total = normal(mu, 0, 5) + u[1]
    for j in 0..<8 {
      let theta = form == .nonCentred ? mu + tau * u[2 + j] : u[2 + j]
      total += form == .nonCentred ? normal(u[2 + j], 0, 1) : normal(theta, mu, tau)
      total += normal(y.tensor.scalars[j], theta, sigma.tensor.scalars[j])
    }
    return total
  }

  @Test("names, shapes and places come from the closure")
  func structure() throws {
    let density = try Self.schools(.nonCentred).density()
    #expect(density.dimension == 10)
    #expect(density.coordinateNames.prefix(4) == ["mu", "tau", "theta[1]", "theta[2]"])
    #expect(density.quantityNames.count == 11)
    #expect(density.quantityNames.last == "largest effect")
    #expect(density.isImproper)
  }

  @Test(
    "the log joint is that of the formulas, for any number of draws and threads",
    arguments: [Form.centred, .nonCentred])
  func logJoint(_ form: Form) throws {
    for threads in [1, 3] {
      let density = try Self.schools(form).density(threads: WorkerPool(count: threads))
      for draws in [1, 2, 7, 64] {
        let points = Tensor<Double>.standardNormal([draws, 10], key: NoiseKey(seed: 3))
        let found = density.logDensities(at: points).scalars
        for (row, value) in found.enumerated() {
          let u = Array(points.scalars[row * 10..<row * 10 + 10])
          #expect(abs(value - Self.byHand(u, form)) < 1e-11)
        }
        let (values, gradients) = density.logDensitiesWithGradients(at: points)
        #expect(values.scalars == found)
        #expect(gradients.shape == [draws, 10])
      }
    }
  }

  @Test("gradients agree with central differences", arguments: [Form.centred, .nonCentred])
  func gradients(_ form: Form) throws {
    let density = try Self.schools(form).density()
    let points = Tensor<Double>.standardNormal([5, 10], key: NoiseKey(seed: 4))
    let gradients = density.logDensitiesWithGradients(at: points).gradients.scalars
    let h = 1e-5
    for row in 0..<5 {
      for coordinate in 0..<10 {
        var (up, down) = (points.scalars, points.scalars)
        up[row * 10 + coordinate] += h
        down[row * 10 + coordinate] -= h
        let difference =
          (density.logDensities(at: Tensor(up, shape: [5, 10])).scalars[row]
            - density.logDensities(at: Tensor(down, shape: [5, 10])).scalars[row]) / (2 * h)
        let found = gradients[row * 10 + coordinate]
        #expect(abs(difference - found) < 1e-6 * max(1, abs(found)))
      }
    }
  }

  @Test("a row's bits depend neither on the rows beside it nor on the threads")
  func bits() throws {
    // Large enough to be shared among threads, in blocks of eight rows.
    let x = Value(
      Tensor<Double>.standardNormal([900 * 3], key: NoiseKey(seed: 1)).scalars, shape: [900, 3])
    let response = Value(Tensor<Double>.standardNormal([900], key: NoiseKey(seed: 2)).scalars)
    let model = Model { z in
      let beta = z.latent("beta", Normal(0, 10), count: 3)
      let s = z.latent("s", Flat(.positive))
      z.observe("y", Normal(x.times(beta), s), response)
    }
    let points = Tensor<Double>.standardNormal([73, 4], key: NoiseKey(seed: 5))
    let reference = try model.density(threads: WorkerPool(count: 1))
      .logDensitiesWithGradients(at: points)
    for threads in [2, 3, 4] {
      let found = try model.density(threads: WorkerPool(count: threads))
        .logDensitiesWithGradients(at: points)
      #expect(found.values.scalars == reference.values.scalars)
      #expect(found.gradients.scalars == reference.gradients.scalars)
    }
    let density = try model.density()
    for row in [0, 8, 72] {
      let alone = density.logDensitiesWithGradients(at: points.slice(row..<row + 1))
      #expect(alone.values.scalar == reference.values.scalars[row])
      #expect(alone.gradients.scalars == Array(reference.gradients.scalars[row * 4..<row * 4 + 4]))
    }
  }

  @Test("a fit has the same bits for any number of threads")
  func fitsOnThreads() throws {
    let x = Value(
      Tensor<Double>.standardNormal([900 * 3], key: NoiseKey(seed: 1)).scalars, shape: [900, 3])
    let response = Value(Tensor<Double>.standardNormal([900], key: NoiseKey(seed: 2)).scalars)
    let model = Model { z in
      let beta = z.latent("beta", StudentT(3, 0, 1), count: 3)
      let s = z.latent("s", HalfNormal(1))
      z.observe("y", Normal(x.times(beta), s), response)
    }
    let fits = try [1, 2, 3].map {
      try model.density(threads: WorkerPool(count: $0)).posterior(FitOptions(seed: 4))
    }
    for other in fits.dropFirst() {
      #expect(other.fit.elbo.mean == fits[0].fit.elbo.mean)
      #expect(other.fit.importanceLogWeights == fits[0].fit.importanceLogWeights)
      #expect(other["beta"].draws == fits[0]["beta"].draws)
    }
  }

  @Test("a prior that does not integrate to 1 leaves the evidence up to a constant")
  func normalisation() throws {
    func isImproper(_ law: some Law) throws -> Bool {
      try Model { z in
        z.observe("y", Normal(z.latent("a", law).sum(), 1), [0.5])
      }.density().isImproper
    }
    #expect(try isImproper(Flat(.interval(0, 1))))
    #expect(try !isImproper(Ordered(Normal(0, 1), count: 2)))
    #expect(try isImproper(Ordered(Normal(Value([0, 1]), 1))))
  }

  @Test("quantities are on the parameters' own scale")
  func quantities() throws {
    let density = try Self.schools(.nonCentred).density()
    let u: [Double] = [1, 0.5, 0, 1, 2, 3, 4, 5, 6, 7]
    let found = density.quantities(at: Tensor(u + u, shape: [2, 10])).scalars
    let tau = exponential(0.5)
    let expected = [1, tau] + (0..<8).map { 1 + tau * Double($0) } + [-4 * tau]
    for (a, b) in zip(found, expected + expected) { #expect(abs(a - b) < 1e-12) }
  }

  @Test("what is predicted is drawn, and takes no part in inference")
  func predictions() throws {
    let model = Model { z in
      let mu = z.latent("mu", Normal(1, 2))
      z.observe("y", Normal(mu, 1), [3, 5])
      z.predict("next", Normal(mu, 3), count: 2)
    }
    let density = try model.density()
    #expect(density.dimension == 1)
    #expect(density.quantityNames == ["mu"])
    let posterior = try model.fit()
    // Precision 1/4 + 2, mean (1/4 + 8) / that; the spread of a prediction is that of mu and 3 together.
    let (mean, variance) = (8.25 / 2.25, 1 / 2.25)
    let predicted = try posterior.predictive(draws: 20_000)["next"][1]
    let deviation = (variance + 9).squareRoot()
    #expect(abs(predicted.mean - mean) < 4 * deviation / 20_000.0.squareRoot())
    #expect(abs(predicted.standardDeviation / deviation - 1) < 0.03)
    #expect(try posterior.predictive(draws: 1)["next"].draws[0].count == 1)
  }

  @Test("numbers and vectors join; vectors are columns")
  func joins() {
    #expect(Value.concatenated([1, Value([2, 3])]).numbers == [1, 2, 3])
    #expect(Value.columns([Value([1, 2]), Value([3, 4])]).numbers == [1, 3, 2, 4])
  }

  @Test("a model whose statements depend on values has no density there")
  func changing() throws {
    let model = Model { z in
      let a = z.latent("a", Normal(0, 1))
      // One draw in the run for the structure, two or more at points.
      if a.draws == 1 { z.latent("b", Normal(0, 1)) } else { z.latent("c", Normal(0, 1)) }
    }
    #expect(throws: FitError.self) { try model.fit() }
  }

  @Test("draws from the prior, of parameters and of data, have the prior's moments")
  func prior() throws {
    let model = Model { z in
      let mu = z.latent("mu", Normal(3, 2))
      let x = z.latent("x", Normal(mu, 1), count: 2, .nonCentred)
      z.observe("y", Normal(x, 0.5), [0, 0])
    }
    let n = 20_000
    let draws = try model.prior(draws: n, seed: 1)
    // Four standard errors of a mean and of a standard deviation.
    let error = 4 / Double(n).squareRoot()
    let total = (4.0 + 1 + 0.25).squareRoot()
    #expect(abs(draws["mu"].mean - 3) < 2 * error)
    #expect(abs(draws["y"][1].mean - 3) < total * error)
    #expect(abs(draws["y"][1].standardDeviation - total) < total * error)
    #expect(draws.names == ["mu", "x", "y"])
    let again = try model.prior(draws: n, seed: 1)
    #expect(again["y"].draws == draws["y"].draws)
  }
}

private func logarithm(_ x: Double) -> Double { Tensor([x]).log().scalar }
private func exponential(_ x: Double) -> Double { Tensor([x]).exp().scalar }

@Suite("Mistakes in programs")
struct ProgramMistakeTests {
  /// A model with a mistake, and what the error must say.
  struct Case: Sendable, CustomTestStringConvertible {
    let words: [String]
    let model: Model
    var testDescription: String { words.joined(separator: " ") }
    init(_ words: String..., model: @escaping @Sendable (Program) -> Void) {
      (self.words, self.model) = (words, Model(model))
    }
  }

  static let cases = [
    Case("no latent variable") { z in z.observe("y", Normal(0, 1), [1]) },
    Case("latent \"a\"", "another statement has this name") { z in
      z.latent("a", Normal(0, 1))
      z.latent("a", Normal(0, 1))
    },
    Case("latent \"\"", "no name") { z in z.latent("", Normal(0, 1)) },
    Case("observe \"y\"", "shapes [3] and [4]") { z in
      let a = z.latent("a", Normal(0, 1), count: 3)
      z.observe("y", Normal(a + Value([1, 2, 3, 4]), 1), [1, 2, 3, 4])
    },
    Case("observe \"y\"", "[2]", "[3]") { z in
      let a = z.latent("a", Normal(0, 1), count: 3)
      z.observe("y", Normal(a, 1), [1, 2])
    },
    Case("latent \"b\"", "[4]", "[3]") { z in
      let a = z.latent("a", Normal(0, 1), count: 3)
      z.latent("b", Normal(a, 1), count: 4)
    },
    Case("observe \"y\"", "no data") { z in
      let a = z.latent("a", Normal(0, 1))
      z.observe("y", Normal(a, 1), Value([Double]()))
    },
    Case("observe \"y\"", "element 1", "nan") { z in
      let a = z.latent("a", Normal(0, 1))
      z.observe("y", Normal(a, 1), Value([1, .nan]))
    },
    Case("define \"b\"", "no element 5", "[3]") { z in
      let a = z.latent("a", Normal(0, 1), count: 3)
      z.define("b", a[5])
    },
    Case("observe \"y\"", "matrix product", "[2, 2]", "[3]") { z in
      let a = z.latent("a", Normal(0, 1), count: 3)
      z.observe("y", Normal(Value([[1, 2], [3, 4]]).times(a), 1), [1, 2])
    },
    Case("latent \"a\"", "non-centred") { z in
      z.latent("a", Flat(), count: 3, .nonCentred)
    },
    Case("observe \"y\"", "there is no 'z' in the data; there are x") { z in
      let a = z.latent("a", Normal(0, 1))
      z.observe("y", Normal(a, 1), ModelData(["x": 1])["z"])
    },
    Case("plate", "a subset of 5 of 3 examples") { z in
      z.latent("a", Normal(0, 1))
      z.plate(size: 3, subset: 5) { _ in }
    },
  ]

  @Test("are named with their statement", arguments: cases)
  func named(_ mistake: Case) {
    do {
      _ = try mistake.model.density()
      Issue.record("no error")
    } catch {
      for word in mistake.words {
        #expect("\(error)".contains(word), "\(error)")
      }
    }
  }

  @Test("a flat prior has no draws, and says so")
  func flat() {
    let model = Model { z in z.latent("a", Flat()) }
    #expect(throws: ModelError.self) { try model.prior(draws: 3) }
  }

  @Test("the statement without a finite density is named with the values there")
  func diagnosis() throws {
    let model = Model { z in
      let a = z.latent("a", Normal(0, 1))
      z.observe("y", Normal(0, a), [1])
    }
    let density = try model.density()
    #expect(density.failure(at: [1]) == nil)
    let sentence = try #require(density.failure(at: [-1]))
    #expect(sentence.contains("observe \"y\""))
    #expect(sentence.contains("a = -1"))
  }
}
