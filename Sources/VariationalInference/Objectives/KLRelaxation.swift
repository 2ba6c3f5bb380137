// SPDX-License-Identifier: Apache-2.0

/// What training does to the KL term of the ELBO so that q does not fall back on the prior before
/// the decoder has learned to use z: it maximises, for each example,
///
///     -reconstruction - weight sum over j of max(free, KL[j])
///
/// with KL[j] = KL(q(z[j] | x) || p(z[j])) of dimension j, and without free nats -reconstruction -
/// weight KL. With a weight below 1 or with free nats this is not the ELBO, which evaluations leave
/// as it is.
///
/// The weight rises from 0 at the first step to 1 after so many epochs, in proportion to the steps
/// taken (warm-up, KL annealing). From then on the objective is the ELBO again, to the bit.
///
/// Free nats let each dimension of each example hold so much information without a cost, and
/// without a gradient: at KL[j] below them nothing pulls it to the prior. The paper takes the
/// maximum of the mean of KL[j] over a batch; here it is of each example's own, so that an
/// example's value does not depend on the batch it is in. By Jensen's inequality this cost is at
/// least that of the paper.
///
/// - Source: warm-up: Bowman et al., "Generating sentences from a continuous space", CoNLL 2016,
///   arXiv:1511.06349; Sonderby et al., "Ladder variational autoencoders", NIPS 2016,
///   arXiv:1602.02282. Free bits: Kingma et al., "Improving variational inference with inverse
///   autoregressive flow", NIPS 2016, arXiv:1606.04934, appendix C.8.
public struct KLRelaxation: Sendable, Equatable {
  /// Epochs in which the weight rises from 0 to 1, or a part of one; 0 for a weight of 1
  /// throughout.
  public let warmUpEpochs: Double
  /// What the KL of each latent dimension of an example costs at least, in nats; 0 for the KL
  /// itself.
  public let freeNats: Double

  /// A relaxation.
  ///
  /// - Precondition: Both numbers are finite and not negative.
  public init(warmUpEpochs: Double = 0, freeNats: Double = 0) {
    precondition(
      warmUpEpochs >= 0 && warmUpEpochs.isFinite && freeNats >= 0 && freeNats.isFinite,
      "a KL warm-up of \(warmUpEpochs) epochs and \(freeNats) free nats")
    self.warmUpEpochs = warmUpEpochs
    self.freeNats = freeNats
  }

  /// The KL itself: the objective is the ELBO.
  public static let none = KLRelaxation()

  /// The weight of the KL at a step.
  ///
  /// - Parameters:
  ///   - step: The number of steps before it.
  ///   - stepsPerEpoch: The number of batches in an epoch.
  /// - Returns: A number from 0 to 1.
  public func weight(step: Int, stepsPerEpoch: Int) -> Double {
    let end = warmUpEpochs * Double(stepsPerEpoch)
    return Double(step) < end ? Double(step) / end : 1
  }

  func term(step: Int, stepsPerEpoch: Int) -> KLTerm {
    KLTerm(weight: weight(step: step, stepsPerEpoch: stepsPerEpoch), freeNats: freeNats)
  }
}

/// What one step takes for the KL: weight sum over j of max(freeNats, KL[j]).
package struct KLTerm: Sendable, Equatable {
  let weight: Double
  let freeNats: Double

  package init(weight: Double = 1, freeNats: Double = 0) {
    self.weight = weight
    self.freeNats = freeNats
  }

  /// The KL itself.
  static let exact = KLTerm()
}

extension JointDensity {
  /// Refuses a model without a KL term to relax, in a sentence.
  func requireDivergence() {
    precondition(
      ownDimension > 0 && logPrior(at: .zeros([1, ownDimension])) != nil,
      "a KL warm-up or free nats need a model that keeps p(x | z) and p(z) of each example apart,"
        + " as a GenerativeModel does; \(Self.self) gives log p(x, z) alone")
  }

  /// The cost that takes the place of `kl`, KL(q || p(z)) of each example, `[batch]`.
  package func relaxed(
    _ kl: Tensor<Scalar>, of q: some ReparameterizedDistribution<Scalar>, _ term: KLTerm
  ) -> Tensor<Scalar> {
    let weight = Scalar(term.weight)
    if term.freeNats == 0 { return kl * weight }
    guard let each = divergencesFromPrior(of: q) else {
      preconditionFailure(
        "free nats need the KL of each latent dimension in closed form, which \(type(of: q)) and"
          + " this prior do not have")
    }
    // sum of max(f, k) = n f + sum of max(k - f, 0)
    let free = Scalar(term.freeNats)
    let cost = (each - free).relu().sum(along: -1) + free * Scalar(each.shape[each.rank - 1])
    return (cost.shape == kl.shape ? cost : cost.repeated(to: kl.shape)) * weight
  }
}
