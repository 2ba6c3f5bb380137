// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

extension Calibration {
  /// What simulations with a verdict to use say of one parameter or derived value.
  public struct Quantity: Sendable {
    /// `tau`, or `theta[3]`.
    public let name: String
    /// The rank of the truth among the draws in each, from 0 to 1; those that have none left out.
    public let ranks: [Double]
    /// The mean of z = (truth - mean) / sd: 0 if calibrated, of any posterior.
    public let scoreMean: Fit.Estimate
    /// The root of the mean square of z: 1 if calibrated, of any posterior.
    public let scoreDeviation: Fit.Estimate
    /// The share of truths within the central 50 % interval, with the binomial error of one half.
    public let coverage50: Fit.Estimate
    /// The share of truths within the central 90 % interval, with the binomial error of 0.9.
    public let coverage90: Fit.Estimate
    /// By how many sd reported means are too high: minus the mean of the normal scores of the
    /// ranks.
    public let shift: Fit.Estimate
    /// Reported sd / right sd: 1 / sd of the normal scores of the ranks.
    public let deviationRatio: Fit.Estimate
    /// The probability of ranks so far from uniform, see ``Calibration``; 1 without ranks.
    public let pValue: Double
    /// The same adjusted for the number of quantities, by Holm's method.
    public internal(set) var adjustedPValue = 1.0

    /// Whether the ranks are not uniform.
    public var isMiscalibrated: Bool { adjustedPValue < Calibration.significance }

    init(_ name: String, ranks: [Double], scores: [Double], _ test: UniformityTest?) {
      (self.name, self.ranks) = (name, ranks)
      pValue = test?.pValue(of: ranks) ?? 1
      scoreMean = Fit.Estimate(ofMean: scores)
      let squares = Fit.Estimate(ofMean: scores.map { $0 * $0 })
      let root = squares.mean.squareRoot()
      scoreDeviation = Fit.Estimate(root, error: squares.standardError / (2 * root))
      func coverage(_ share: Double) -> Fit.Estimate {
        let inside = ranks.count { ($0 - 0.5).magnitude <= share / 2 }
        let count = Double(ranks.count)
        return Fit.Estimate(
          Double(inside) / count, error: (share * (1 - share) / count).squareRoot())
      }
      (coverage50, coverage90) = (coverage(0.5), coverage(0.9))
      let normal = ranks.map { min(max($0, 1e-12), 1 - 1e-12).normalQuantile }
      let mean = Fit.Estimate(ofMean: normal)
      shift = Fit.Estimate(-mean.mean, error: mean.standardError)
      let freedom = Double(ranks.count - 1)
      let deviation = normal.standardDeviation * (Double(ranks.count) / freedom).squareRoot()
      deviationRatio = Fit.Estimate(
        1 / deviation, error: 1 / deviation / (2 * freedom).squareRoot())
    }

    /// How ranks differ from uniform ones: what is larger than two of its errors.
    public struct Deviation: OptionSet, Sendable {
      /// The members, a bit each.
      public let rawValue: Int
      /// Members by their bits.
      public init(rawValue: Int) { self.rawValue = rawValue }
      /// Ranks crowd at both ends.
      public static let narrow = Deviation(rawValue: 1)
      /// Ranks crowd in the middle.
      public static let wide = Deviation(rawValue: 2)
      /// Posteriors lie above the truth.
      public static let high = Deviation(rawValue: 4)
      /// Posteriors lie below the truth.
      public static let low = Deviation(rawValue: 8)
    }

    /// What is wrong; empty where ranks are uniform, or not uniform in another way.
    public var deviation: Deviation {
      guard isMiscalibrated else { return [] }
      var found: Deviation = []
      let size = shift.mean / shift.standardError
      if size > 2 { found.insert(.high) }
      if size < -2 { found.insert(.low) }
      let logRatio = log(deviationRatio.mean) * deviationRatio.mean / deviationRatio.standardError
      if logRatio > 2 { found.insert(.wide) }
      if logRatio < -2 { found.insert(.narrow) }
      return found
    }
  }
}
