// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// Hears what is being measured, and how far it is.
package protocol EvidenceListener: Sendable {
  /// A new part; what came before it is done.
  func begin(_ part: EvidencePart, _ words: String)

  /// For a stretch of the present part, as shares of it; false stops the work.
  func listener(from start: Double, to end: Double) -> EvaluationProgress
}

/// The measurements of how far the ELBO is from log p(x), one after the other.
package struct EvidenceMeasurement<Model: MeasurableAutoencoder>: Sendable {
  private let model: Model
  private let data: any Dataset
  private let meaning: String
  private let plan: EvidencePlan
  private let workers: WorkerPool
  private let listener: any EvidenceListener

  /// Measurements of `model` on `data`, which have the fields that it reads.
  ///
  /// `meaning` is what a log-probability means; nil where the data know.
  package init(
    of model: Model, on data: any Dataset, meaning: String? = nil, plan: EvidencePlan,
    workers: WorkerPool,
    listener: any EvidenceListener
  ) {
    self.model = model
    self.data = data
    self.meaning = meaning ?? data.meaning
    self.plan = plan
    self.workers = workers
    self.listener = listener
  }

  /// Takes all measurements of the plan.
  ///
  /// - Throws: `CancellationError` where the listener stopped it; ``DatasetError``.
  package func run() throws -> EvidenceResults {
    var results = EvidenceResults(
      plan: plan, data: data, meaning: meaning, isProbability: isProbability)
    // All differences need the ELBO, which costs next to nothing.
    listener.begin(.elbo, "the ELBO of \(data.count.counted("example"))")
    results.elbo = try model.evaluate(on: data, seed: plan.seed, workers: workers).elbo
    if plan.parts.contains(.iwae) { results.iwae = try importanceSampling() }
    if plan.parts.contains(.ais) { (results.ais, results.simulated) = try annealing() }
    if plan.parts.contains(.gaps) { results.gaps = try gaps() }
    if plan.parts.contains(.health) { results.health = try health() }
    return results
  }

  private var isProbability: Bool {
    model.reads.names(.data).compactMap(data.field).allSatisfy(model.isProbability)
  }

  private func importanceSampling() throws -> ImportanceWeightedBound {
    listener.begin(.iwae, "IWAE-\(plan.importanceSamples) of \(plan.limit.counted("example"))")
    return try model.importanceWeightedBound(
      on: data, examples: 0..<plan.limit, samples: plan.importanceSamples, seed: plan.seed,
      workers: workers, progress: listener.listener(from: 0, to: 1))
  }

  private func annealing() throws -> (AnnealedBound, EvidenceResults.Simulated) {
    listener.begin(
      .ais,
      "annealed importance sampling of \(plan.limit.counted("example")) and "
        + "of \(plan.simulated) simulated"
    )
    let settings = plan.annealing
    // Chains go one way for a test image, both ways for a simulated one.
    let share = Double(plan.limit) / Double(plan.limit + 2 * plan.simulated)
    let lower = try settings.lowerBound(
      of: model, model.batch(of: data, 0..<plan.limit, seed: plan.seed), workers: workers,
      progress: listener.listener(from: 0, to: share))
    let (simulated, bounds) = try sandwich(
      settings, count: plan.simulated, progress: listener.listener(from: share, to: 1))
    let elbo = try model.evaluate(on: simulated, seed: plan.seed, workers: workers).elbo
    return (lower, .init(elbo: elbo, bounds: bounds))
  }

  /// log p(x) from both sides, on examples drawn from the model under the conditions of the first
  /// examples.
  ///
  /// Only for these is an exact draw of p(z | x) known: the z that x was drawn from.
  private func sandwich(
    _ settings: AnnealedImportanceSampling, count: Int, progress: @escaping EvaluationProgress
  ) throws -> (data: ArrayDataset, bounds: BidirectionalBound) {
    guard let field = model.reads.names(.data).first.flatMap(data.field) else {
      preconditionFailure("a model that reads no data cannot be drawn from")
    }
    let under = try model.batch(of: Repeated(data, count: count), 0..<count, seed: plan.seed)
    // Of grey levels a Bernoulli law draws binary numbers.
    let isBinary = Model.Likelihood.self == IndependentBernoulli<Model.Scalar>.self
    let simulated = model.simulate(
      count: count, as: isBinary ? field.binary : field, under, seed: plan.seed)
    let bounds = try settings.sandwich(
      of: model, model.batch(of: simulated.data, 0..<count), exact: simulated.latent,
      workers: workers, progress: progress)
    return (simulated.data, bounds)
  }

  private func gaps() throws -> InferenceGaps {
    listener.begin(.gaps, "the best posterior of \(plan.gapImages.counted("example"))")
    let batch = try model.batch(of: data, 0..<plan.gapImages, seed: plan.seed)
    return try model.inferenceGaps(
      batch, posterior: model.posterior(given: batch), seed: plan.seed, workers: workers,
      progress: listener.listener(from: 0, to: 1))
  }

  private func health() throws -> LatentHealth {
    listener.begin(.health, "the latent space over \(data.count.counted("example"))")
    return try model.latentHealth(
      on: data, seed: plan.seed, workers: workers, progress: listener.listener(from: 0, to: 1))
  }
}

