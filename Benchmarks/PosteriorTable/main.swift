// SPDX-License-Identifier: Apache-2.0

import PosteriorModels
import VariationalInference

// Fits every posterior of posteriordb at hand with no arguments but the seed, and holds the moments
// that the verdict recommends against the reference:
//
//     posterior-table [FOLDER] [PART OF A NAME] [--family NAME]... [--seeds COUNT] [--skip NAME]...
//
// With families there is a table for each, of q alone: nothing walks, and what is held against the
// reference are draws of q, whatever the verdict.

/// One fit held against its reference.
struct Result {
  let error: Double
  let ratios: (low: Double, high: Double)
  let posterior: Posterior<ProgramDensity>

  init(
    _ posterior: Posterior<ProgramDensity>, _ reference: ReferencePosterior.Moments,
    isOfQ: Bool
  ) {
    self.posterior = posterior
    var (error, low, high) = (0.0, Double.infinity, 0.0)
    for (index, name) in reference.names.enumerated() {
      let value = isOfQ ? posterior.surrogate[name] : posterior[name]
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

/// What was asked for.
struct Arguments {
  var plain: [String] = []
  var families: [(name: String, family: FitFamily)] = []
  var seeds = 3
  var skipped: [String] = []

  static let known: [(name: String, family: FitFamily)] = [
    ("automatic", .automatic), ("meanField", .meanField), ("fullRank", .fullRank),
    ("lowRank", .lowRank(1)), ("laplace", .laplace), ("pathfinder", .pathfinder),
    ("flow", .flow(layers: 4)), ("mixture", .mixture(components: 4)),
  ]

  init(_ arguments: [String]) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "--family":
        let name = rest.popFirst() ?? ""
        guard let one = Self.known.first(where: { $0.name == name }) else {
          end(
            "no family '\(name)'; there are \(Self.known.map(\.name).joined(separator: ", "))",
            status: 64)
        }
        families.append(one)
      case "--seeds": seeds = rest.popFirst().flatMap { Int($0) } ?? seeds
      case "--skip": skipped += rest.popFirst().map { [$0] } ?? []
      default: plain.append(argument)
      }
    }
  }

  /// Posteriors with the part of a name, without those to skip.
  var posteriors: [ReferencePosterior] {
    ReferencePosterior.all.filter { reference in
      (plain.count < 2 || reference.name.contains(plain[1]))
        && !skipped.contains(where: reference.name.contains)
    }
  }
}

/// The table of one family, or of what the verdicts recommend.
func printTable(_ arguments: Arguments, _ options: FitOptions, isOfQ: Bool) throws {
  let folder = arguments.plain.first ?? "../shared/posteriordb"
  print(
    "| posterior | D | verdicts | worst mean error, sd | sd ratios | k-hat | sd log w | ELBO "
      + "| log evidence | gradients | densities | ms |")
  print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
  var (within, silent, total) = (0, 0, 0)
  for reference in arguments.posteriors {
    let moments = try reference.moments(in: folder)
    let model = try reference.model(in: folder)
    let results = try (0..<arguments.seeds).map { seed in
      var own = options
      own.seed = UInt64(seed)
      return Result(try model.fit(own), moments, isOfQ: isOfQ)
    }
    total += 1
    let fits = results.map(\.posterior.fit)
    if results.allSatisfy({ $0.isWithinTarget && $0.posterior.fit.verdict != .doNotUse }) {
      within += 1
    }
    silent += results.count {
      let verdict = $0.posterior.fit.verdict
      return $0.isWrong && (isOfQ ? verdict == .use : verdict != .doNotUse)
    }
    let milliseconds = results.map { $0.posterior.seconds * 1000 }.sorted()
    let first = fits[0]
    let cells = [
      reference.name, "\(first.coordinateNames.count)",
      Set(fits.map(\.verdict.rawValue)).sorted().joined(separator: ", "),
      rounded(results.map(\.error).max() ?? .nan, 3),
      rounded(results.map(\.ratios.low).min() ?? .nan, 3) + ".."
        + rounded(results.map(\.ratios.high).max() ?? .nan, 3),
      first.check.shape.map { rounded($0, 2) } ?? "-",
      rounded(first.check.logWeightDeviation, 2),
      rounded(first.elbo.mean, 3), rounded(first.logEvidence.mean, 3),
      "\(first.gradientEvaluations)", "\(first.densityEvaluations)",
      rounded(milliseconds[milliseconds.count / 2], 1),
    ]
    print("| " + cells.joined(separator: " | ") + " |")
  }
  print("")
  print(
    "\(within) of \(total) within 0.1 sd and 0.9..1.1 in the worst of \(arguments.seeds) seeds; "
      + "\(silent) of \(total * arguments.seeds) fits wrong without a warning")
}

let arguments = Arguments(Array(CommandLine.arguments.dropFirst()))
measuring {
  if arguments.families.isEmpty {
    try printTable(arguments, FitOptions(), isOfQ: false)
  }
  for (name, family) in arguments.families {
    print("\n### \(name)\n")
    try printTable(arguments, FitOptions(walks: false, family: family), isOfQ: true)
  }
}
