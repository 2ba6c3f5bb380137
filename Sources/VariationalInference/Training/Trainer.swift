// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// Fits a model and its amortised posterior together by stochastic gradient ascent on the ELBO or on
/// another ``TrainingObjective``.
///
///     let trainer = Trainer(model, data: images, options: TrainingOptions(epochs: 10))
///     while let step = try trainer.step() { ... }
///     let trained = trainer.model
///
/// The whole of a run's future is a function of ``TrainingState`` and the data: saving the state
/// and restoring it elsewhere, with any number of threads, continues to the same bits.
public final class Trainer<Model>
where Model: GenerativeModel & AmortizedPosterior & Parameterized {
  /// The type of number.
  public typealias Scalar = Model.Scalar

  /// What the run was asked to do.
  public let options: TrainingOptions
  /// The training images.
  public let data: ImageDataset
  /// Where the run stands.
  public private(set) var progress = TrainingProgress()

  private let template: Model
  private let source: ExampleSource
  private let gradientStep: GradientStep<Scalar>
  package private(set) var adam: Adam.State<Scalar>
  private var order: EpochOrder

  /// A run at its beginning.
  ///
  /// - Parameters:
  ///   - model: With its initial parameters.
  ///   - data: Images with as many pixels as the model has data dimensions.
  ///   - options: Epochs and batch size must be positive; only `Float` has products in bfloat16.
  ///   - workers: The threads to train on.
  public init(
    _ model: Model, data: ImageDataset, options: TrainingOptions,
    workers: WorkerPool = WorkerPool(count: 1)
  ) {
    precondition(options.epochs > 0 && options.batchSize > 0, "no epochs or no examples per batch")
    self.options = options
    self.data = data
    template = model
    source = .training(data, options.binarization, seed: options.seed)
    gradientStep = GradientStep(
      parameters: model.parameters, precision: options.precision, workers: workers)
    adam = Adam.State(shapes: gradientStep.parameters.shapes)
    order = EpochOrder(
      examples: data.count, batchSize: options.batchSize, seed: options.seed, epoch: 0)
  }

  /// The model with its present parameters: a copy that later steps do not change.
  public var model: Model {
    template.replacingParameters(with: gradientStep.parameters.tensors)
  }

  /// Batches in each epoch.
  public var batchesPerEpoch: Int { order.count }

  /// Trains on the next batch.
  ///
  /// - Returns: What the step saw; nil when all epochs are done.
  /// - Throws: ``TrainingDivergence`` when the bound is not a finite number. The parameters are then
  ///   of no use; go back to a saved state.
  @specialized(where Model == VariationalAutoencoder<Float>)
  public func step() throws -> TrainingStep? {
    // Past the last epoch, too: a state may come from a run that was asked for more.
    if progress.epoch >= options.epochs { return nil }
    if progress.batch == 0 { beginEpoch() }
    let terms = try ascend(Array(order[progress.batch]))
    progress.seen.add(terms)
    let step = TrainingStep(
      epoch: progress.epoch, batch: progress.batch, batches: order.count, terms: terms.mean,
      epochSoFar: progress.seen, endsEpoch: progress.batch + 1 == order.count)
    advance()
    return step
  }

  private func beginEpoch() {
    progress.seen = RunningTerms()
    order = epochOrder(progress.epoch)
  }

  private func epochOrder(_ epoch: Int) -> EpochOrder {
    EpochOrder(
      examples: data.count, batchSize: options.batchSize, seed: options.seed, epoch: epoch)
  }

  private func advance() {
    progress.batch += 1
    if progress.batch == order.count {
      progress.batch = 0
      progress.epoch += 1
    }
  }

  /// One step up the gradient of the batch's summed objective.
  private func ascend(_ examples: [Int]) throws -> RunningTerms {
    let (template, source, objective) = (template, source, options.objective)
    let (epoch, pixels) = (progress.epoch, data.pixelsPerImage)
    adam.step += 1
    let coefficients: AdamCoefficients<Scalar> =
      options.optimiser(inEpoch: epoch).coefficients(step: adam.step)
    let (parameters, state) = (gradientStep.parameters, adam)
    let outcome = gradientStep.run(batch: examples.count) { context in
      let rows = Array(examples[context.rows])
      let x = context.input([rows.count, pixels]) {
        source.writePixels(rows, round: epoch, to: $0)
      }
      let model = template.replacingParameters(with: context.parameters)
      let terms = model.terms(of: objective, x) { shape in
        context.input(shape, named: "noise") { source.writeNoise(rows, round: epoch, to: $0) }
      }
      return .init(perRow: terms.value, report: terms.report)
    } update: { gradient in
      FlatBuffer.adam(
        gradient, parameter: parameters, first: state.firstMoment, second: state.secondMoment,
        coefficients)
    }
    var terms = RunningTerms()
    for report in outcome.reports { terms.add(report) }
    progress.steps = adam.step
    guard terms.mean.isFinite else { throw divergence(terms.mean) }
    return terms
  }

  private func divergence(_ terms: MeanTerms) -> TrainingDivergence {
    TrainingDivergence(
      step: progress.steps, epoch: progress.epoch + 1, batch: progress.batch + 1, terms: terms)
  }
}

// MARK: - State

extension Trainer {
  /// A copy of everything that decides the rest of the run.
  public var state: TrainingState<Scalar> {
    let names = template.namedParameters.map(\.name)
    return TrainingState(
      names: names, parameters: gradientStep.parameters.tensors,
      firstMoments: adam.firstMoment.tensors, secondMoments: adam.secondMoment.tensors,
      progress: progress)
  }

  /// Continues from a state of a run with the same options and data, but for the number of epochs:
  /// where the state has them all behind it, the run is at its end.
  public func restore(_ state: TrainingState<Scalar>) {
    gradientStep.assign(state.parameters)
    adam.firstMoment.assign(state.firstMoments)
    adam.secondMoment.assign(state.secondMoments)
    adam.step = state.progress.steps
    progress = state.progress
    order = epochOrder(progress.epoch)
  }
}
