// SPDX-License-Identifier: Apache-2.0

// Log-densities of 0 or 1, and of counts. Data take no gradient.

extension LogDensities {
  /// log p(x) of x = 0 or 1 by the logit l = log(p / (1 - p)): -softplus(-l) for x = 1,
  /// -softplus(l) for x = 0, to the last digits also where that is nearly 0. For grey levels see
  /// ``binomial(successes:failures:logits:)``.
  ///
  ///     d/dl = x - sigmoid(l)
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func bernoulli<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, logits: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    // 1 for x = 0, -1 for x = 1.
    let sign = x.detached * -2 + 1
    let signed = sign * logits.detached
    return .broadcastOperation(value: -signed.softplus(), inputs: [logits]) { g, _ in
      [g * (-sign * signed.sigmoid())]
    }
  }

  /// k log p + f log(1 - p) of k successes and f failures, by the logit l, without the number of
  /// their orders; both may be fractions.
  ///
  ///     -(f max(l, 0) + k max(-l, 0)) - (k + f) softplus(-|l|),   d/dl = k - (k + f) sigmoid(l)
  ///
  /// It is k l - (k + f) softplus(l), whose difference would lose the digits of what is nearly
  /// certain.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func binomial<Scalar: TensorScalar>(
    successes: Tensor<Scalar>, failures: Tensor<Scalar>, logits: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    let (k, f, l) = (successes.detached, failures.detached, logits.detached)
    let trials = k + f
    let certain = f * l.relu() + k * (-l).relu()
    let value = -certain - trials * (-l.magnitude()).softplus()
    return .broadcastOperation(value: value, inputs: [logits]) { g, _ in
      [g * (k - trials * l.sigmoid())]
    }
  }

  /// k log p + f log(1 - p) by the probability, with 0 log 0 = 0.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func binomial<Scalar: TensorScalar>(
    successes: Tensor<Scalar>, failures: Tensor<Scalar>, probability: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    let (k, f, p) = (successes.detached, failures.detached, probability.detached)
    let q = -p + 1
    let value = k * p.log().finiteBelow + f * (-p).logOnePlus().finiteBelow
    return .broadcastOperation(value: value, inputs: [probability]) { g, _ in
      [g * (k / p.aboveZero - f / q.aboveZero)]
    }
  }

  /// log of n! / (k! (n - k)!).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func logOrders<Scalar: TensorScalar>(
    trials: Tensor<Scalar>, successes: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    let failures = trials - successes
    return (trials + 1).logGamma() - (successes + 1).logGamma() - (failures + 1).logGamma()
  }

  /// k eta - exp(eta) - log k! of counts by the logarithm eta of their rate; d/deta = k - exp(eta).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func poisson<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, logRate: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    let (k, eta) = (x.detached, logRate.detached)
    let rate = eta.exp()
    let value = k * eta - rate - (k + 1).logGamma()
    return .broadcastOperation(value: value, inputs: [logRate]) { g, _ in [g * (k - rate)] }
  }

  /// k log r - r - log k! of counts by their rate r, with 0 log 0 = 0.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func poisson<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, rate: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    let (k, r) = (x.detached, rate.detached)
    let value = k * r.log().finiteBelow - r - (k + 1).logGamma()
    return .broadcastOperation(value: value, inputs: [rate]) { g, _ in
      [g * (k / r.aboveZero - 1)]
    }
  }

  /// Counts of mean mu and variance mu + mu^2 / phi, by log mu and phi: see
  /// ``Tensor/negativeBinomialLogDensity(_:logMean:logDispersion:)``.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func negativeBinomial<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, logMean: Tensor<Scalar>, dispersion: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    .negativeBinomialLogDensity(x, logMean: logMean, logDispersion: dispersion.log())
  }

  /// k of n trials whose probability has a beta law:
  ///
  ///     log(n! / (k! (n - k)!)) + log B(k + a, n - k + b) - log B(a, b)
  ///
  ///     d/da = psi(k + a) - psi(n + a + b) - psi(a) + psi(a + b), and with n - k for b
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func betaBinomial<Scalar: TensorScalar>(
    successes: Tensor<Scalar>, failures: Tensor<Scalar>, _ alpha: Tensor<Scalar>,
    _ beta: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    let (k, f, a, b) = (
      successes.detached, failures.detached, alpha.detached, beta.detached
    )
    let (n, sum, ka, fb) = (k + f, a + b, k + a, f + b)
    let total = n + sum
    let value =
      logOrders(trials: n, successes: k) + logRise(a, by: k) + logRise(b, by: f)
      - logRise(sum, by: n)
    return .broadcastOperation(value: value, inputs: [alpha, beta]) { g, isTraced in
      let shared = sum.digamma() - total.digamma()
      return [
        isTraced[0] ? g * (ka.digamma() - a.digamma() + shared) : nil,
        isTraced[1] ? g * (fb.digamma() - b.digamma() + shared) : nil,
      ]
    }
  }
}

extension LogDensities {
  /// log Gamma(x + k) - log Gamma(x) for x > 0 and k >= 0, off the tape. From x = 100 on, where the
  /// difference would lose the digits of k, by Stirling's series S(x) = 1 / (12 x) - 1 / (360 x^3)
  /// + 1 / (1260 x^5), whose next term is below 1e-17:
  ///
  ///     (x - 1/2) log(1 + k / x) + k (log(x + k) - 1) + S(x + k) - S(x)
  private static func logRise<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, by k: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    let sum = x + k
    let difference = sum.logGamma() - x.logGamma()
    let limit = Scalar(100)
    if x.isWithin(0...limit) { return difference }
    func series(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
      let inverse = x.reciprocal()
      let square = inverse.squared()
      let inner = square * (Scalar(1) / 1260) - Scalar(1) / 360
      return inverse * (square * inner + Scalar(1) / 12)
    }
    let steps = (x - Scalar(0.5)) * (k / x).logOnePlus() + k * (sum.log() - 1)
    return .choose(.isAtLeast(x, Tensor(limit)), steps + (series(sum) - series(x)), difference)
  }
}

extension Tensor {
  /// No smaller than the smallest finite number: 0 times it is 0.
  fileprivate var finiteBelow: Tensor { .maximum(self, Tensor(-Scalar.greatestFiniteMagnitude)) }
  /// No smaller than the smallest positive normal number: 0 over it is 0.
  fileprivate var aboveZero: Tensor { .maximum(self, Tensor(Scalar.leastNormalMagnitude)) }
}
