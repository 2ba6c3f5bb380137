// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// What a step computes of a shard of its batch.
struct StepFunction<Model: GuidedModel & Parameterized>: Sendable {
  typealias Scalar = Model.Scalar

  let template: Model
  let source: BatchSource
  let objective: TrainingObjective
  let klTerm: KLTerm
  /// The epoch, counted from 0.
  let epoch: Int
  /// Whose draws of latent variables that there are once it takes, and the number of these draws.
  let shared: (purpose: NoisePurpose, number: Int)
  /// The batch's share of the examples.
  let share: Double

  /// That of a training step, counted from 0.
  init(
    _ template: Model, _ source: BatchSource, options: TrainingOptions, epoch: Int, step: Int,
    stepsPerEpoch: Int, share: Double
  ) {
    (self.template, self.source, objective) = (template, source, options.objective)
    klTerm = options.klRelaxation.term(step: step, stepsPerEpoch: stepsPerEpoch)
    (self.epoch, shared, self.share) = (epoch, (.trainingShared, step), share)
  }

  /// That of an evaluation.
  init(_ template: Model, _ source: BatchSource, objective: TrainingObjective, share: Double) {
    (self.template, self.source, self.objective) = (template, source, objective)
    (klTerm, epoch, shared, self.share) = (.exact, 0, (.evaluationShared, 0), share)
  }

  func terms(
    _ examples: [Int], _ context: GradientStep<Scalar>.Context
  ) -> GradientStep<Scalar>.Terms {
    let rows = Array(examples[context.rows])
    let batch: Batch<Scalar> = source.batch(rows, epoch: epoch) {
      context.input($0, named: "input", initializedBy: $1)
    }
    let model = template.replacingParameters(with: context.parameters)
    let terms = model.terms(of: objective, klTerm: klTerm, batch) { shape in
      source.noise(rows, epoch: epoch, shape: shape) {
        context.input($0, named: "noise", initializedBy: $1)
      }
    } sharedNoise: { shape in
      shared.purpose.noise([shared.number], shape: shape, seed: source.seed)
    }
    return .init(
      perRow: terms.value, once: terms.once.map { $0 * Scalar(share) }, report: terms.report)
  }
}

/// All that decides one step: what it is given, and what it does. Taking it again gives the same
/// bits.
package struct StepReplay<Model: GuidedModel & Parameterized> {
  /// The type of number.
  package typealias Scalar = Model.Scalar

  /// With the parameters before the step.
  package let model: Model
  /// How the run is trained.
  package let options: TrainingOptions
  /// What the optimiser remembers before the step, one list for each of its memories.
  package let memories: [[Tensor<Scalar>]]
  /// Where the run stands before the step.
  package let progress: TrainingProgress
  /// Steps in an epoch.
  package let stepsPerEpoch: Int
  /// What the step sees.
  package let batch: RecordedBatch
  /// Whether it is a step, and not a look at an evaluation.
  package let isTraining: Bool

  package init(
    model: Model, options: TrainingOptions, memories: [[Tensor<Scalar>]],
    progress: TrainingProgress, stepsPerEpoch: Int, batch: RecordedBatch, isTraining: Bool
  ) {
    (self.model, self.options, self.memories) = (model, options, memories)
    (self.progress, self.stepsPerEpoch, self.batch) = (progress, stepsPerEpoch, batch)
    self.isTraining = isTraining
  }

  /// Takes the step with every value looked at.
  ///
  /// - Parameter workers: The threads to compute on; the result does not depend on them.
  /// - Returns: What was seen.
  package func inspect(workers: WorkerPool) -> StepInspection {
    let uses = model.allReads
    let source: BatchSource =
      isTraining
      ? .training(batch, uses, seed: options.seed) : .evaluation(batch, uses, seed: options.seed)
    let share = Double(batch.examples.count) / Double(batch.count)
    let function =
      isTraining
      ? StepFunction(
        model, source, options: options, epoch: progress.epoch, step: progress.steps,
        stepsPerEpoch: stepsPerEpoch, share: share)
      : StepFunction(model, source, objective: options.objective, share: share)
    let step = GradientStep(
      parameters: model.parameters, precision: isTraining ? options.precision : .float32,
      workers: workers)
    let examples = batch.examples
    let seen = step.inspect(
      batch: examples.count, limitingMeanNorm: isTraining ? options.gradientNormLimit : nil
    ) { function.terms(examples, $0) }
    let fields: Batch<Scalar> = source.batch(examples, epoch: progress.epoch)
    let names = model.namedParameters.map(\.name)
    var rows = uses.map {
      StepInspection.Row(
        .input, StepInspection.fieldName, place: $0.name, ValueRange(fields[$0.name]))
    }
    rows += names.indices.map {
      .init(.input, "parameter", place: names[$0], seen.entries[$0].value)
    }
    rows += StepInspection.rows(of: seen.entries, parameters: names, examples: examples)
    rows += updateRows(seen, names)
    return StepInspection(rows: rows)
  }

  /// The gradient of each parameter, and what the optimiser makes of it.
  private func updateRows(
    _ seen: GradientStep<Scalar>.Inspection, _ names: [String]
  ) -> [StepInspection.Row] {
    let gradients = seen.gradient.tensors.map { ValueRange($0) }
    var rows = zip(names, gradients).map {
      StepInspection.Row(.gradient, "gradient of", place: $0, $1)
    }
    guard isTraining else { return rows }
    if seen.factor < 1 { seen.gradient.scale(by: Scalar(seen.factor)) }
    let parameters = FlatBuffer(model.parameters)
    var state: OptimiserState<Scalar> = options.optimiser.initialState(shapes: parameters.shapes)
    let own = state.memories.count
    state.restore(step: progress.steps, Array(memories[..<own]))
    let update: OptimiserUpdate<Scalar> =
      options.optimiser(atStep: progress.steps, stepsPerEpoch: stepsPerEpoch).step(&state)
    update.apply(seen.gradient.slab(0..<seen.gradient.elementCount), to: parameters, state)
    let written = zip(
      options.memoryNames[..<own].map { $0.replacing("_", with: " ") } + ["new value"],
      state.memories.map(\.tensors) + [parameters.tensors])
    for (what, tensors) in written {
      for (number, tensor) in tensors.enumerated() {
        rows.append(
          .init(
            .update, what, place: names[number], ValueRange(tensor),
            operands: gradients[number].largestMagnitude))
      }
    }
    return rows
  }
}

