// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
public import Tensors

/// Fits a model and its guide together by stochastic gradient ascent on the ELBO or on another
/// ``TrainingObjective``.
///
///     let trainer = try Trainer(model, data: images, options: TrainingOptions(epochs: 10))
///     while let step = try trainer.step() { ... }
///     let trained = trainer.model
///
/// A model without an encoder of its own is paired with a guide: `Trainer(model.guided(by: guide), ...)`.
///
/// The whole of a run's future is a function of ``TrainingState`` and the data: saving the state
/// and restoring it elsewhere, with any number of threads, continues to the same bits.
///
/// What there is once in the data set, log p and log q of shared latent variables, enters the gradient
/// of each batch with the batch's share of the examples.
public final class Trainer<Model> where Model: GuidedModel & Parameterized {
  /// The type of number.
  public typealias Scalar = Model.Scalar

  /// What the run was asked to do.
  public let options: TrainingOptions
  /// The training data.
  public let data: any Dataset
  /// Where the run stands.
  public private(set) var progress = TrainingProgress()

  let template: Model
  let source: BatchSource
  let gradientStep: GradientStep<Scalar>
  let workers: WorkerPool
  /// The average of the parameters, where the options ask for one.
  let average: FlatBuffer<Scalar>?
  package internal(set) var optimiser: OptimiserState<Scalar>
  private(set) var order: EpochOrder
  /// An earlier state, from which a step that diverged can be reached again.
  let anchor: TrainingAnchor<Scalar>
  /// Whether steps are being repeated.
  private var isRepeating = false

  /// A run at its beginning.
  ///
  /// - Parameters:
  ///   - model: With its initial parameters.
  ///   - data: With the fields that the model reads.
  ///   - options: Epochs and batch size must be positive; only `Float` has products in bfloat16.
  ///   - workers: The threads to train on; the result does not depend on them.
  /// - Throws: ``DatasetError`` naming a field that the data lack.
  public init(
    _ model: Model, data: any Dataset, options: TrainingOptions,
    workers: WorkerPool = WorkerPool()
  ) throws {
    options.requireConsistency()
    if options.klRelaxation != .none { model.model.requireDivergence() }
    try data.check(model.allReads)
    self.options = options
    self.data = data
    template = model
    source = .training(data, model.allReads, seed: options.seed)
    self.workers = workers
    gradientStep = GradientStep(
      parameters: model.parameters, precision: options.precision, workers: workers)
    optimiser = options.optimiser.initialState(shapes: gradientStep.parameters.shapes)
    average = options.average.map { _ in FlatBuffer(model.parameters) }
    anchor = TrainingAnchor(gradientStep.parameters, optimiser.memories, average)
    order = EpochOrder(
      examples: data.count, batchSize: options.batchSize, seed: options.seed, epoch: 0,
      block: data.examplesPerBlock)
  }

  /// The model with its present parameters, or with their average where the options ask for one: a
  /// copy that later steps do not change. ``state`` has the parameters themselves.
  public var model: Model {
    template.replacingParameters(with: (average ?? gradientStep.parameters).tensors)
  }

  /// Batches in each epoch.
  public var batchesPerEpoch: Int { order.count }

  /// Trains on the next batch.
  ///
  /// With ``TrainingOptions/gradientNormLimit`` c, and g the gradient of the batch's sum of B
  /// examples, the optimiser is given g min(1, c / (|g| / B + 1e-6)): the norm is that of the mean
  /// per example, as for a loss in PyTorch that is a mean over the batch.
  ///
  /// - Returns: What the step saw; nil when all epochs are done.
  /// - Throws: ``TrainingDivergence`` when the bound or a parameter is not a finite number, or
  ///   ``DatasetError`` where a number of the data is the cause. The step is then not taken; that the
  ///   parameters before it are of use is not said, so go back to a saved state.
  @specialized(where Model == VariationalAutoencoder<Float>)
  public func step() throws -> TrainingStep? {
    // Past the last epoch, too: a state may come from a run that was asked for more.
    if progress.epoch >= options.epochs { return nil }
    if progress.batch == 0 { beginEpoch() }
    if progress.steps - anchor.progress.steps >= TrainingAnchor<Scalar>.interval { dropAnchor() }
    let (terms, norm) = try ascend(Array(order[progress.batch]))
    progress.seen.add(terms)
    let step = TrainingStep(
      epoch: progress.epoch, batch: progress.batch, batches: order.count, terms: terms.mean,
      gradientNorm: norm, epochSoFar: progress.seen, endsEpoch: progress.batch + 1 == order.count)
    advance()
    return step
  }

  private func beginEpoch() {
    progress.seen = RunningTerms()
    order = epochOrder(progress.epoch)
  }

  private func epochOrder(_ epoch: Int) -> EpochOrder {
    EpochOrder(
      examples: data.count, batchSize: options.batchSize, seed: options.seed, epoch: epoch,
      block: data.examplesPerBlock)
  }

  private func advance() {
    progress.batch += 1
    if progress.batch == order.count {
      progress.batch = 0
      progress.epoch += 1
    }
  }

