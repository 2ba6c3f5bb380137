// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// The ELBO on the test images.
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The ELBO and its parts on the test images, with standard errors.",
    discussion: """
      One draw of q(z|x) per image; the same seed gives the same draws. Example, for a model \
      trained elsewhere whose tensors are named encoder.fc1.weight and so on:

        elbo evaluate vae.safetensors --data mnist --json
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var test: TestDataOptions
  @OptionGroup var threads: ThreadOptions

  @Flag(help: "Print one JSON object instead of a table.")
  var json = false

  func run() throws {
    let workers = threads.makeWorkers()
    let loaded = try model.load()
    let images = try test.load(for: loaded, workers: workers)
    let difference = test.difference(from: loaded, images)
    let result = try loaded.model.evaluate(on: images, seed: test.seed, workers: workers)
    if !result.mean.elbo.isFinite { throw UndefinedResult(model: loaded.path, what: "bounds") }
    if json {
      Terminal.write(report(result, loaded, images, difference).pretty)
    } else {
      printTable(result, loaded, images)
      if let difference { Terminal.line("Note: \(difference).") }
    }
    try Terminal.finish()
  }

  private func report(
    _ result: Evaluation, _ loaded: ModelOption.Loaded, _ images: any Dataset,
    _ difference: String?
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
    let conditions: JSONValue = [
      "data": .string(images.name), "split": .string(images.split),
      "binarize": .string(images.binarizationName),
      "objective": .string(loaded.meaning(of: images)),
      "samples": 1, "seed": .string("\(test.seed)"),
      "unit": .string("nats per \(images.exampleNoun)"),
    ]
    json["protocol"] = .object((conditions.members ?? []) + loaded.protocolMembers)
    json["note"] = difference.map(JSONValue.string)
    return json
  }

  private func printTable(
    _ result: Evaluation, _ loaded: ModelOption.Loaded, _ images: any Dataset
  ) {
    let noun = images.exampleNoun
    let (elbo, reconstruction, kl) = estimates(result)
    Terminal.line(
      "\(images.name) \(images.split), \(elbo.examples.grouped) \(noun)s, nats per \(noun)")
    for (name, value) in [("ELBO", elbo), ("reconstruction", reconstruction), ("KL", kl)] {
      let number = value.mean.fixed(3)
      Terminal.line(
        name.padded(to: 16) + String(repeating: " ", count: max(0, 9 - number.count)) + number
          + (elbo.examples > 1 ? " ± \(value.standardError.fixed(3))" : ""))
    }
    if let bits = loaded.model.likelihoodKind.bitsPerDimension(nats: elbo.mean) {
      Terminal.line("bits per dimension  \(bits.fixed(3)), -ELBO / (numbers of an image x ln 2)")
    }
    Terminal.line(
      "Protocol: \(loaded.meaning(of: images)); 1 draw of q per \(noun), seed \(test.seed); ± is one "
        + "standard error over \(noun)s.")
  }

  private func estimates(_ result: Evaluation) -> (Estimate, Estimate, Estimate) {
    (Estimate(result.elbo), Estimate(result.reconstruction), Estimate(result.kl))
  }
}
