// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// How far the ELBO is from log p(x), and why.
struct Evidence: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "How far the ELBO is from log p(x), and why: bounds from both sides, gaps, health.",
    discussion: """
      Lower bounds of log p(x) on the first test images: the ELBO, importance sampling (IWAE-K) and \
      annealed importance sampling (AIS). On images simulated from the model, where the posterior \
      can be drawn from exactly, AIS run backwards is an upper bound: log p(x) lies between. Then \
      what the ELBO loses to the family of q (approximation gap) and to the encoder (amortisation \
      gap), against the largest lower bound measured, and what q does with the latent dimensions. \
      Numbers that contradict each other are told first.

        elbo evidence runs/<run>
        elbo evidence vae.safetensors --data mnist --limit 1000 --parts elbo,iwae
        elbo evidence runs/<run> --budget 10m --json

      The file may have been written by PyTorch, with tensors named encoder.fc1.weight and so on. \
      Numbers are compared on the same images only; each carries its protocol in --json.
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var test: TestDataOptions
  @OptionGroup var amount: EvidenceOptions
  @OptionGroup var threads: ThreadOptions

  @Option(
    name: .shortAndLong,
    help: """
      A folder for the pictures and evidence.json. (default: the run's figures folder; none for a \
      file)
      """, completion: .file())
  var output: String?

  @Flag(help: "Print one JSON object instead of tables.")
  var json = false

  func validate() throws { try require(output, "--output") }

  func run() throws {
    Interrupt.watch()
    let workers = threads.makeWorkers()
    let loaded = try model.load()
    let images = try test.load(for: loaded, workers: workers)
    if images.count < 2 {
      throw TooFewImages(data: images.name, split: images.split)
    }
    do {
      try measure(loaded.model, loaded, images, workers)
      if !json, let difference = test.difference(from: loaded, images) {
        Terminal.line("Note: \(difference).")
      }
    } catch is CancellationError {
      let words = "Stopped; nothing was written. A smaller --limit or a --budget takes less time."
      if json {
        Terminal.tell(words)
      } else {
        Terminal.clearLine()
        Terminal.line(words)
      }
      throw ExitCode(128 + (Interrupt.signalNumber ?? 2))
    }
    try Terminal.finish()
  }

  private func measure(
    _ model: some DescribedAutoencoder<Float>, _ loaded: ModelOption.Loaded,
    _ images: any Dataset, _ workers: WorkerPool
  ) throws {
    let (measurement, display) = try measurement(of: model, in: loaded.path, images, workers)
    let results = try measurement.run()
    display.end()
    if !results.isDefined { throw UndefinedResult(model: loaded.path, what: "bounds") }
    try report(results, model, loaded)
  }

  private func measurement<Model: DescribedAutoencoder<Float>>(
    of model: Model, in path: String, _ images: any Dataset, _ workers: WorkerPool
  ) throws -> (EvidenceMeasurement<Model>, EvidenceDisplay) {
    func make(_ plan: EvidencePlan) -> (EvidenceMeasurement<Model>, EvidenceDisplay) {
      let display = EvidenceDisplay(plan, isSilent: json)
      return (
        EvidenceMeasurement(
          of: model, on: images, meaning: model.likelihoodKind.meaning(onData: images.meaning),
          plan: plan, workers: workers, listener: display), display
      )
    }
    let plan = EvidencePlan(
      amount.parts.parts, examples: images.count, wishes: amount.wishes, seed: test.seed)
    guard let budget = amount.budget else { return make(plan) }
    let started = Clock.seconds
    let pilot = try make(plan).0.pilot()
    guard pilot.isDefined else { throw UndefinedResult(model: path, what: "bounds") }
    let left = max(budget.seconds - (Clock.seconds - started), 1)
    let fitted = pilot.fit(
      plan, seconds: left, images: images.count, keeping: amount.wishes)
    if !json {
      let nouns = images.exampleNoun + "s"
      Terminal.line(
        "For \(Clock.words(budget.seconds)) minutes: \(fitted.limit.grouped) \(nouns), "
          + "K = \(fitted.importanceSamples.grouped), T = \(fitted.steps), "
          + "\(fitted.chains.counted("chain")), \(fitted.simulated.grouped) simulated \(nouns), "
          + "gaps of \(fitted.gapImages.grouped) \(nouns).")
      Terminal.line(
        "(Single \(nouns) differ by \(pilot.spread.fixed(1)) nats; a few simulated ones foretell a sandwich "
          + "\((pilot.gapTimesSteps / Double(fitted.steps)).fixed(3)) nats wide at this T.)")
    }
    return make(fitted)
  }

  private func report(
    _ results: EvidenceResults, _ model: some DescribedAutoencoder<Float>,
    _ loaded: ModelOption.Loaded
  ) throws {
    let text = results.json(loaded.protocolMembers).pretty
    if json { Terminal.write(text) } else { results.printTable() }
    guard let folder = output ?? loaded.run?.figures else { return }
    let figures = EvidenceFigures(results: results, model: model, subtitle: loaded.summary)
    let paths = try figures.write(to: folder)
    try AtomicFile.write(Array(text.utf8), to: "\(folder)/evidence.json")
    if !json {
      Terminal.line("Wrote \((paths + ["\(folder)/evidence.json"]).joined(separator: ", "))")
    }
  }
}

/// A standard error is that of several images.
struct TooFewImages: Error, CustomStringConvertible {
  let data: String
  let split: DatasetSplit.RawValue

  var description: String {
    "the data '\(data)' have one \(split) image, and a standard error takes two; choose other data "
      + "or another --split"
  }
}
