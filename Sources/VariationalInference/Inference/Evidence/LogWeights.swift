// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// What independent weights say, from their logarithms.
struct LogWeights {
  /// E[log w] where all weights are positive; else log s + E[log w | w > 0] for a share s that is.
  let mean: Fit.Estimate
  /// log of the mean weight.
  let logMean: Fit.Estimate
  /// (sum w)^2 / sum w^2; 0 where all weights are 0.
  let effectiveSampleSize: Double

  /// - Parameters:
  ///   - logWeights: Of those that are positive.
  ///   - zeros: How many are 0.
  init(_ logWeights: [Double], zeros: Int = 0) {
    let count = Double(logWeights.count + zeros)
    guard let largest = logWeights.max() else {
      mean = Fit.Estimate(mean: -.infinity, standardError: .infinity)
      (logMean, effectiveSampleSize) = (mean, 0)
      return
    }
    let share = Double(logWeights.count) / count
    let positive = Fit.Estimate(ofMean: logWeights)
    let variance =
      positive.standardError * positive.standardError + (1 - share) / (share * count)
    mean = Fit.Estimate(
      mean: positive.mean + log(share), standardError: variance.squareRoot())
    var (sum, squares) = (0.0, 0.0)
    for logWeight in logWeights {
      let weight = exp(logWeight - largest)
      (sum, squares) = (sum + weight, squares + weight * weight)
    }
    let size = sum * sum / squares
    effectiveSampleSize = size
    // The relative variance of a mean: (mean w^2 / (mean w)^2 - 1) / (C - 1).
    logMean = Fit.Estimate(
      mean: largest + log(sum / count),
      standardError: (max(count / size - 1, 0) / (count - 1)).squareRoot())
  }

  init(_ outcome: AnnealedPath.Outcome) {
    self.init(outcome.logWeights, zeros: outcome.zeros)
  }

  /// Of weights 1 / w: the estimate of log w's mean and the logarithm of the harmonic mean of w,
  /// with their signs as those of log w.
  static func inverse(_ outcome: AnnealedPath.Outcome) -> LogWeights {
    let inverse = LogWeights(outcome.logWeights.map { -$0 })
    return LogWeights(
      mean: inverse.mean.negative, logMean: inverse.logMean.negative,
      effectiveSampleSize: inverse.effectiveSampleSize)
  }

  private init(mean: Fit.Estimate, logMean: Fit.Estimate, effectiveSampleSize: Double) {
    (self.mean, self.logMean) = (mean, logMean)
    self.effectiveSampleSize = effectiveSampleSize
  }
}

extension Fit.Estimate {
  fileprivate var negative: Fit.Estimate {
    Fit.Estimate(mean: -mean, standardError: standardError)
  }
}