  /// One step up the gradient of the batch's summed objective.
  ///
  ///     sum over i in the batch of value[i] + B/N once,      B examples of N
  ///
  /// An epoch of such steps counts what there is once, once, though its last batch may be smaller.
  ///
  /// - Returns: What the step saw, and the norm of its gradient where that is limited.
  private func ascend(_ examples: [Int]) throws -> (RunningTerms, gradientNorm: Double?) {
    let number = progress.steps
    let update: OptimiserUpdate<Scalar> =
      options.optimiser(atStep: number, stepsPerEpoch: order.count).step(&optimiser)
    let (parameters, memories, average) = (gradientStep.parameters, optimiser, average)
    let weight = Scalar(options.average.map { 1 - $0.decay(step: number) } ?? 0)
    let firstDefect = Mutex<Int?>(nil)
    let function = StepFunction(
      template, source, options: options, epoch: progress.epoch, step: number,
      stepsPerEpoch: order.count, share: Double(examples.count) / Double(data.count))
    var terms = RunningTerms()
    let outcome = gradientStep.run(
      batch: examples.count, limitingMeanNorm: options.gradientNormLimit
    ) { context in
      function.terms(examples, context)
    } where: { reports, once in
      // Shard by shard in order: the same sums with any number of threads.
      for report in reports { terms.add(report) }
      // With the batch's share in it already.
      if let once { terms.addOnce(-once, share: 1) }
      return terms.mean.isFinite
    } update: { gradient in
      if !update.apply(gradient, to: parameters, memories) {
        firstDefect.withLock { $0 = min($0 ?? .max, gradient.range.lowerBound) }
      }
      average?.approach(parameters, in: gradient.range, weight: weight)
    }
    let defect = firstDefect.withLock { $0 }
    if !terms.mean.isFinite || defect != nil {
      optimiser.step = number
      try source.requireFinite(examples, epoch: progress.epoch)
      throw divergence(examples, terms.mean, defect)
    }
    progress.steps += 1
    return (terms, outcome.gradientNorm)
  }

  /// What a step left that cannot be gone on from, after the trainer was put back to where it was
  /// before the step, and the step was looked at.
  private func divergence(
    _ examples: [Int], _ terms: MeanTerms, _ element: Int?
  ) -> TrainingDivergence {
    let place = element.flatMap { element in
      gradientStep.parameters.ranges.lastIndex { $0.lowerBound <= element }
    }
    let (step, epoch, batch) = (progress.steps + 1, progress.epoch + 1, progress.batch + 1)
    // Without an update all is as it was.
    let isBefore = !isRepeating && (element == nil || repeatSteps(to: progress.steps))
    let seen = isBefore ? replay(of: examples).inspect(workers: workers) : nil
    return TrainingDivergence(
      step: step, epoch: epoch, batch: batch, terms: terms,
      parameter: place.map { template.namedParameters[$0].name },
      inspection: seen?.first == nil ? nil : seen)
  }

  /// Goes back to the anchor and takes its steps again, which gives the same bits.
  ///
  /// - Returns: Whether it came there.
  private func repeatSteps(to target: Int) -> Bool {
    isRepeating = true
    defer { isRepeating = false }
    weighAnchor()
    while progress.steps < target {
      guard (try? step()) != nil else { return false }
    }
    return true
  }

  /// Remembers the present state.
  private func dropAnchor() {
    anchor.take(gradientStep.parameters, optimiser.memories, average, progress)
  }

  /// Goes back to the state that was remembered.
  private func weighAnchor() {
    anchor.give(to: gradientStep, optimiser.memories, average)
    optimiser.step = anchor.progress.steps
    progress = anchor.progress
    order = epochOrder(progress.epoch)
  }
}

// MARK: - State

extension Trainer {
  /// A copy of everything that decides the rest of the run.
  public var state: TrainingState<Scalar> {
    TrainingState(
      names: template.namedParameters.map(\.name), parameters: gradientStep.parameters.tensors,
      memories: optimiser.memories.map(\.tensors) + (average.map { [$0.tensors] } ?? []),
      memoryNames: options.memoryNames, progress: progress)
  }

  /// Continues from a state of a run with the same options and data, but for the number of epochs:
  /// where the state has them all behind it, the run is at its end.
  ///
  /// - Precondition: The state's counters are of a run with so many examples in such batches.
  public func restore(_ state: TrainingState<Scalar>) {
    precondition(
      state.progress.batch < order.count && state.progress.seen.examples <= data.count,
      "a state after batch \(state.progress.batch) of an epoch of \(order.count) batches; it is of"
        + " another run")
    gradientStep.assign(state.parameters)
    precondition(
      state.memoryNames == options.memoryNames,
      "a state of \(state.memoryNames) for a run of \(options.memoryNames)")
    let own = optimiser.memories.count
    optimiser.restore(step: state.progress.steps, Array(state.memories[..<own]))
    if let tensors = state.memories.dropFirst(own).first { average?.assign(tensors) }
    progress = state.progress
    order = epochOrder(progress.epoch)
    dropAnchor()
  }
}
