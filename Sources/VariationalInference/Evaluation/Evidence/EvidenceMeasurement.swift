// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Synchronization

/// Hears what is being measured, and how far it is.
package protocol EvidenceListener: Sendable {
  /// A new part; what came before it is done.
  func begin(_ part: EvidencePart, _ words: String)

  /// For a stretch of the present part, as shares of it; false stops the work.
  func listener(from start: Double, to end: Double) -> EvaluationProgress
}

/// The measurements of how far the ELBO is from log p(x), one after the other.
package struct EvidenceMeasurement<Model: MeasurableAutoencoder>: Sendable {
  let model: Model
  let data: any Dataset
  private let meaning: String
  let plan: EvidencePlan
  let workers: WorkerPool
  let listener: any EvidenceListener

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
    self.plan = plan.ordered(of: data.count)
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
    results.settle()
    return results
  }

  /// The numbers of so many examples, as the plan takes them.
  func examples(_ count: Int) -> [Int] { plan.subset.examples(count) }

  private func timeLimit(_ end: ContinuousClock.Instant) -> TimeLimit {
    TimeLimit(end, last: plan.lastEnd)
  }

  private var isProbability: Bool {
    model.reads.names(.data).compactMap(data.field).allSatisfy(model.isProbability)
  }

  private func importanceSampling() throws -> ImportanceWeightedBound {
    listener.begin(.iwae, "IWAE-\(plan.importanceSamples) of \(plan.limit.counted("example"))")
    return try model.importanceWeightedBound(
      on: data, of: examples(plan.limit), samples: plan.importanceSamples, seed: plan.seed,
      workers: workers, progress: listener.listener(from: 0, to: 1),
      until: plan.limit(.iwae).map(timeLimit))
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
    let now = ContinuousClock.now
    let end = plan.limit(.ais)
    let lower = try settings.lowerBound(
      of: model, model.batch(of: data, examples(plan.limit), seed: plan.seed), workers: workers,
      progress: listener.listener(from: 0, to: share),
      until: end.map { timeLimit(now + ($0 - now) * EvidencePilot.shareOfData) })
    let (simulated, bounds) = try sandwich(
      settings, count: plan.simulated, progress: listener.listener(from: share, to: 1),
      until: end.map(timeLimit))
    let elbo = try model.evaluate(on: simulated, seed: plan.seed, workers: workers).elbo
    return (lower, .init(elbo: Array(elbo.prefix(bounds.lower.bound.count)), bounds: bounds))
  }

  /// log p(x) from both sides, on examples drawn from the model under the conditions of the first
  /// examples that are taken.
  ///
  /// Only for these is an exact draw of p(z | x) known: the z that x was drawn from.
  func sandwich(
    _ settings: AnnealedImportanceSampling, count: Int, progress: @escaping EvaluationProgress,
    until limit: TimeLimit? = nil
  ) throws -> (data: ArrayDataset, bounds: BidirectionalBound) {
    guard let field = model.reads.names(.data).first.flatMap(data.field) else {
      preconditionFailure("a model that reads no data cannot be drawn from")
    }
    let some = examples(min(count, data.count))
    let under = try model.batch(
      of: data, (0..<count).map { some[$0 % some.count] }, seed: plan.seed)
    // Of grey levels a Bernoulli law draws binary numbers.
    let isBinary = Model.Likelihood.self == IndependentBernoulli<Model.Scalar>.self
    let simulated = model.simulate(
      count: count, as: isBinary ? field.binary : field, under, seed: plan.seed)
    let bounds = try settings.sandwich(
      of: model, model.batch(of: simulated.data, 0..<count), exact: simulated.latent,
      workers: workers, progress: progress, until: limit)
    return (simulated.data, bounds)
  }

  private func gaps() throws -> InferenceGaps {
    listener.begin(.gaps, "the best posterior of \(plan.gapImages.counted("example"))")
    let batch = try model.batch(of: data, examples(plan.gapImages), seed: plan.seed)
    return try model.inferenceGaps(
      batch, posterior: model.posterior(given: batch), seed: plan.seed, workers: workers,
      progress: listener.listener(from: 0, to: 1), until: plan.limit(.gaps).map(timeLimit))
  }

  /// Nil where it was given up for time.
  private func health() throws -> LatentHealth? {
    listener.begin(.health, "the latent space over \(data.count.counted("example"))")
    let (goesOn, lastEnd) = (listener.listener(from: 0, to: 1), plan.lastEnd)
    let isGivenUp = Mutex(false)
    do {
      return try model.latentHealth(on: data, seed: plan.seed, workers: workers) { share in
        if let lastEnd, ContinuousClock.now >= lastEnd {
          isGivenUp.withLock { $0 = true }
          return false
        }
        return goesOn(share)
      }
    } catch is CancellationError where isGivenUp.withLock({ $0 }) {
      return nil
    }
  }
}

extension DataField {
  /// What draws of grey levels are: binary.
  fileprivate var binary: DataField {
    kind == .grey ? DataField(name, shape: shape, kind: .binary) : self
  }
}
