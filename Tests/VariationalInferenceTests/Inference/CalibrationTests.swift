// SPDX-License-Identifier: Apache-2.0

import Figures
import Formats
import Foundation
import Synchronization
import TestSupport
import Testing
import VariationalInference

/// Data of one program, which another one is fitted to: they have the same parameters.
private struct WronglyFitted: SimulatableDensity {
  let simulator: Model
  let model: Model
  let density: ProgramDensity

  init(_ simulator: Model, fittedAs model: Model) throws {
    (self.simulator, self.model) = (simulator, model)
    density = try model.density(threads: WorkerPool(count: 1))
  }

  var dimension: Int { density.dimension }
  var coordinateNames: [String] { density.coordinateNames }
  var quantityNames: [String] { density.quantityNames }
  func logDensities(at points: Tensor<Double>) -> Tensor<Double> {
    density.logDensities(at: points)
  }
  func logDensitiesWithGradients(
    at points: Tensor<Double>
  ) -> (values: Tensor<Double>, gradients: Tensor<Double>) {
    density.logDensitiesWithGradients(at: points)
  }
  func quantities(at points: Tensor<Double>) -> Tensor<Double> { density.quantities(at: points) }

  func simulated(
    seed: UInt64
  ) throws -> (truth: [Double], coordinates: [Double]?, density: WronglyFitted) {
    let drawn = try simulator.prior(draws: 1, seed: seed)
    let data = ["y": Value(drawn["y"].draws.map { $0[0] })]
    return (
      drawn["mu"].draws.map { $0[0] }, nil,
      try WronglyFitted(simulator, fittedAs: model.observing(data))
    )
  }
}

/// Two unknown means, of ten observations each, y ~ N(mu + bias, deviation^2).
private func means(_ deviation: Double, bias: Double = 0) -> Model {
  Model { z in
    let mu = z.latent("mu", Normal(0, 5), count: 2)
    let each = Value.concatenated([mu[0] * Value.ones(10), mu[1] * Value.ones(10)])
    z.observe("y", Normal(each + Value(bias), Value(deviation)), [Double](repeating: 0, count: 20))
  }
}

@Suite("Simulation-based calibration")
struct CalibrationTests {
  @Test("a posterior that is known: calibrated, moments and shares as they should be")
  func calibrated() throws {
    let found = try means(1).fit().calibrate(simulations: 100, seed: 4)
    #expect(found.simulations.count == 100 && found.usableCount == 100)
    #expect(found.quantityNames == ["mu[1]", "mu[2]", "log p"])
    #expect(found.miscalibrated.isEmpty, "\(found)")
    for quantity in found.quantities {
      #expect(quantity.ranks.count == 100 && quantity.sentence == nil)
      let checks: [(Fit.Estimate, Double)] = [
        (quantity.scoreMean, 0), (quantity.scoreDeviation, 1), (quantity.coverage50, 0.5),
        (quantity.coverage90, 0.9), (quantity.shift, 0), (quantity.deviationRatio, 1),
      ]
      for (estimate, expected) in checks {
        #expect(estimate.standardError > 0 && estimate.standardError < 0.2)
        #expect((estimate.mean - expected).magnitude < 3.5 * estimate.standardError, "\(found)")
      }
    }
    #expect(found.conclusions.count == 1)
    #expect(found.conclusions[0].hasPrefix("Calibrated as far as 100 simulations can tell."))
  }

  /// Reported sd / right sd is `ratio`, reported means are too high by `shift` reported sd.
  private func check(
    _ found: Calibration, ratio: Double, shift: Double, words: String, sentence: String
  ) {
    #expect(found.miscalibrated.count == 2, "\(found)")
    for quantity in found.quantities {
      let (estimate, other) = (quantity.deviationRatio, quantity.shift)
      #expect((estimate.mean - ratio).magnitude < 4 * estimate.standardError, "\(found)")
      #expect((other.mean - shift).magnitude < 4 * other.standardError, "\(found)")
      #expect(quantity.shortDeviation == words)
      #expect(quantity.sentence?.contains(sentence) ?? false, "\(found)")
    }
    #expect(found.conclusions[0].hasPrefix("Not calibrated"))
    #expect(found.description.contains(words))
  }

  @Test("sds too small by a factor of 1.5: too narrow")
  func narrow() throws {
    let found = try WronglyFitted(means(1.5), fittedAs: means(1)).calibrate(simulations: 120)
    check(
      found, ratio: 1 / 1.5, shift: 0, words: "too narrow", sentence: "(ranks are U-shaped): sds")
  }

  @Test("sds too large by a factor of 1.8: too wide")
  func wide() throws {
    let found = try WronglyFitted(means(1), fittedAs: means(1.8)).calibrate(simulations: 120)
    check(
      found, ratio: 1.8, shift: 0, words: "too wide", sentence: "(ranks crowd in the middle): sds")
  }