extension EvidenceMeasurement {
  /// Measures speed, spread and gap on a few examples, in some seconds.
  ///
  /// T = 20 is short, but the gap g is of the order 1 / T, so that g T foretells longer paths.
  package func pilot() throws -> EvidencePilot {
    let evaluation = try model.evaluate(on: data, seed: plan.seed, workers: workers)
    // So many draws that the likelihood is made ready for them, as for the thousands of a
    // measurement.
    let (count, draws) = (min(data.count, 2 * workers.count), 1024)
    let clock = ContinuousClock()
    let sampling = try clock.measure {
      _ = try model.importanceWeightedBound(
        on: data, examples: 0..<count, samples: draws, workers: workers,
        progress: listener.listener(from: 0, to: 1))
    }
    var trial = plan
    // With 16 chains, 8 images make one block of 128 rows: one for each thread.
    (trial.steps, trial.simulated) = (20, 8 * workers.count)
    var gap = [0.0]
    let annealing = try clock.measure {
      gap = try sandwich(
        trial.annealing, count: trial.simulated, progress: listener.listener(from: 0, to: 1)
      ).bounds.gap
    }
    let elbo = Estimate(evaluation.elbo)
    return EvidencePilot(
      secondsPerDraw: sampling / .seconds(1) / Double(count * draws),
      secondsPerPass: annealing / .seconds(1)
        / (2 * Double(trial.simulated) * trial.annealingWork),
      // The mean gap of a few images may be negative by chance: 0.01 nats are the least reckoned
      // with.
      gapTimesSteps: max(Estimate(gap).mean, 0.01) * Double(trial.steps),
      // That of the ELBO stands for that of log p(x): standard error x sqrt(N) is the deviation.
      spread: elbo.standardError * Double(elbo.examples).squareRoot())
  }
}

extension DataField {
  /// What draws of grey levels are: binary.
  fileprivate var binary: DataField {
    kind == .grey ? DataField(name, shape: shape, kind: .binary) : self
  }
}

/// The first `count` examples of a data set, which begin again where there are fewer.
private struct Repeated: Dataset {
  let data: any Dataset
  let count: Int

  init(_ data: any Dataset, count: Int) { (self.data, self.count) = (data, count) }

  var name: String { data.name }
  var split: String { data.split }
  var fields: [DataField] { data.fields }
  var meaning: String { data.meaning }

  func write<Scalar: TensorScalar>(
    _ field: DataField, of examples: [Int], round: DataRound,
    to rows: UnsafeMutableBufferPointer<Scalar>
  ) {
    data.write(field, of: examples.map { $0 % data.count }, round: round, to: rows)
  }

  func fingerprint() -> String { data.fingerprint() }
  func prefix(_ maximum: Int) -> Repeated { Repeated(data, count: min(maximum, count)) }
}
