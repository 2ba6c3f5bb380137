// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// The ELBO on the test images.
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The ELBO and its parts on the test part, with standard errors.",
    discussion: """
      One draw of q(z|x) per example, or as many as the run was trained with, whose importance-weighted \
      bound L_K then stands beside the ELBO; the same seed gives the same draws. The second example \
      is for a model trained elsewhere whose tensors are named encoder.fc1.weight and so on:

        elbo evaluate runs/mine --best
        elbo evaluate vae.safetensors --data mnist --json
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var test: TestDataOptions
  @OptionGroup var threads: ThreadOptions

  @Flag(help: "Of a run's folder, take the best epoch, best.safetensors, not the last.")
  var best = false

  @Option(
    parsing: .unconditional,
    help: """
      K, the draws of q(z|x) per example; from 2 on L_K is shown as well. (default: as the run was \
      trained, else 1)
      """)
  var samples: Int?

  @Flag(help: "Print one JSON object instead of a table.")
  var json = false

  func validate() throws { try require(samples, "--samples", atMost: 10_000) }

  func run() throws {
    let workers = threads.makeWorkers()
    let loaded = try model.load(best: best)
    let images = try test.load(for: loaded, workers: workers)
    let draws = samples ?? loaded.record?.options.objective.samples ?? 1
    let objective: TrainingObjective =
      draws == 1
      ? .evidenceLowerBound : .importanceWeighted(samples: draws, gradient: .reparameterised)
    try MemoryNeed.passes(
      "evaluating", loaded.model.architecture, rows: max(draws, 256), threads: workers.count,
      beside: 64 * Double(images.count), advice: "take fewer --samples or --threads"
    ).check()
    let difference = notes(loaded, images, draws: draws)
    let result = try loaded.model.evaluate(
      on: images, objective: objective, seed: test.seed, workers: workers)
    if !result.mean.isFinite { throw UndefinedResult(model: loaded.path, what: "bounds") }
    if json {
      Terminal.write(report(result, loaded, images, objective, difference).pretty)
    } else {
      printTable(result, loaded, images, objective)
      if let difference { Terminal.line("Note: \(difference).") }
    }
  }

  /// What keeps the numbers from being read beside others.
  private func notes(
    _ loaded: ModelOption.Loaded, _ images: any Dataset, draws: Int
  ) -> String? {
    let metadata = loaded.file.contents.metadata
    let isChosenHere = metadata["chosen_by"] == "test" && images.split == "test"
    let notes = [
      test.difference(from: loaded, images, draws: draws),
      isChosenHere && loaded.record != nil
        ? "epoch \(metadata["epoch"] ?? "") was chosen by the test part, so its test numbers are optimistic"
        : nil,
    ].compactMap { $0 }
    return notes.isEmpty ? nil : notes.joined(separator: "; ")
  }

  private func report(
    _ result: Evaluation, _ loaded: ModelOption.Loaded, _ images: any Dataset,
    _ objective: TrainingObjective, _ difference: String?
  ) -> JSONValue {
    let (elbo, reconstruction, kl) = estimates(result)
    var json: JSONValue = [
      "elbo": .number(elbo.mean),
      "reconstruction": .number(reconstruction.mean),
      "kl": .number(kl.mean),
      "elbo_standard_error": .number(elbo.standardError),
      "examples": JSONValue(elbo.examples),
    ]
    if let bits = loaded.model.likelihoodKind.bitsPerDimension(nats: elbo.mean) {
      json["bits_per_dimension"] = .number(bits)
    }
    if let bound = result.importanceWeighted.map({ Estimate($0) }) {
      json["importance_weighted_bound"] = .number(bound.mean)
      json["importance_weighted_bound_standard_error"] = .number(bound.standardError)
    }
    let conditions: JSONValue = [
      "data": .string(images.name), "split": .string(images.split),
      "binarize": .string(images.binarizationName),
      "objective": .string(loaded.meaning(of: images)),
      "samples": JSONValue(objective.samples), "seed": .string("\(test.seed)"),
      "unit": .string("nats per \(images.exampleNoun)"),
    ]
    json["protocol"] = .object((conditions.members ?? []) + loaded.protocolMembers)
    json["note"] = difference.map(JSONValue.string)
    return json
  }

  private func printTable(
    _ result: Evaluation, _ loaded: ModelOption.Loaded, _ images: any Dataset,
    _ objective: TrainingObjective
  ) {
    let noun = images.exampleNoun
    let (elbo, reconstruction, kl) = estimates(result)
    Terminal.line(
      "\(images.name) \(images.split), \(elbo.examples.grouped) "
        + "\(elbo.examples.noun(noun)), nats per \(noun)"
    )
    let bound = result.importanceWeighted.map { [(objective.name, Estimate($0))] } ?? []
    let parts = [("ELBO", elbo), ("reconstruction", reconstruction), ("KL", kl)]
    for (name, value) in bound + parts {
      let number = value.mean.fixed(3)
      Terminal.line(
        name.padded(to: 16) + String(repeating: " ", count: max(0, 9 - number.count)) + number
          + (elbo.examples > 1 ? " ± \(value.standardError.fixed(3))" : ""))
    }
    if let bits = loaded.model.likelihoodKind.bitsPerDimension(nats: elbo.mean) {
      Terminal.line("bits per dimension  \(bits.fixed(3)), -ELBO / (numbers of an image x ln 2)")
    }
    Terminal.line(
      "Protocol: \(loaded.meaning(of: images)); \(objective.drawWords(noun)), seed \(test.seed)"
        + (images.binarizationName == Binarization.dynamic.rawValue
          ? ", which also draws the pixels, once" : "") + "; ± is one "
        + "standard error over \(noun)s.")
  }

  private func estimates(_ result: Evaluation) -> (Estimate, Estimate, Estimate) {
    (Estimate(result.elbo), Estimate(result.reconstruction), Estimate(result.kl))
  }
}
