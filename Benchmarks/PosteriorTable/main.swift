// SPDX-License-Identifier: Apache-2.0

import PosteriorModels
import VariationalInference

// Fits every posterior of posteriordb at hand with no arguments but the seed, and holds the moments that
// the verdict recommends against the reference.

/// One fit held against its reference.
struct Result {
  let error: Double
  let ratios: (low: Double, high: Double)
  let posterior: Posterior<ProgramDensity>

  init(_ posterior: Posterior<ProgramDensity>, _ reference: ReferencePosterior.Moments) {
    self.posterior = posterior
    var (error, low, high) = (0.0, Double.infinity, 0.0)
    for (index, name) in reference.names.enumerated() {
      let value = posterior[name]
      let deviation = reference.deviations[index]
      error = max(error, (value.mean - reference.means[index]).magnitude / deviation)
      low = min(low, value.standardDeviation / deviation)
      high = max(high, value.standardDeviation / deviation)
    }
    (self.error, ratios) = (error, (low, high))
  }

  var isWithinTarget: Bool { error <= 0.1 && ratios.low >= 0.9 && ratios.high <= 1.1 }
  var isWrong: Bool { !(error <= 0.3 && ratios.low >= 0.7 && ratios.high <= 1.4) }
}

func rounded(_ x: Double, _ digits: Int) -> String {
  let scale = (0..<digits).reduce(1.0) { product, _ in product * 10 }
  return "\((x * scale).rounded() / scale)"
}

let folder = CommandLine.arguments.dropFirst().first ?? "../shared/posteriordb"
let only = CommandLine.arguments.dropFirst(2).first
let seeds: [UInt64] = [0, 1, 2]
print(
  "| posterior | D | verdicts | worst mean error, sd | sd ratios | k-hat | ELBO | log evidence "
    + "| gradients | densities | ms |")
print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
var (within, silent, total) = (0, 0, 0)
for reference in ReferencePosterior.all where only.map(reference.name.contains) ?? true {
  let moments = try reference.moments(in: folder)
  let model = try reference.model(in: folder)
  let results = try seeds.map { Result(try model.fit(FitOptions(seed: $0)), moments) }
  total += 1
  let fits = results.map(\.posterior.fit)
  if results.allSatisfy({ $0.isWithinTarget && $0.posterior.fit.verdict != .doNotUse }) {
    within += 1
  }
  silent += results.count { $0.isWrong && $0.posterior.fit.verdict != .doNotUse }
  let milliseconds = results.map { $0.posterior.seconds * 1000 }.sorted()
  let first = fits[0]
  let cells = [
    reference.name, "\(first.coordinateNames.count)",
    Set(fits.map(\.verdict.rawValue)).sorted().joined(separator: ", "),
    rounded(results.map(\.error).max() ?? .nan, 3),
    rounded(results.map(\.ratios.low).min() ?? .nan, 3) + ".."
      + rounded(results.map(\.ratios.high).max() ?? .nan, 3),
    first.check.shape.map { rounded($0, 2) } ?? "-",
    rounded(first.elbo.mean, 3), rounded(first.logEvidence.mean, 3),
    "\(first.gradientEvaluations)", "\(first.densityEvaluations)",
    rounded(milliseconds[1], 1),
  ]
  print("| " + cells.joined(separator: " | ") + " |")
}
print("")
print(
  "\(within) of \(total) within 0.1 sd and 0.9..1.1 in the worst of \(seeds.count) seeds; "
    + "\(silent) of \(total * seeds.count) fits wrong without a warning")
