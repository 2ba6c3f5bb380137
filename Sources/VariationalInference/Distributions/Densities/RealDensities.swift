// SPDX-License-Identifier: Apache-2.0

// Laws of real numbers. With `isHalf` the density is that of the magnitude, twice as high: for
// values from 0 on, of a law around 0.

extension LogDensities {
  /// -e^2 / 2 - log sd - log(2 pi) / 2 with e = (x - mean) / sd.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func normal<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, mean: Tensor<Scalar>, standardDeviation: Tensor<Scalar>,
    isHalf: Bool = false
  ) -> Tensor<Scalar> {
    .normalLogDensity(
      x, mean: mean, standardDeviation: standardDeviation, constant: isHalf ? Scalar(logTwo) : 0)
  }

  /// -log(1 + e^2) - log scale - log pi with e = (x - location) / scale.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func cauchy<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, location: Tensor<Scalar>, scale: Tensor<Scalar>, isHalf: Bool = false
  ) -> Tensor<Scalar> {
    let logNormalizer = isHalf ? logPi - logTwo : logPi
    return locationScale(x, location, scale, logNormalizer: logNormalizer) { e in
      -e.squared().logOnePlus()
    } score: { e in
      e * 2 / (e.squared() + 1)
    }
  }

  /// -|e| - log(2 scale) with e = (x - location) / scale.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func laplace<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, location: Tensor<Scalar>, scale: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    locationScale(x, location, scale, logNormalizer: logTwo) { e in
      -e.magnitude()
    } score: { e in
      Tensor(Scalar(1)).signed(by: e)
    }
  }

  /// -e - 2 log(1 + exp(-e)) - log scale with e = (x - location) / scale.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func logistic<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, location: Tensor<Scalar>, scale: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    locationScale(x, location, scale, logNormalizer: 0) { e in
      // Even in e; this way exp does not overflow, and nothing cancels.
      let size = e.magnitude()
      return -size - (-size).softplus() * 2
    } score: { e in
      (e * Scalar(0.5)).tanh()
    }
  }

  /// -e - exp(-e) - log scale with e = (x - location) / scale.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func gumbel<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, location: Tensor<Scalar>, scale: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    locationScale(x, location, scale, logNormalizer: 0) { e in
      -(e + (-e).exp())
    } score: { e in
      -(-e).expMinusOne()
    }
  }

  /// log gamma((nu + 1) / 2) - log gamma(nu / 2) - log(nu pi) / 2 - log scale
  /// - (nu + 1) / 2 log(1 + e^2 / nu), with e = (x - mean) / scale.
  ///
  /// With w = (nu + 1) / (nu + e^2) the derivatives are -w e / scale by x, (w e^2 - 1) / scale by
  /// the scale, and half of digamma((nu + 1) / 2) - digamma(nu / 2) - 1 / nu - log(1 + e^2 / nu) +
  /// w e^2 / nu by nu.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func studentT<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, degreesOfFreedom: Tensor<Scalar>, mean: Tensor<Scalar>,
    scale: Tensor<Scalar>, isHalf: Bool = false
  ) -> Tensor<Scalar> {
    let (nu, s) = (degreesOfFreedom.detached, scale.detached)
    let e = (x.detached - mean.detached) / s
    let squares = e.squared()
    let logs = (squares / nu).logOnePlus()
    let half = nu * Scalar(0.5)
    let ofNu = logGammaStep(half) - nu.log() * Scalar(0.5)
    let constant = ofNu - s.log() - Scalar(isHalf ? 0.5 * logPi - logTwo : 0.5 * logPi)
    let value = constant - logs * (half + Scalar(0.5))
    let inputs = [x, degreesOfFreedom, mean, scale]
    return .broadcastOperation(value: value, inputs: inputs) { g, isTraced in
      let pull = g * ((nu + 1) / (nu + squares))
      let byMean = isTraced[0] || isTraced[2] ? pull * e / s : nil
      let pullOfSquares = isTraced[1] || isTraced[3] ? pull * squares : nil
      let digammas = digammaStepLessHalf(half)
      return [
        isTraced[0] ? byMean.map { -$0 } : nil,
        isTraced[1] ? pullOfSquares.map { ($0 / nu + g * (digammas - logs)) * Scalar(0.5) } : nil,
        isTraced[2] ? byMean : nil,
        isTraced[3] ? pullOfSquares.map { ($0 - g) / s } : nil,
      ]
    }
  }

  /// log gamma(h + 1/2) - log gamma(h): from h = 32 on by its series in 1 / h, as the difference
  /// would lose the digits that both have in common. Nothing is recorded.
  ///
  /// - Source: "NIST digital library of mathematical functions", 5.11.8 with h = 1/2 and h = 0.
  private static func logGammaStep<Scalar: TensorScalar>(_ h: Tensor<Scalar>) -> Tensor<Scalar> {
    let threshold = Tensor(Scalar(32))
    let small = Tensor.minimum(h, threshold)
    let difference = (small + Scalar(0.5)).logGamma() - small.logGamma()
    if h.isWithin(0...32) { return difference }
    let y = Tensor.maximum(h, threshold).reciprocal()
    let square = y.squared()
    var terms = Tensor(Scalar(17.0 / 14336))
    for term in [-1.0 / 640, 1.0 / 192, -1.0 / 8] { terms = terms * square + Scalar(term) }
    return .choose(.isAtLeast(h, threshold), terms * y - y.log() * Scalar(0.5), difference)
  }

  /// digamma(h + 1/2) - digamma(h) - 1 / (2 h), of the order of 1 / h^2: from h = 32 on by the
  /// derivative of that series. Nothing is recorded.
  private static func digammaStepLessHalf<Scalar: TensorScalar>(
    _ h: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    let threshold = Tensor(Scalar(32))
    let small = Tensor.minimum(h, threshold)
    let difference =
      (small + Scalar(0.5)).digamma() - small.digamma() - (small * 2).reciprocal()
    if h.isWithin(0...32) { return difference }
    let square = Tensor.maximum(h, threshold).reciprocal().squared()
    var terms = Tensor(Scalar(-17.0 / 2048))
    for term in [1.0 / 128, -1.0 / 64, 1.0 / 8] { terms = terms * square + Scalar(term) }
    return .choose(.isAtLeast(h, threshold), terms * square, difference)
  }

  /// log 2 + log normal density + log Phi(shape e) with e = (x - location) / scale.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func skewNormal<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, location: Tensor<Scalar>, scale: Tensor<Scalar>, shape: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    let e = (x - location) / scale
    let density = e.squared() * Scalar(-0.5) - (scale.log() + Scalar(halfLogTwoPi - logTwo))
    return density + (shape * e).normalLogCDF()
  }

  /// k cos(x - location) - log(2 pi I0(k)), for angles from -pi to pi.
  ///
  /// As k (cos - 1) - (log I0(k) - k): both parts are of the size of the result also where k is
  /// large.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func vonMises<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, location: Tensor<Scalar>, concentration: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    // The Double nearest to pi is below it, the Float above.
    within(x, -Scalar(Double.pi)...Scalar(Double.pi), standIn: 0) { x in
      let sines = ((x - location) * Scalar(0.5)).sin().squared()
      return sines * (concentration * -2)
        - (logScaledBessel(concentration) + Scalar(2 * halfLogTwoPi))
    }
  }

  /// log I0(k) - k: from k = 200 on by Hankel's expansion.
  ///
  /// - Source: "NIST digital library of mathematical functions", 10.40.1.
  private static func logScaledBessel<Scalar: TensorScalar>(_ k: Tensor<Scalar>) -> Tensor<Scalar> {
    let threshold = Tensor(Scalar(200))
    let small = Tensor.minimum(k, threshold)
    let difference = small.logBesselI0() - small
    if k.isWithin(0...200) { return difference }
    let large = Tensor.maximum(k, threshold)
    let y = (large * 8).reciprocal()
    var terms = Tensor(Scalar(893025.0 / 120))
    for term in [11025.0 / 24, 225.0 / 6, 9.0 / 2, 1.0] { terms = terms * y + Scalar(term) }
    let series = (terms * y).logOnePlus() - large.log() * Scalar(0.5) - Scalar(halfLogTwoPi)
    return .choose(.isAtLeast(k, threshold), series, difference)
  }
}

/// log 2.
let logTwo = 0.693147180559945309417232121458
/// log pi.
let logPi = 1.144729885849400174143427351353
