// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// The measurements of `elbo evidence`, one after the other.
struct EvidenceSession {
  let model: VariationalAutoencoder<Float>
  /// What the protocols of all numbers say of the model.
  let protocolMembers: [JSONValue.Member]
  let images: ImageDataset
  let binarization: Binarization
  let plan: EvidencePlan
  let workers: WorkerPool
  let display: EvidenceDisplay

  func run() throws -> EvidenceResults {
    var results = EvidenceResults(
      plan: plan, images: images, binarization: binarization, model: protocolMembers)
    // All differences need the ELBO, which costs next to nothing.
    display.begin(.elbo, "the ELBO of \(images.count.grouped) images")
    results.elbo =
      model.evaluate(on: images, binarization: binarization, seed: plan.seed, workers: workers).elbo
    if plan.parts.contains(.iwae) { results.iwae = try importanceSampling() }
    if plan.parts.contains(.ais) { (results.ais, results.simulated) = try annealing() }
    if plan.parts.contains(.gaps) { results.gaps = try gaps() }
    if plan.parts.contains(.health) { results.health = try health() }
    display.end()
    return results
  }

  private func importanceSampling() throws -> ImportanceWeightedBound {
    display.begin(
      .iwae, "IWAE-\(plan.importanceSamples) of \(plan.limit.grouped) images")
    return try model.importanceWeightedBound(
      on: images, examples: 0..<plan.limit, samples: plan.importanceSamples,
      binarization: binarization, seed: plan.seed, workers: workers, progress: display.listener())
  }

  private func annealing() throws -> (AnnealedBound, EvidenceResults.Simulated) {
    display.begin(
      .ais,
      "annealed importance sampling of \(plan.limit.grouped) images and of "
        + "\(plan.simulated.grouped) simulated ones")
    let settings = plan.annealing
    let share = Double(plan.limit) / Double(plan.limit + 2 * plan.simulated)
    let lower = try settings.lowerBound(
      of: model, images.values(0..<plan.limit, binarization: binarization, seed: plan.seed),
      workers: workers, progress: display.listener(to: share))
    let simulated = model.simulate(
      count: plan.simulated, height: images.height, width: images.width, seed: plan.seed)
    let bounds = try settings.sandwich(
      of: model, simulated.images.values(0..<plan.simulated), exact: simulated.latent,
      workers: workers, progress: display.listener(from: share))
    let elbo = model.evaluate(on: simulated.images, seed: plan.seed, workers: workers).elbo
    return (lower, .init(elbo: elbo, bounds: bounds))
  }

  private func gaps() throws -> InferenceGaps {
    display.begin(.gaps, "the best posterior of \(plan.gapImages.grouped) images")
    let x: Tensor<Float> = images.values(
      0..<plan.gapImages, binarization: binarization, seed: plan.seed)
    return try model.inferenceGaps(
      x, posterior: model.posterior(given: x), seed: plan.seed, workers: workers,
      progress: display.listener())
  }

  private func health() throws -> LatentHealth {
    display.begin(.health, "the latent space over \(images.count.grouped) images")
    return try model.latentHealth(
      on: images, binarization: binarization, seed: plan.seed, workers: workers,
      progress: display.listener())
  }
}

extension EvidenceSession {
  /// Measures speed, spread and gap on a few images, in some seconds.
  func pilot() throws -> EvidencePilot {
    let evaluation = model.evaluate(
      on: images, binarization: binarization, seed: plan.seed, workers: workers)
    let (count, draws) = (min(images.count, 2 * workers.count), 1024)
    var start = Clock.seconds
    _ = try model.importanceWeightedBound(
      on: images, examples: 0..<count, samples: draws, workers: workers,
      progress: display.listener())
    let perDraw = (Clock.seconds - start) / Double(count * draws)
    var trial = plan
    (trial.steps, trial.simulated) = (20, 8 * workers.count)
    let simulated = model.simulate(
      count: trial.simulated, height: images.height, width: images.width, seed: plan.seed)
    start = Clock.seconds
    let bounds = try trial.annealing.sandwich(
      of: model, simulated.images.values(0..<trial.simulated), exact: simulated.latent,
      workers: workers, progress: display.listener())
    let perPass =
      (Clock.seconds - start) / (2 * Double(trial.simulated) * trial.annealingWork)
    let elbo = Estimate(evaluation.elbo)
    return EvidencePilot(
      secondsPerDraw: perDraw, secondsPerPass: perPass,
      gapTimesSteps: max(Estimate(bounds.gap).mean, 0.01) * Double(trial.steps),
      spread: elbo.standardError * Double(elbo.examples).squareRoot())
  }
}
