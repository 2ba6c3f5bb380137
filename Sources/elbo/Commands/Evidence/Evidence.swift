// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// How far the ELBO is from log p(x), and why.
struct Evidence: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "How far the ELBO is from log p(x), and why: bounds from both sides, gaps, health.",
    discussion: """
      Lower bounds of log p(x) on random test images: the ELBO, importance sampling (IWAE-K) and \
      annealed importance sampling (AIS). On images simulated from the model, where the posterior \
      can be drawn from exactly, AIS run backwards is an upper bound: log p(x) lies between. Then \
      what the ELBO loses to the family of q (approximation gap) and to the encoder (amortisation \
      gap), against the largest lower bound measured, and what q does with the latent dimensions. \
      Numbers that contradict each other are told first.

        elbo evidence runs/<run>
        elbo evidence vae.safetensors --data mnist --first 1000 --parts elbo,iwae
        elbo evidence runs/<run> --budget 10m --json

      The file may have been written by PyTorch, with tensors named encoder.fc1.weight and so on. \
      Numbers are compared on the same images only; each carries its protocol in --json. \
      evidence.csv has the bounds of each image.
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var test: TestDataOptions
  @OptionGroup var amount: EvidenceOptions
  @OptionGroup var threads: ThreadOptions

  @Option(
    name: .shortAndLong,
    help: """
      A folder for the pictures, evidence.json and evidence.csv. (default: the run's figures folder; none for a \
      file)
      """, completion: .file())
  var output: String?

  @Flag(help: "Print one JSON object instead of tables.")
  var json = false

  func validate() throws { try require(output, "--output") }

  func run() throws {
    Interrupt.watch()
    let started = ContinuousClock.now
    let workers = threads.makeWorkers()
    let loaded = try model.load()
    let images = try test.load(for: loaded, workers: workers)
    if images.count < 2 {
      throw TooFewImages(data: images.name, split: images.split)
    }
    do {
      try measure(loaded.model, loaded, images, workers, since: started)
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
  }

  private func measure(
    _ model: some DescribedAutoencoder<Float>, _ loaded: ModelOption.Loaded,
    _ images: any Dataset, _ workers: WorkerPool, since started: ContinuousClock.Instant
  ) throws {
    let (measurement, display, spending) = try measurement(
      of: model, in: loaded.path, images, workers, since: started)
    let results = try measurement.run()
    display.end()
    if !results.isDefined { throw UndefinedResult(model: loaded.path, what: "bounds") }
    try report(results, model, loaded, spending)
  }

  private func measurement<Model: DescribedAutoencoder<Float>>(
    of model: Model, in path: String, _ images: any Dataset, _ workers: WorkerPool,
    since started: ContinuousClock.Instant
  ) throws -> (EvidenceMeasurement<Model>, EvidenceDisplay, EvidenceSpending?) {
    func make(_ plan: EvidencePlan) -> (EvidenceMeasurement<Model>, EvidenceDisplay) {
      let display = EvidenceDisplay(plan, isSilent: json)
      return (
        EvidenceMeasurement(
          of: model, on: images, meaning: model.likelihoodKind.meaning(onData: images.meaning),
          plan: plan, workers: workers, listener: display), display
      )
    }
    var plan = EvidencePlan(
      amount.parts.parts, examples: images.count, wishes: amount.wishes, seed: test.seed,
      subset: amount.first == nil ? EvidenceSubset(of: images, seed: test.seed) : .first)
    guard let budget = amount.budget?.seconds else {
      try plan.checkMemory(model.architecture, images.count, threads: workers.count)
      let (measurement, display) = make(plan)
      return (measurement, display, nil)
    }
    let pilot = try make(plan).0.pilot(seconds: budget)
    guard pilot.isDefined else { throw UndefinedResult(model: path, what: "bounds") }
    // Pictures and files are made after the measurement.
    let afterwards = min(max(0.03 * budget, 0.3), 0.2 * budget + 0.1)
    plan.end = started + .seconds(budget - afterwards - 4e-6 * Double(images.count))
    plan.lastEnd =
      started + .seconds(budget + max(0.1 * budget, 1) - 4e-6 * Double(images.count))
    let left = plan.end.map { ($0 - ContinuousClock.now) / .seconds(1) } ?? budget
    let (fitted, leftOut) = pilot.fitting(
      plan, seconds: max(left, 0), images: images.count, keeping: amount.wishes)
    let spending = EvidenceSpending(
      budget: budget, leftOut: leftOut, pilot: pilot, plan: fitted,
      noun: images.exampleNoun)
    if !json { for line in spending.lines { Terminal.line(line) } }
    try fitted.checkMemory(model.architecture, images.count, threads: workers.count)
    let (measurement, display) = make(fitted)
    return (measurement, display, spending)
  }

  private func report(
    _ results: EvidenceResults, _ model: some DescribedAutoencoder<Float>,
    _ loaded: ModelOption.Loaded, _ spending: EvidenceSpending?
  ) throws {
    var object = results.json(loaded.protocolMembers)
    if let spending { object["budget"] = spending.json }
    let text = object.pretty
    if json {
      Terminal.write(text)
    } else {
      if let line = spending?.shortfall(of: results.plan) { Terminal.line(line) }
      results.printTable()
    }
    guard let folder = output ?? loaded.run?.figures else { return }
    // Before the pictures: the numbers took longer, and must not be lost with one of those.
    let file = "\(folder)/evidence.json"
    try Files.createFolder(folder)
    try AtomicFile.write(Array(text.utf8), to: file)
    let figures = EvidenceFigures(results: results, model: model, subtitle: loaded.summary)
    let examples = try results.writeExamples(to: folder)
    do {
      let paths = try figures.write(to: folder)
      if !json { Terminal.line("Wrote \((paths + [file] + examples).joined(separator: ", "))") }
    } catch is CancellationError {
      Terminal.tell("Stopped while the pictures were drawn; all numbers are in '\(file)'.")
      throw ExitCode(128 + (Interrupt.signalNumber ?? 2))
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
