// SPDX-License-Identifier: Apache-2.0

/// What is known of a model's latent variables after the data: draws, moments, evidence, and a verdict on
/// all of it.
///
///     let posterior = try model.fit()
///     print(posterior)                          // table, ELBO, evidence, verdict
///     posterior["tau"].mean
///     posterior["theta"].draws                  // of each element
///
/// Moments and draws are those that the verdict recommends: of q, of q with importance weights, or of the
/// chains that walked from it. Those of q alone are ``surrogate``.
public struct Posterior<Density: LogDensity>: Sendable {
  /// The density that was fitted.
  public let density: Density
  /// q, the checks, the walk and the verdict.
  public let fit: Fit
  /// What the fit was told; nil where it went by minibatches.
  public let options: FitOptions?
  /// How long it took, in seconds.
  public let seconds: Double
  /// The draws that the verdict recommends, of parameters and derived values by name.
  public let draws: NamedDraws
  /// Draws of q alone.
  public let surrogate: NamedDraws

  init(_ density: Density, _ fit: Fit, _ options: FitOptions?, seconds: Double) {
    (self.density, self.fit, self.options, self.seconds) = (density, fit, options, seconds)
    let isWeighted = fit.verdict == .useWeighted
    draws = Self.named(density, fit.draws.points, isWeighted ? fit.draws.weights : nil)
    surrogate = Self.named(density, fit.surrogateDraws, nil)
  }

  /// Draws of a parameter or derived value, `theta` or `theta[3]`, as the verdict recommends them.
  ///
  /// - Precondition: The model has a value of this name.
  public subscript(_ name: String) -> DrawnValue { draws[name] }

  /// The values at points, by the names of the density's quantities.
  private static func named(
    _ density: Density, _ points: Tensor<Double>, _ weights: [Double]?
  ) -> NamedDraws {
    let columns = density.quantities(at: points).transposed()
    let rows = (columns.shape[0], columns.shape[1])
    let numbers = columns.scalars
    var (names, values): ([String], [String: DrawnValue]) = ([], [:])
    var place = 0
    for part in density.quantityParts {
      let count = part.shape.reduce(1, *)
      let elements = (place..<place + count).map {
        Array(numbers[$0 * rows.1..<($0 + 1) * rows.1])
      }
      names.append(part.name)
      values[part.name] = DrawnValue(elements, shape: part.shape, weights: weights)
      place += count
    }
    return NamedDraws(values, names: names, weights: weights)
  }
}

extension LogDensity {
  /// Fits q, checks it, and says what to use. Nothing needs tuning.
  ///
  /// - Parameter options: The seed, and what to leave out.
  /// - Returns: Draws and moments with the verdict on them.
  /// - Throws: ``FitError`` where there is nothing to fit, ``ModelError`` where the model says why.
  public func posterior(_ options: FitOptions = FitOptions()) throws -> Posterior<Self> {
    let clock = ContinuousClock()
    let start = clock.now
    let fit = try explaining { try self.fit(options) }
    let duration = (clock.now - start).components
    return Posterior(
      self, fit, options,
      seconds: Double(duration.seconds) + Double(duration.attoseconds) * 1e-18)
  }

  /// What `fit` gives; where no start has a finite density, the density's own reason is named.
  private func explaining(_ fit: () throws -> Fit) throws -> Fit {
    do {
      return try fit()
    } catch FitError.noFiniteStart(let tried, let value, let coordinates) {
      // Where something fails at 0 already, or in the range of the starts, it can be named.
      let points = [0, 1, -1, 2, -2].map { [Double](repeating: $0, count: dimension) }
      guard let failure = points.lazy.compactMap(failure).first else {
        throw FitError.noFiniteStart(tried: tried, value: value, coordinates: coordinates)
      }
      throw ModelError(nil, "none of \(tried) starts has a finite density: \(failure)")
    }
  }

  /// Quantities that belong together, as `theta` of `theta[1]`, `theta[2]`, with their shapes.
  var quantityParts: [(name: String, shape: [Int])] {
    func whole(_ name: String) -> Substring { name.prefix { $0 != "[" } }
    var parts: [(name: String, shape: [Int])] = []
    var rest = quantityNames[...]
    while let first = rest.first {
      let all = rest.prefix { whole($0) == whole(first) }
      let name = String(whole(first))
      let shape = all.last?.dropFirst(name.count + 1).dropLast().split(separator: ",")
        .map { Int($0) ?? 0 }
      // Names that only look like those of elements stand alone.
      if let shape, Value.elements(of: shape) == all.count,
        ElementNames.of(name, shape) == Array(all)
      {
        parts.append((name, shape))
      } else {
        parts += all.map { ($0, []) }
      }
      rest = rest.dropFirst(all.count)
    }
    return parts
  }
}

extension Model {
  /// Fits the posterior of the latent variables given the data, checks it, and says what to use. Nothing
  /// needs tuning.
  ///
  /// - Parameter options: The seed, and what to leave out.
  /// - Returns: Draws and moments with the verdict on them.
  /// - Throws: ``ModelError`` for a mistake in the model, ``FitError`` where there is nothing to fit.
  public func fit(_ options: FitOptions = FitOptions()) throws -> Posterior<ProgramDensity> {
    try density().posterior(options)
  }
}

extension Posterior where Density == ProgramDensity {
  /// Data drawn anew from the posterior, with the parameters and derived values that they were drawn
  /// from: what the model would have us see.
  ///
  /// - Parameters:
  ///   - draws: How many; parameters are taken from ``Fit/draws`` by their weights.
  ///   - seed: The same seed gives the same draws.
  /// - Returns: Equally weighted draws.
  /// - Throws: ``ModelError`` where a law has no draws.
  /// - Source: Gelman, Meng and Stern, "Posterior predictive assessment of model fitness via realized
  ///   discrepancies", Statistica Sinica 6 (1996).
  public func predictive(draws: Int, seed: UInt64 = 0) throws -> NamedDraws {
    precondition(draws > 0, "\(draws) draws")
    let rows = SystematicSampling.rows(draws, weights: fit.draws.weights, seed: seed)
    return try density.predictive(at: fit.draws.points.selectingRows(rows), seed: seed)
  }
}

/// Equally weighted rows from weighted ones.
enum SystematicSampling {
  /// Row i is taken about `count` times its weight, at equal steps from one uniform number; then in an
  /// order of chance, so that the first ones are draws too.
  ///
  /// - Source: Kitagawa, "Monte Carlo filter and smoother for non-Gaussian nonlinear state space models",
  ///   J. Computational and Graphical Statistics 5 (1996), doi:10.1080/10618600.1996.10474692.
  static func rows(_ count: Int, weights: [Double], seed: UInt64) -> [Int] {
    var generator = CounterGenerator(seed: seed, stream: GeneratorPurpose.resampling.stream())
    let offset = Double.random(in: 0..<1, using: &generator)
    var (rows, row, reached) = ([Int](), 0, weights[0])
    for number in 0..<count {
      let target = (Double(number) + offset) / Double(count)
      while reached < target, row + 1 < weights.count {
        row += 1
        reached += weights[row]
      }
      rows.append(row)
    }
    return rows.shuffled(using: &generator)
  }
}