  @Test("data off to one side by 0.3, about an sd: too low, too high")
  func shifted() throws {
    let shift = 0.3 * 10.0.squareRoot()
    let low = try WronglyFitted(means(1), fittedAs: means(1, bias: 0.3))
      .calibrate(simulations: 60)
    check(low, ratio: 1, shift: -shift, words: "too low", sentence: "means are shifted down by")
    let high = try WronglyFitted(means(1, bias: 0.3), fittedAs: means(1))
      .calibrate(simulations: 60)
    check(high, ratio: 1, shift: shift, words: "too high", sentence: "means are shifted up by")
  }

  @Test("the same bits for 1 and 2 threads; simulation i depends on (seed, i) alone")
  func bits() throws {
    let model = Model { z in
      let mu = z.latent("mu", Normal(0, 2))
      let tau = z.latent("tau", HalfNormal(1))
      let theta = z.latent("theta", Normal(mu, tau), count: 3, .nonCentred)
      z.observe("y", Normal(theta, 0.5), [0.0, 0, 0])
      z.define("largest gap", theta[0] - theta[2])
    }
    func ranks(_ threads: Int, _ simulations: Int, seed: UInt64 = 2) throws -> [[UInt64]] {
      try model.density(threads: WorkerPool(count: threads))
        .calibrate(simulations: simulations, seed: seed)
        .simulations.map { [$0.seed] + ($0.ranks + $0.scores).map(\.bitPattern) }
    }
    let one = try ranks(1, 6)
    #expect(one.allSatisfy { $0.count == 1 + 2 * 7 } && Set(one).count == 6)
    #expect(try ranks(2, 6) == one)
    #expect(try ranks(2, 4) == Array(one.prefix(4)))
    #expect(try ranks(1, 4, seed: 3) != Array(one.prefix(4)))
  }

  @Test("a simulation is what its seed gives again")
  func again() throws {
    let density = try means(1).density(threads: WorkerPool(count: 1))
    let found = try density.calibrate(simulations: 3).simulations[2]
    let (truth, coordinates, simulated) = try density.simulated(seed: found.seed)
    #expect(coordinates == truth)
    let posterior = try simulated.posterior(FitOptions(seed: found.seed))
    #expect(posterior.fit.verdict == found.verdict)
    for (place, value) in truth.enumerated() {
      let draws = posterior["mu"][place]
      let z = (value - draws.mean) / draws.standardDeviation
      #expect((z - found.scores[place]).magnitude < 1e-3)
      let share = Double(draws.draws[0].count { $0 < value }) / Double(draws.draws[0].count)
      if found.verdict == .use { #expect((share - found.ranks[place]).magnitude < 1e-3) }
    }
  }

  @Test("what has no prior draws, or was fitted otherwise, is refused in a sentence")
  func refused() throws {
    let flat = Model { z in
      let mu = z.latent("mu", Flat())
      z.observe("y", Normal(mu, 1), [0.3, 1.2])
    }
    #expect {
      try flat.fit().calibrate(simulations: 2)
    } throws: {
      ($0 as? ModelError)?.statement == "latent \"mu\""
    }
    let free = Model { z in
      let mu = z.latent("mu", Normal(0, 1))
      z.add(-mu.squared())
      z.observe("y", Normal(mu, 1), [0.3, 1.2])
    }
    #expect {
      try free.fit().calibrate(simulations: 2)
    } throws: {
      ($0 as? ModelError)?.problem.contains("a term that is no law") ?? false
    }
  }

  @Test("progress counts up, and the answer false stops")
  func progress() throws {
    let density = try means(1).density(threads: WorkerPool(count: 2))
    let heard = Mutex([Int]())
    _ = try density.calibrate(simulations: 5) { done in
      heard.withLock { $0.append(done) }
      return true
    }
    #expect(heard.withLock { $0 } == [1, 2, 3, 4, 5])
    #expect(throws: CancellationError.self) {
      try density.calibrate(simulations: 1000) { $0 < 3 }
    }
  }
}

@Suite("Results of a calibration")
struct CalibrationResultTests {
  /// Ranks whose normal scores are N(shift, scale^2), for each of some quantities.
  private func made(
    _ count: Int, _ laws: [(shift: Double, scale: Double)], seed: UInt64 = 1,
    verdict: (Int) -> Verdict? = { _ in .use }
  ) -> Calibration {
    let noise = Tensor<Double>.standardNormal([count, laws.count], key: NoiseKey(seed: seed))
      .scalars
    return Calibration(
      quantityNames: laws.indices.map { "x[\($0 + 1)]" },
      simulations: (0..<count).map { number in
        let scores = laws.enumerated().map { (place, law) -> Double in
          law.shift + law.scale * noise[number * laws.count + place]
        }
        let verdict = verdict(number)
        return Calibration.Simulation(
          seed: UInt64(number), verdict: verdict, failure: verdict == nil ? "no start" : nil,
          ranks: verdict == nil ? [] : scores.map(normalProbability),
          scores: verdict == nil ? [] : scores)
      })
  }

