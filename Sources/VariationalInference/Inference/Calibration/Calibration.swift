// SPDX-License-Identifier: Apache-2.0

/// What fits of simulated data say of the verdict's claim, that its draws describe the posterior.
///
/// Parameters are drawn from the prior and data from the model, so that the parameters are a draw
/// of the posterior of these data. Among draws of the same posterior their rank is uniform.
///
/// Only simulations with a verdict to use count. To select them does not bias ranks: given the
/// data, the truth is a draw of their posterior, whatever was made of the data, so that its rank in
/// the posterior is uniform given any event that the data, and random numbers of the fit, decide.
///
/// It tests the average over the prior, not the data at hand.
///
/// - Source: Talts, Betancourt, Simpson, Vehtari and Gelman, "Validating Bayesian inference
///   algorithms with simulation-based calibration", 2018, arXiv:1804.06788; Modrák, Moon, Kim,
///   Bürkner, Huurre, Faltejsková, Gelman and Vehtari, "Simulation-based calibration checking for
///   Bayesian computation: the choice of test quantities shapes sensitivity", Bayesian Analysis
///   (2023), arXiv:2211.02383.
public struct Calibration: Sendable {
  /// One data set that the model drew, and where the truth lies in what was made of it.
  public struct Simulation: Sendable {
    /// Gives the same truth, data and fit again: of ``SimulatableDensity/simulated(seed:)`` and
    /// ``FitOptions/seed``.
    public let seed: UInt64
    /// What was made of the fit; nil where there is none.
    public let verdict: Verdict?
    /// Why there is no fit.
    public let failure: String?
    /// The rank of each quantity's truth among its draws, from 0 to 1; not a number where it has
    /// none.
    public let ranks: [Double]
    /// (truth - mean) / sd of each quantity; not a number for what does not vary.
    public let scores: [Double]

    package init(
      seed: UInt64, verdict: Verdict?, failure: String?, ranks: [Double], scores: [Double]
    ) {
      (self.seed, self.verdict, self.failure) = (seed, verdict, failure)
      (self.ranks, self.scores) = (ranks, scores)
    }

    /// Whether the verdict is to use something.
    public var isUsable: Bool { verdict != nil && verdict != .doNotUse }
  }

  /// The smallest errors of all posteriors of one quantity that so many simulations show with a
  /// probability of 0.9, of posteriors that are normal; nil where none is large enough.
  public struct Resolution: Sendable {
    /// Reported sd / right sd, below 1.
    public let narrow: Double?
    /// The same, above 1.
    public let wide: Double?
    /// A mean off to one side, in sd.
    public let shift: Double?
  }

  /// What log p, the log joint density of coordinates and data, is called among the quantities.
  public static let logDensityName = "log p"

  /// The names of the quantities: those of the density, and ``logDensityName`` where the truth's
  /// coordinates are known.
  public let quantityNames: [String]
  /// In their order.
  public let simulations: [Simulation]
  /// What those with a verdict to use say of each quantity.
  public let quantities: [Quantity]
  /// What would be seen; nil where no simulation is usable.
  public let resolution: Resolution?

  /// The p-value, adjusted for the number of quantities, below which ranks are not uniform.
  public static let significance = 0.05

  package init(quantityNames: [String], simulations: [Simulation]) {
    self.simulations = simulations
    let usable = simulations.filter(\.isUsable)
    // Where no truth has known coordinates there is no log p.
    let hasNoLogDensity =
      quantityNames.last == Self.logDensityName
      && usable.allSatisfy { !($0.ranks.last?.isFinite ?? false) }
    let quantityNames = hasNoLogDensity ? quantityNames.dropLast() : quantityNames
    self.quantityNames = quantityNames
    // Most quantities have a rank in every simulation, and share a test.
    var tests: [Int: UniformityTest] = [:]
    var quantities = quantityNames.enumerated().map { place, name in
      let ranks = usable.map { $0.ranks[place] }.filter(\.isFinite)
      let test = ranks.isEmpty ? nil : tests[ranks.count] ?? UniformityTest(count: ranks.count)
      tests[ranks.count] = test
      return Quantity(
        name, ranks: ranks, scores: usable.map { $0.scores[place] }.filter(\.isFinite), test)
    }
    Self.adjust(&quantities)
    self.quantities = quantities
    let test = usable.isEmpty ? nil : tests[usable.count] ?? UniformityTest(count: usable.count)
    resolution = test.map { test in
      test.resolution(
        test.gamma(holding: 1 - Self.significance / Double(max(1, quantityNames.count))))
    }
  }

  /// p-values for any number of quantities, by Holm's method.
  ///
  /// - Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian J.
  ///   Statistics 6 (1979).
  private static func adjust(_ quantities: inout [Quantity]) {
    let order = quantities.indices.filter { !quantities[$0].ranks.isEmpty }
      .sorted { (quantities[$0].pValue, $0) < (quantities[$1].pValue, $1) }
    var largest = 0.0
    for (number, place) in order.enumerated() {
      largest = max(largest, min(1, quantities[place].pValue * Double(order.count - number)))
      quantities[place].adjustedPValue = largest
    }
  }

  /// How many simulations have a verdict; nil counts those without a fit.
  public func count(of verdict: Verdict?) -> Int {
    simulations.count { $0.verdict == verdict }
  }

  /// How many have a verdict to use.
  public var usableCount: Int { simulations.count(where: \.isUsable) }

  /// Those quantities whose ranks are not uniform, the worst first.
  public var miscalibrated: [Quantity] {
    quantities.filter(\.isMiscalibrated).sorted { $0.pValue < $1.pValue }
  }
}