extension StepInspection {
  /// Values in the order of the tape, then gradients in the opposite one. Parameters come first on
  /// the tape and are left out.
  fileprivate static func rows(
    of entries: [TapeEntry], parameters names: [String], examples: [Int]
  ) -> [Row] {
    let places = places(of: entries, parameters: names)
    let quantities = quantities(of: entries)
    func magnitude(_ ranges: [ValueRange?]) -> Double? {
      ranges.compactMap { $0?.largestMagnitude }.max()
    }
    func row(
      _ phase: Phase, _ node: Int, _ range: ValueRange, operands: [ValueRange?]
    ) -> Row {
      let entry = entries[node]
      let example = range.firstNonFinite.flatMap { index -> Int? in
        guard entry.isRows, range.count > 0 else { return nil }
        return examples[index * examples.count / range.count]
      }
      return Row(
        phase, entry.operation, place: places[node], quantity: quantities[node], range,
        operands: magnitude(operands), example: example)
    }
    let nodes = entries.indices.dropFirst(names.count)
    var rows = nodes.map { node in
      let entry = entries[node]
      return row(
        .forward, node, entry.value,
        operands: entry.inputs.map { $0.map { entries[$0].value } } + entry.constants)
    }
    for node in nodes.reversed() {
      let entry = entries[node]
      guard let gradient = entry.gradient else { continue }
      rows.append(row(.backward, node, gradient, operands: []))
      let parts = entry.handedBack.compactMap { $0 }
      guard gradient.nonFinite == 0, let part = parts.first(where: { $0.nonFinite > 0 }) else {
        continue
      }
      // What turns a gradient that is finite into one that is not.
      rows.append(
        Row(
          .backward, "\(entry.operation), handed back", place: places[node],
          quantity: quantities[node], part,
          operands: magnitude(
            [gradient, entry.value] + entry.inputs.map { $0.map { entries[$0].value } }),
          example: part.firstNonFinite.flatMap {
            entry.isRows && part.shape.first == entry.value.shape.first
              ? examples[$0 * examples.count / part.count] : nil
          }))
    }
    return rows
  }

  /// The layer of each node that has a parameter as an input; of others, the layers that it comes
  /// after.
  private static func places(of entries: [TapeEntry], parameters names: [String]) -> [String] {
    func layer(_ parameter: String) -> String {
      parameter.lastIndex(of: ".").map { String(parameter[..<$0]) } ?? parameter
    }
    var layers = [[String]](repeating: [], count: entries.count)
    var places = [String](repeating: "", count: entries.count)
    for (node, entry) in entries.enumerated() {
      let inputs = entry.inputs.compactMap { $0 }
      var (own, before) = ([String](), [String]())
      for input in inputs {
        if input < names.count {
          if !own.contains(layer(names[input])) { own.append(layer(names[input])) }
        } else {
          for name in layers[input] where !before.contains(name) { before.append(name) }
        }
      }
      layers[node] = own.isEmpty ? before : own
      let shown = layers[node].suffix(3).joined(separator: " and ")
      places[node] =
        node < names.count ? names[node] : own.isEmpty && !shown.isEmpty ? "after \(shown)" : shown
    }
    return places
  }

  /// The name of each node that has one; of others, that of the next one that is computed from it.
  private static func quantities(of entries: [TapeEntry]) -> [String] {
    var goals = [String?](repeating: nil, count: entries.count)
    // The last first, so that of several uses the earliest stays.
    for (node, entry) in entries.enumerated().reversed() {
      guard let goal = entry.label ?? goals[node] else { continue }
      for case let input? in entry.inputs { goals[input] = goal }
    }
    return entries.indices.map { entries[$0].label ?? goals[$0].map { "for \($0)" } ?? "" }
  }
}