  @Test("errors of the size that is said are seen nine times in ten")
  func resolution() throws {
    let limits = try #require(made(60, [(0, 1), (0, 1)]).resolution)
    let narrow = try #require(limits.narrow)
    let wide = try #require(limits.wide)
    let shift = try #require(limits.shift)
    let laws: [(shift: Double, scale: Double)] = [(0, 1 / narrow), (0, 1 / wide), (shift, 1)]
    #expect(narrow < 1 && wide > 1 && shift > 0)
    let (runs, power): (Int, Double) = (300, 0.9)
    let test = UniformityTest(count: 60)
    for (place, law) in laws.enumerated() {
      let noise = Tensor<Double>.standardNormal([runs, 60], key: NoiseKey(seed: 9, place)).scalars
      let seen = (0..<runs).count { run in
        let scores = noise[run * 60..<(run + 1) * 60].map { law.shift + law.scale * $0 }
        return test.pValue(of: scores.map(normalProbability)) < 0.05 / 2
      }
      let error = (power * (1 - power) / Double(runs)).squareRoot()
      let share = Double(seen) / Double(runs)
      #expect((share - power).magnitude < 4 * error, "\(law): \(seen)")
    }
    let few = try #require(made(3, [(0, 1)]).resolution)
    #expect(few.narrow == nil && few.wide == nil)
  }

  @Test("only verdicts to use count, and all are counted")
  func verdicts() throws {
    let found = made(90, [(0, 1)]) { [.use, .useWeighted, .useWalked, .doNotUse, nil][$0 % 5] }
    #expect(found.usableCount == 54 && found.quantities[0].ranks.count == 54)
    for verdict in [Verdict.use, .useWeighted, .useWalked, .doNotUse, nil] {
      #expect(found.count(of: verdict) == 18)
    }
    #expect(found.conclusions.contains { $0.contains("18 of 90 was do-not-use") })
    #expect(found.description.contains("simulation 5 has no fit: no start"))
    let none = made(4, [(0, 1)]) { _ in .doNotUse }
    #expect(none.resolution == nil && none.miscalibrated.isEmpty)
    #expect(none.conclusions[0].contains("nothing can be said"))
    #expect(none.figure.panels.isEmpty)
    #expect(none.json["is_calibrated"] == .null)
  }

  @Test("p-values are adjusted by Holm's method: one bad quantity among ten is found")
  func adjusted() {
    let good = [(shift: Double, scale: Double)](repeating: (0, 1), count: 9)
    let found = made(100, good + [(0, 1.8)])
    let sorted = found.quantities.sorted { $0.pValue < $1.pValue }
    #expect(sorted[0].name == "x[10]" && found.miscalibrated.map(\.name) == ["x[10]"])
    #expect(sorted[0].adjustedPValue == min(1, sorted[0].pValue * 10))
    #expect(sorted[1].adjustedPValue == min(1, sorted[1].pValue * 9))
    #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $0.adjustedPValue <= $1.adjustedPValue })
    // The figure shows the worst first, over the band of one and that of all ten.
    let panels = found.figure.panels
    #expect(panels.count == 10 && panels[0].title == "x[10]" && panels[0].isMarked)
    #expect(
      panels[0].note.hasPrefix("too narrow") && panels.dropFirst().allSatisfy { !$0.isMarked })
    for panel in panels {
      #expect(panel.bands.count == 2 && panel.x.count == 2 + 2 * 100)
      let isInner = zip(panel.bands[1].upper, panel.bands[0].upper).allSatisfy { $0 <= $1 }
      #expect(isInner && panel.bands[1].upper[50] < panel.bands[0].upper[50])
    }
  }

  @Test("all is in the JSON, and what is undefined is null")
  func json() throws {
    let found = made(40, [(0, 1), (1.5, 1)])
    let json = try JSONValue.parse(found.json.pretty)
    #expect(json["simulations"]?.intValue == 40 && json["verdicts"]?["use"]?.intValue == 40)
    #expect(json["is_calibrated"] == false)
    let quantity = try #require(json["quantities"]?[1])
    #expect(quantity["name"] == "x[2]" && quantity["deviation"] == "too low")
    #expect(quantity["ranks"]?.arrayValue?.count == 40)
    #expect(quantity["p"]?.doubleValue == found.quantities[1].pValue)
    #expect(json["quantities"]?[0]?["deviation"] == .null)
    #expect(json["runs"]?[39]?["seed"] == "39" && json["runs"]?[39]?["verdict"] == "use")
    let one = made(1, [(0, 1)]).json["quantities"]?[0]?["z_mean"]
    #expect(try JSONValue.parse(#require(one).compact)["standard_error"] == .null)
  }
}

/// Phi(z).
private func normalProbability(_ z: Double) -> Double {
  let halved: Double = z * 0.5.squareRoot()
  return erfc(-halved) / 2
}
