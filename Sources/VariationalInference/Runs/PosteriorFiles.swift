// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Tensors

/// The files in which a posterior is handed on: to ArviZ and CmdStanPy, and to chains of CmdStan
/// that start from the fit.
package struct PosteriorFiles<Density: LogDensity> {
  let posterior: Posterior<Density>
  /// What the model is called.
  let model: String

  package init(posterior: Posterior<Density>, model: String) {
    (self.posterior, self.model) = (posterior, model)
  }

  /// A file with its contents.
  package typealias File = (name: String, contents: [UInt8])

  /// Chains of CmdStan that may start from the fit.
  static var starts: Int { 4 }
  /// A dense metric of more coordinates would be a file of a million numbers and more.
  private static var mostForDense: Int { 1000 }

  private var fit: Fit { posterior.fit }

  /// All, in the order in which they are told: a file of draws, or one of each chain; then the others.
  package var all: (draws: [File], others: [File]) {
    let densities = posterior.density.logDensities(at: fit.draws.points).doubles
    let inits = inits(densities).enumerated().map {
      File("inits_\($0 + 1).json", Array(($1.compact + "\n").utf8))
    }
    let tables: [File] = [
      ("summary.csv", summary.encoded()),
      ("posterior.json", Array(posterior.json(model: model).pretty.utf8)),
    ]
    return (draws(densities), tables + inits + metrics)
  }

  // MARK: Draws

  /// The draws of parameters and derived values: a file of each chain, or one.
  private func draws(_ densities: [Double]) -> [File] {
    let ofQ = fit.logDensitiesOfQ(at: fit.draws.points)
    let isWalked = fit.verdict == .useWalked
    return EqualDraws(fit).files.enumerated().map { index, rows in
      File(
        isWalked ? PosteriorFolder.draws(ofChain: index + 1) : PosteriorFolder.draws,
        draws(rows, number: index + 1, densities: densities, ofQ: ofQ).encoded())
    }
  }

  /// The draws in some rows.
  private func draws(
    _ rows: [Int], number: Int, densities: [Double], ofQ: [Double]
  ) -> StanCSV {
    var names = ["lp__", "lp_approx__"]
    var columns = [densities, ofQ].map { column in rows.map { column[$0] } }
    var taken = Set(names)
    for name in posterior.draws.names {
      let value = posterior.draws[name]
      for element in StanCSV.elements(of: name, shape: value.shape) {
        let own = value.draws[element.place]
        columns.append(rows.map { own[$0] })
        var unique = element.name
        while !taken.insert(unique).inserted { unique += "_" }
        names.append(unique)
      }
    }
    return StanCSV(
      header: header(count: rows.count, number: number), names: names, columns: columns,
      footer: [
        "", " Elapsed Time: 0 seconds (Warm-up)",
        "               \(posterior.seconds.fixed(6)) seconds (Sampling)",
        "               \(posterior.seconds.fixed(6)) seconds (Total)", "",
      ])
  }

  /// What was done, in words, and under CmdStan's keys. The method's name tells readers what the
  /// draws are: those of chains are a sample, others are independent draws by log p and log q, as
  /// Pathfinder's are. That algorithm among the samplers is the one of which no reader expects a
  /// step size and a metric.
  private func header(count: Int, number: Int) -> [String] {
    let isResampled = fit.verdict == .useWeighted
    let method =
      if fit.verdict == .useWalked, let walk = fit.walk {
        [
          "method = sample", "  sample", "    num_samples = \(count)",
          "    num_warmup = \(Walk.discarded(ofRounds: walk.rounds))",
          "    save_warmup = false", "    thin = 1", "    algorithm = fixed_param",
        ]
      } else {
        [
          "method = pathfinder", "  pathfinder", "    num_draws = \(count)",
          // q, q twice and four times as wide, and q stretched along coordinates.
          "    num_paths = \(isResampled ? 4 : 1)", "    psis_resample = \(isResampled)",
          "    calculate_lp = true",
        ]
      }
    return [
      "Written by elbo \(ElboVersion.current) in the format of CmdStan", "model = \(model)",
    ] + method + [
      "id = \(number)", "random", "  seed = \(fit.options.seed)", "family = \(fit.options.family)",
      "verdict = \(fit.verdict.rawValue)", "\(fit.verdict.meaning) \(origin)",
      "lp__ is log p of unconstrained coordinates, lp_approx__ is log q of them, in nats.",
    ]
  }

  private var origin: String {
    switch fit.verdict {
    case .use: "These are draws of q, in an order of chance."
    case .useWeighted:
      "These are draws of q and of wider copies of it, taken by their importance weights: some are "
        + "here several times."
    case .useWalked:
      "These are the draws of one of \(fit.chains) Hamiltonian chains."
    case .doNotUse: "These are draws of q, for a look at what went wrong."
    }
  }

  // MARK: Summary

  /// A line for each number, with all its digits.
  private var summary: CSV {
    CSV(
      columns: ["name", "mean", "mcse_mean", "sd", "q5", "q50", "q95", "q_mean", "q_sd"],
      rows: posterior.rows.map { row in
        let (low, median, high) = row.quantiles
        let numbers = [
          row.mean, row.meanError ?? .nan, row.standardDeviation, low, median, high,
          row.surrogate.mean, row.surrogate.standardDeviation,
        ]
        return [row.name] + numbers.map(StanCSV.text)
      })
  }

  // MARK: Starts of chains

  /// Parameters, of a few draws each, by name; an array's first index is the outermost.
  ///
  /// Only draws at which log p is finite can start a chain.
  private func inits(_ densities: [Double]) -> [JSONValue] {
    var weights = zip(fit.draws.weights, densities).map { $1.isFinite ? $0 : 0 }
    let sum = weights.reduce(0, +)
    weights = sum > 0 ? weights.map { $0 / sum } : fit.draws.weights
    let rows = SystematicSampling.rows(Self.starts, weights: weights, seed: fit.options.seed)
    let parameters = Set(posterior.density.parameterNames)
    let names = posterior.draws.names.filter { name in
      ElementNames.of(name, posterior.draws[name].shape).allSatisfy(parameters.contains)
    }
    return rows.map { row in
      .object(
        names.map { name in
          let value = posterior.draws[name]
          return .init(name, Self.nested(value.draws.map { $0[row] }[...], value.shape[...]))
        })
    }
  }

  /// Numbers in row-major order as arrays of arrays.
  private static func nested(_ numbers: ArraySlice<Double>, _ shape: ArraySlice<Int>) -> JSONValue {
    guard let count = shape.first else { return numbers.first.map(JSONValue.number) ?? .null }
    let size = shape.dropFirst().reduce(1, *)
    return .array(
      (0..<count).map { index in
        let start = numbers.startIndex + index * size
        return nested(numbers[start..<start + size], shape.dropFirst())
      })
  }

  /// The inverse metric of unconstrained coordinates: their covariance, and its diagonal.
  private var metrics: [File] {
    let covariance = fit.covariance
    func file(_ name: String, _ metric: JSONValue) -> File {
      (name, Array((JSONValue.object([.init("inv_metric", metric)]).compact + "\n").utf8))
    }
    let diagonal = file(
      "inverse_metric_diagonal.json", JSONValue(covariance.diagonalElements))
    guard covariance.shape[0] <= Self.mostForDense else { return [diagonal] }
    return [
      file(
        "inverse_metric.json", Self.nested(covariance.doubles[...], covariance.shape[...])),
      diagonal,
    ]
  }
}
