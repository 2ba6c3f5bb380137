// SPDX-License-Identifier: Apache-2.0

/// The derivation of the evidence lower bound for one example of a model with known posterior: each
/// step as a formula, with its two sides as numbers.
///
/// The sides are computed apart from each other: closed forms on one, integrals over z by quadrature
/// (or sums over z) on the other.
public struct Derivation: Sendable {
  /// Model, data and q, a line each.
  public let setting: [String]
  /// In the order of the derivation.
  public let steps: [Step]
  /// Bounds as q moves to the posterior, the given q first.
  public let moves: [Move]
  /// log p(x) in nats, in closed form; of a density, so it may be positive.
  public let logEvidence: Double

  /// An equation.
  public struct Step: Sendable {
    /// What is done.
    public let title: String
    /// The equation in symbols.
    public let left, right: String
    /// Its sides as numbers, in nats.
    public let leftValue, rightValue: Double

    /// Left less right: rounding.
    public var difference: Double { leftValue - rightValue }
  }

  /// A q with its bound.
  public struct Move: Sendable {
    /// Which q.
    public let name: String
    /// ELBO(q), in nats.
    public let bound: Double
    /// KL(q || p(z|x)) in closed form, in nats: the gap.
    public let divergence: Double
  }

  init(_ model: some KnownJoint) {
    setting = model.setting
    logEvidence = model.logEvidence
    steps = Self.steps(model)
    var moves = [
      Move(name: "q as given", bound: model.bound, divergence: model.divergenceToPosterior)
    ]
    if let best = model.bestOfFamily {
      moves.append(
        Move(
          name: "the best q with independent coordinates", bound: best.bound,
          divergence: best.divergenceToPosterior))
    }
    moves.append(Move(name: "q = p(z|x)", bound: model.boundAtPosterior, divergence: 0))
    self.moves = moves
  }

  private static func steps(_ model: some KnownJoint) -> [Step] {
    let (z, logQ) = (model.underQ.points, model.logQ(model.underQ.points))
    func mean(_ f: Tensor<Double>) -> Double { model.underQ.expectation(of: f, under: logQ) }
    let (evidence, divergence, bound) = (
      model.logEvidence, model.divergenceToPosterior, model.bound
    )
    let one = model.somewhere
    let wide = model.underPosterior
    // By quadrature, not taken for 0: that q is a density is a step of its own.
    let mass = model.underQ.logIntegral(ofExp: logQ)
    return [
      Step(
        title: "Bayes' rule, at one z", left: "log p(z|x)",
        right: "log p(x|z) + log p(z) - log p(x)", leftValue: model.logPosterior(one).scalars[0],
        rightValue: model.logJoint(one).scalars[0] - evidence),
      Step(
        title: "The evidence is an integral over z", left: "log p(x)",
        right: "log of the integral of p(x|z) p(z)", leftValue: evidence,
        rightValue: wide.logIntegral(ofExp: model.logJoint(wide.points))),
      Step(
        title: "How far q is from the posterior", left: "KL(q || p(z|x))",
        right: "E_q[log q(z) - log p(z|x)]", leftValue: divergence,
        rightValue: mean(logQ - model.logPosterior(z))),
      Step(
        title: "Insert Bayes' rule", left: "KL(q || p(z|x))",
        right: "E_q[log q(z) - log p(x,z) + log p(x)]", leftValue: divergence,
        rightValue: mean(logQ - model.logJoint(z) + evidence)),
      Step(
        title: "q is a density: a constant is its own expectation", left: "log 1",
        right: "log of the integral of q(z)", leftValue: 0, rightValue: mass),
      Step(
        title: "Take the constant log p(x) out", left: "KL(q || p(z|x))",
        right: "E_q[log q(z) - log p(x,z)] + log p(x)", leftValue: divergence,
        rightValue: mean(logQ - model.logJoint(z)) + evidence),
      Step(
        title: "Name it: ELBO(q) = E_q[log p(x,z) - log q(z)]", left: "log p(x)",
        right: "ELBO(q) + KL(q || p(z|x))", leftValue: evidence, rightValue: bound + divergence),
      Step(
        title: "The two terms that a network computes", left: "ELBO(q)",
        right: "E_q[log p(x|z)] - KL(q || p(z))", leftValue: bound,
        rightValue: mean(model.logLikelihood(z)) - model.divergenceToPrior),
    ]
  }
}

extension Derivation {
  /// One unknown number z with prior N(0, 1), seen three times with normal noise.
  ///
  /// - Parameters:
  ///   - mean: q's mean.
  ///   - deviation: q's standard deviation, positive.
  /// - Returns: Its derivation; q can reach the posterior.
  public static func conjugateNormal(mean: Double = 0.5, deviation: Double = 0.8) -> Derivation {
    precondition(deviation > 0, "q has the standard deviation \(deviation), which is not positive")
    return Derivation(
      KnownLinearGaussian(
        description: [
          "model      one unknown number, seen three times: p(z) = N(z; 0, 1),",
          "           p(x|z) = product of N(x[i]; z, 0.8^2)",
        ], weight: Tensor([1, 1, 1], shape: [3, 1]), offset: [0, 0, 0], noiseVariance: 0.64,
        x: [1.3, 0.4, 1.9], mean: [mean], deviation: [deviation]))
  }

  /// Two unknown numbers, seen through a matrix with normal noise: their posterior is correlated, so
  /// that no q with independent coordinates reaches it. log p(x) is positive here.
  ///
  /// - Parameters:
  ///   - mean: q's mean, two numbers.
  ///   - deviation: q's standard deviations, two positive numbers.
  /// - Returns: Its derivation.
  public static func linearGaussian(
    mean: [Double] = [0.5, 0.2], deviation: [Double] = [0.3, 0.3]
  ) -> Derivation {
    precondition(mean.count == 2 && deviation.count == 2, "q has two dimensions")
    precondition(
      deviation.allSatisfy { $0 > 0 },
      "q has the standard deviations \(deviation), which are not all positive")
    return Derivation(
      KnownLinearGaussian(
        description: [
          "model      p(z) = N(z; 0, I) in two dimensions, p(x|z) = N(x; W z, 0.1^2 I),",
          "           W = (1, 0.8; 0.3, 0.6; 0.2, 0.4)",
        ], weight: Tensor([1, 0.8, 0.3, 0.6, 0.2, 0.4], shape: [3, 2]), offset: [0, 0, 0],
        noiseVariance: 0.01, x: [0.7, 0.3, 0.15], mean: mean, deviation: deviation))
  }

  /// A number from a mixture of three Gaussians; which of them it came from is unknown.
  ///
  /// - Parameter q: The probabilities of the three, positive and with sum 1.
  /// - Returns: Its derivation, with sums in the place of integrals.
  public static func mixture(q: [Double] = [0.4, 0.4, 0.2]) -> Derivation {
    precondition(q.count == 3, "q has three probabilities")
    precondition(
      q.allSatisfy { $0 > 0 } && (q.reduce(0, +) - 1).magnitude < 1e-9,
      "the probabilities \(q) are not positive with sum 1")
    return Derivation(
      KnownMixture(
        weights: [0.5, 0.3, 0.2], centres: [-1, 0.5, 2], deviations: [0.7, 0.5, 1], x: 0.8, q: q))
  }
}
