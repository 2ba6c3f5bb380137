// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import VariationalInference

extension ImportanceWeightedGradient: ExpressibleByArgument {}

/// What training maximises.
struct ObjectiveSettings: ParsableArguments {
  enum Name: String, ExpressibleByArgument, CaseIterable {
    case elbo, iwae
  }

  @Option(
    help: """
      What is maximised: 'elbo', the evidence lower bound, or 'iwae', the importance-weighted bound \
      L_K of Burda et al., log of the mean of K importance weights. (default: elbo)
      """)
  var objective: Name?

  @Option(parsing: .unconditional, help: "K, the draws of q per image and step, with iwae.")
  var samples: Int?

  @Option(
    help: """
      The estimator of iwae's gradient: 'reparameterised', or 'dreg', the doubly reparameterised one \
      of Tucker et al., whose noise does not grow with K. (default: reparameterised)
      """)
  var gradient: ImportanceWeightedGradient?

  func validate() throws {
    try require(samples, "--samples", atMost: 10_000)
    if objective == .iwae, samples == nil {
      throw ValidationError("--objective iwae needs the number of draws: add --samples K")
    }
    if objective != .iwae, samples != nil || gradient != nil {
      let option = samples != nil ? "--samples" : "--gradient"
      throw ValidationError("\(option) goes with --objective iwae; the ELBO takes one draw")
    }
  }

  var choice: TrainingObjective {
    guard objective == .iwae, let samples else { return .evidenceLowerBound }
    return .importanceWeighted(samples: samples, gradient: gradient ?? .reparameterised)
  }
}
