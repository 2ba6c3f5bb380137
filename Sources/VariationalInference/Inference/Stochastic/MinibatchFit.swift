// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Adam on the ELBO by subsets of the data.
///
/// Iterates of a rate are kept as soon as split R-hat of the last two windows says that they wander
/// about one place. Then the rate falls, from 0.05 to 0.01 sd, and iterates are averaged, until the
/// averages are known well enough and the ELBO moves no more than its noise.
struct MinibatchFit {
  private let program: ProgramDensity
  private let options: MinibatchOptions
  private let density: CountedDensity
  private let noise: FitNoise

  private static let window = 100
  private static let rates = [0.05, 0.01]
  /// Windows after which one rate gives way to the next whatever R-hat says.
  private static let mostWindowsOfApproach = 20
  private static let arrivedRHat = 1.2
  private static let tolerance = 0.03
  /// Iterates that differ by less, in sd, are at one place whatever R-hat says of them.
  private static let smallSpread = 0.05

  init(_ program: ProgramDensity, _ options: MinibatchOptions) {
    (self.program, self.options) = (program, options)
    density = CountedDensity(program)
    noise = FitNoise(seed: options.seed)
  }

  func run() throws -> Fit {
    let isDiagonal = options.family == .meanField
    let pilot = CountedDensity(
      SubsetDensity(
        density: program, subsets: 0..<options.pilotSubsets, seed: options.seed))
    let start = try pilotFit(pilot)
    density.adopt(pilot, hasSameBound: false)
    density.begin("minibatches")
    density.beginRun()
    var run = Run(
      ascent: GaussianAscent(start, isDiagonal: isDiagonal), history: IterateHistory(unit: start))
    while run.end == nil { takeWindow(&run) }
    let gaussian = run.average.gaussian ?? run.ascent.gaussian
    let note = "stopped after \(run.steps.counted("step")): \(run.end ?? "")"
    return concluded(gaussian, run, [note])
  }

  /// A Gaussian for the posterior of the pilot's subsets.
  private func pilotFit(_ pilot: CountedDensity) throws -> FactoredGaussian {
    var engine = FitEngine(
      pilot, FitOptions(seed: options.seed, starts: options.starts, family: options.family))
    return try engine.polishedForFamily().gaussian
  }

  /// Where the steps stand.
  private struct Run {
    var ascent: GaussianAscent
    var average = AveragedGaussian()
    var history: IterateHistory
    var steps = 0
    var stage = 0
    var windowsOfStage = 0
    var finiteShare = 1.0
    var bounds: [Fit.Estimate] = []
    var isSettled = false
    var end: String?
  }

  /// log p's gradient at one point by all data.
  private struct Anchor {
    let point: [Double]
    let value: Double
    let gradient: Tensor<Double>
  }

  private func anchor(_ gaussian: FactoredGaussian) -> Anchor? {
    guard options.controlVariates else { return nil }
    let evaluation = density.gradients(at: Tensor(rows: [gaussian.mean]))
    guard evaluation.isFinite[0] else { return nil }
    return Anchor(
      point: gaussian.mean, value: evaluation.values[0], gradient: evaluation.gradients)
  }

