// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

extension EvidenceMeasurement {
  /// Measures speed, spread and gap on a few examples, in a tenth or two of `seconds`.
  ///
  /// T = 20 is short, but the gap g is of the order 1 / T, so that g T foretells longer paths.
  ///
  /// - Parameter seconds: The time that there is for all.
  /// - Returns: What a plan is made from.
  /// - Throws: `CancellationError` where the listener stopped it; ``DatasetError``.
  package func pilot(seconds: Double) throws -> EvidencePilot {
    let clock = ContinuousClock()
    func time(_ work: () throws -> Void) rethrows -> Double {
      try clock.measure { try work() } / .seconds(1)
    }
    var evaluated: [Double] = []
    let elboSeconds = try time {
      evaluated = try model.evaluate(on: data, seed: plan.seed, workers: workers).elbo
    }
    let elbo = Estimate(evaluated)
    // What follows is measured on so few examples that it takes little of the time.
    // Few examples or parameters take longer than they would among many: at 1 GFLOP/s then.
    let pass = min(elboSeconds / Double(data.count), 2e-9 * Double(model.parameterCount) + 1e-7)
    let passes = max(0.05 * seconds / pass, 1)
    let cap = Duration.seconds(max(0.08 * seconds, 0.1))
    let perDraw = try pilotOfSampling(passes, cap)
    let annealing = try pilotOfAnnealing(passes, pass, cap)
    var pilot = EvidencePilot(
      secondsPerDraw: perDraw, secondsPerPass: annealing.secondsPerPass,
      // The mean gap of a few images may be negative by chance: 0.01 nats are the least reckoned
      // with.
      gapTimesSteps: annealing.gapTimesSteps,
      // That of the ELBO stands for that of log p(x): standard error x sqrt(N) is the deviation.
      spread: elbo.standardError * Double(elbo.examples).squareRoot())
    pilot.elboSeconds = elboSeconds
    if plan.parts.contains(.gaps) { pilot.windowSeconds = try pilotOfSearch(passes, pass, cap) }
    if plan.parts.contains(.health) { pilot.healthSeconds = try pilotOfHealth() }
    return pilot
  }

  /// Does some work until it is done or `cap` is over.
  ///
  /// - Returns: The seconds that all of it takes, by the share that was done.
  private func timed(
    _ cap: Duration, _ work: (@escaping EvaluationProgress, TimeLimit) throws -> Void
  ) throws -> Double {
    let done = Mutex(0.0)
    let goesOn = listener.listener(from: 0, to: 1)
    let began = ContinuousClock.now
    try work(
      { share in
        done.withLock { $0 = share }
        return goesOn(0)
      }, TimeLimit(began + cap, last: began + cap))
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    return seconds / max(done.withLock { $0 }, 0.01)
  }

  /// Seconds for a draw. So many draws, if there is time, that the likelihood is made ready for them,
  /// as for the thousands of a measurement.
  private func pilotOfSampling(_ passes: Double, _ cap: Duration) throws -> Double {
    let count = min(data.count, 2 * workers.count)
    let draws = Int(min(max(passes / Double(count), 32), 1024))
    return try timed(cap) { progress, limit in
      _ = try model.importanceWeightedBound(
        on: data, of: examples(count), samples: draws, seed: 0, workers: workers,
        progress: progress, until: limit)
    } / Double(count * draws)
  }

  /// With 16 chains, 8 images make one block of 128 rows: one for each thread, if there is time.
  private func pilotOfAnnealing(
    _ passes: Double, _ pass: Double, _ cap: Duration
  ) throws -> (secondsPerPass: Double, gapTimesSteps: Double) {
    var trial = plan
    (trial.steps, trial.simulated) = (20, 8 * workers.count)
    let images = 4 * passes / (2 * trial.annealingWork)
    // Not even two images: a gradient's two passes are taken for two of the ELBO's.
    if images < 2 { return (pass, 1) }
    trial.simulated = Int(min(images, Double(trial.simulated)))
    var gap = [0.0]
    let seconds = try timed(cap) { progress, limit in
      gap = try sandwich(
        trial.annealing, count: trial.simulated, progress: progress, until: limit
      ).bounds.gap
    }
    return (
      seconds / (2 * Double(trial.simulated) * trial.annealingWork),
      gap.count < 2 ? 1 : max(Estimate(gap).mean, 0.01) * Double(trial.steps)
    )
  }

  /// Seconds for a window of the searches for two images, from a fifth of one; or more, where that
  /// was given up.
  private func pilotOfSearch(
    _ passes: Double, _ pass: Double, _ cap: Duration
  ) throws -> Double {
    var options = GapOptions()
    let families = Double(PosteriorFamily.allCases.count)
    // Of two images; a gradient counts as two passes.
    let window = 4 * families * Double(options.drawsPerStep * options.stepsPerWindow)
    if window / 5 > 4 * passes { return window * pass }
    options.stepsPerWindow /= 5
    options.maximumSteps = options.stepsPerWindow
    options.boundDraws = 1
    let batch = try model.batch(of: data, examples(min(2, data.count)), seed: plan.seed)
    let began = ContinuousClock.now
    _ = try model.inferenceGaps(
      batch, posterior: model.posterior(given: batch), options: options, seed: plan.seed,
      workers: workers, progress: listener.listener(from: 0, to: 1),
      until: TimeLimit(began + cap, last: began + cap))
    return 5 * ((ContinuousClock.now - began) / .seconds(1))
  }

  /// Seconds for the health of the latent space, from the first part of the work.
  private func pilotOfHealth() throws -> Double {
    let began = ContinuousClock.now
    let marks = Mutex([(share: Double, time: ContinuousClock.Instant)]())
    let goesOn = listener.listener(from: 0, to: 1)
    let isStopped = Mutex(false)
    do {
      _ = try model.latentHealth(on: data, seed: plan.seed, workers: workers) { share in
        marks.withLock { $0.append((share, ContinuousClock.now)) }
        if !goesOn(0) { isStopped.withLock { $0 = true } }
        return goesOn(0) && share == 0
      }
    } catch is CancellationError {
      if isStopped.withLock({ $0 }) { throw CancellationError() }
    }
    let found = marks.withLock { $0 }
    guard let first = found.first, let last = found.last, last.share > 0 else { return 0 }
    return (first.time - began) / .seconds(1)
      + (last.time - first.time) / .seconds(1) / last.share
  }
}
