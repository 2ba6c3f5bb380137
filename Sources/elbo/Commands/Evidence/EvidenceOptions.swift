// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import VariationalInference

/// How much to compute; what is not given is chosen.
struct EvidenceOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: """
      Test images for IWAE, annealing and gaps: so many, drawn by --seed, of each label its \
      share. The ELBO and the health of the latent space take all. (default: 100)
      """)
  var limit: Int?

  @Option(
    parsing: .unconditional,
    help: """
      The first so many test images instead of random ones, as published numbers have them; of \
      sorted data they are no fair sample.
      """)
  var first: Int?

  @Option(parsing: .unconditional, help: "Draws of q per image, the K of IWAE. (default: 5000)")
  var importanceSamples: Int?

  @Option(
    parsing: .unconditional,
    help: "Steps of annealed importance sampling, from q to the posterior. (default: 100)")
  var aisSteps: Int?

  @Option(parsing: .unconditional, help: "Independent chains per image. (default: 16)")
  var aisChains: Int?

  @Option(
    parsing: .unconditional,
    help: "Images simulated from the model, on which log p(x) is enclosed. (default: 50)")
  var simulated: Int?

  @Option(
    parsing: .unconditional,
    help: """
      What to measure, separated by commas: elbo, iwae, ais (with the sandwich on simulated data), \
      gaps, health.
      """)
  var parts = EvidenceParts.all

  @Option(
    parsing: .unconditional,
    help: """
      The time to spend, as 90s, 10m or 1h: what is not given above is chosen to fit it, and told; \
      what cannot fit is left out, and told first. \
      (default: no limit; about two minutes for MNIST on two cores)
      """, transform: Duration.init(parsing:))
  var budget: Duration?

  func validate() throws {
    try require(limit, "--limit", atMost: 100_000_000)
    try require(first, "--first", atMost: 100_000_000)
    if limit != nil, first != nil {
      throw ValidationError("--limit draws images, --first takes the first ones: give one of them")
    }
    try require(importanceSamples, "--importance-samples", atMost: 1_000_000_000)
    try require(aisSteps, "--ais-steps")
    try require(aisChains, "--ais-chains", atMost: 10_000)
    try require(simulated, "--simulated")
    let counts = [("--limit", limit), ("--first", first), ("--simulated", simulated)]
    for (option, value) in counts where value == 1 {
      throw ValidationError("\(option) 1: a standard error takes at least 2 examples")
    }
  }

  /// What was given.
  var wishes: EvidenceWishes {
    EvidenceWishes(
      limit: limit ?? first, importanceSamples: importanceSamples, aisSteps: aisSteps,
      aisChains: aisChains, simulated: simulated)
  }
}
