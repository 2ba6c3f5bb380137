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

  @Option(
    parsing: .unconditional,
    help: """
      Epochs, or a part of one, over whose steps the weight of the KL in the objective rises from \
      0 to 1 (KL annealing), so that z is used before it is paid for. Until then training \
      maximises another objective than the ELBO; all numbers shown are of the ELBO itself. \
      (default: 0)
      """)
  var klWarmUp: Double?

  @Option(
    parsing: .unconditional,
    help: """
      The KL of each latent dimension of an example counts in the objective as at least so many \
      nats (free bits): below them nothing pulls the dimension to the prior. All numbers shown are \
      of the ELBO itself. (default: 0)
      """)
  var freeBits: Double?

  func validate() throws {
    try require(samples, "--samples", atMost: 10_000)
    if objective == .iwae, samples == nil {
      throw ValidationError("--objective iwae needs the number of draws: add --samples K")
    }
    if objective != .iwae, samples != nil || gradient != nil {
      let option = samples != nil ? "--samples" : "--gradient"
      throw ValidationError("\(option) goes with --objective iwae; the ELBO takes one draw")
    }
    for (option, value) in [("--kl-warm-up", klWarmUp), ("--free-bits", freeBits)] {
      guard let value else { continue }
      if !(value > 0 && value.isFinite) {
        throw ValidationError("\(option) \(value): a positive number is expected")
      }
      if objective == .iwae {
        throw ValidationError(
          "\(option) goes with --objective elbo; an importance-weighted bound has no KL term to "
            + "relax"
        )
      }
    }
  }

  /// Refuses a warm-up that the run does not see the end of.
  func check(epochs: Int) throws {
    if let klWarmUp, klWarmUp >= Double(epochs) {
      throw ValidationError(
        "--kl-warm-up \(klWarmUp): fewer epochs than the \(epochs) of the run are expected, so "
          + "that it ends on the ELBO")
    }
  }

  /// The first of these options on the command line.
  var firstGiven: String? {
    [
      ("--objective", objective != nil), ("--samples", samples != nil),
      ("--gradient", gradient != nil), ("--kl-warm-up", klWarmUp != nil),
      ("--free-bits", freeBits != nil),
    ].first { $0.1 }?.0
  }

  var klRelaxation: KLRelaxation {
    KLRelaxation(warmUpEpochs: klWarmUp ?? 0, freeNats: freeBits ?? 0)
  }

  var choice: TrainingObjective {
    guard objective == .iwae, let samples else { return .evidenceLowerBound }
    return .importanceWeighted(samples: samples, gradient: gradient ?? .reparameterised)
  }
}