  private func takeWindow(_ run: inout Run) {
    let n = program.dimension
    let anchor = anchor(run.average.gaussian ?? run.ascent.gaussian)
    var values: [Double] = []
    for _ in 0..<Self.window where run.steps < options.steps {
      run.steps += 1
      let gaussian = run.ascent.gaussian
      let e = noise.normal([options.draws / 2, n], .minibatch, run.steps).withNegatives
      var points = gaussian.points(e)
      if let anchor { points = .concatenated([points, Tensor(rows: [anchor.point])]) }
      // The pilot's subsets are those of the steps before the first.
      let (all, slopes) = program.gradients(
        at: points,
        minibatch: Program.Minibatch(
          seed: options.seed, step: options.pilotSubsets + run.steps))
      density.count(gradients: points.shape[0])
      let evaluation = CountedDensity.Evaluation(values: all.doubles, gradients: slopes)
      let kept = (0..<options.draws).filter { evaluation.isFinite[$0] }
      run.finiteShare = Double(kept.count) / Double(options.draws)
      if 2 * kept.count < options.draws { continue }
      var (gradients, difference) = (slopes.selectingRows(kept), 0.0)
      if let anchor, evaluation.isFinite[options.draws] {
        difference = anchor.value - evaluation.values[options.draws]
        gradients = gradients + (anchor.gradient - slopes.selectingRows([options.draws]))
      }
      let own = e.selectingRows(kept)
      let residuals = gradients.matrixProduct(gaussian.factor) + own
      run.ascent.step(
        residuals: residuals * (1 / Double(kept.count)), noise: own, rate: Self.rates[run.stage])
      values.append(
        kept.map { evaluation.values[$0] }.mean + difference + gaussian.entropy
          + Double(n) / 2 * log(2 * .pi))
      run.history.add(run.ascent.gaussian)
      if run.stage == Self.rates.count - 1 { run.average.add(run.ascent.gaussian) }
    }
    let error = values.standardDeviation / Double(max(values.count, 1)).squareRoot()
    run.bounds.append(Fit.Estimate(mean: values.mean, standardError: error))
    if !values.isEmpty { density.record(values.estimate, step: run.steps) }
    run.windowsOfStage += 1
    judge(&run)
  }

  private func judge(_ run: inout Run) {
    let isLate = run.steps >= options.steps
    if run.windowsOfStage < 2, !isLate { return }
    let seen = run.history.rows.count
    let rHat = seen < 4 ? Double.infinity : run.history.rHat(last: 2 * Self.window)
    let spread = seen < 4 ? Double.infinity : run.history.spread(last: 2 * Self.window)
    let isArrived = rHat < Self.arrivedRHat || spread < Self.smallSpread
    if run.stage < Self.rates.count - 1 {
      if isArrived || run.windowsOfStage >= Self.mostWindowsOfApproach {
        run.stage += 1
        run.windowsOfStage = 0
        run.history.removeAll()
      }
      if isLate {
        run.end =
          "all that were allowed; the iterates were still on their way (R-hat \(shown(rHat)))"
      }
      return
    }
    let error = run.history.largestError
    let (last, before) = (
      run.bounds[run.bounds.count - 1], run.bounds[max(run.bounds.count - 2, 0)]
    )
    let change = last.mean - before.mean
    let noise =
      (last.standardError * last.standardError
      + before.standardError * before.standardError).squareRoot()
    let numbers =
      "averages are known to \(shown(error)) sd, the last iterates differ by \(shown(spread)) sd "
      + "(R-hat \(shown(rHat))), and the ELBO of the last window differs by \(shown(change)) +- "
      + "\(shown(noise)) nats"
    if isArrived, error < Self.tolerance, change.magnitude < max(0.01, 3 * noise) {
      run.isSettled = true
      run.end = numbers
    } else if isLate {
      run.end = "all that were allowed; \(numbers)"
    }
  }

  /// The check on all data, and the verdict.
  private func concluded(_ gaussian: FactoredGaussian, _ run: Run, _ notes: [String]) -> Fit {
    let mixture = [WeightedGaussian(weight: 1, gaussian: gaussian)]
    density.begin("check")
    let isChecked = options.checkDraws > 0
    let seen =
      isChecked
      ? density
      : CountedDensity(
        UnseenDensity(dimension: density.dimension, coordinateNames: density.names))
    if !isChecked { seen.begin("no check") }
    let check = ImportanceCheck(
      mixture, density: seen, noise: noise, count: max(options.checkDraws, 100), number: 1)
    let fitOptions = FitOptions(
      seed: options.seed, draws: isChecked ? options.checkDraws : 4000, walks: false,
      family: options.family)
    return Conclusion(
      density: density, noise: noise, options: fitOptions, mixture: mixture, check: check,
      convergence: Fit.Convergence(
        isConverged: run.isSettled, steps: run.steps, finiteShare: run.finiteShare,
        lastMove: run.history.largestError),
      walk: nil, notes: notes, objective: nil, flow: nil,
      refusal: isChecked
        ? nil
        : (
          "q was not checked: no draw has seen all data, so nothing says whether it is right",
          ["allow a check: checkDraws of at least 100"]
        )
    ).fit
  }
}
