// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// p(z) = N(0, I), p(x | z) = N(W z + b, s^2 I), q(z) = N(m, diag t^2), with one or two dimensions
/// of z.
///
///     P = I + W^T W / s^2,   p(z | x) = N(P^-1 W^T (x - b) / s^2, P^-1)
///
/// - Source: Bishop, "Pattern recognition and machine learning", 2006, equations 2.113 to 2.117.
struct KnownLinearGaussian: KnownJoint {
  /// The name of the model and what it says of p(x | z), two lines of the setting.
  let description: [String]
  let weight: Tensor<Double>
  let offset: [Double]
  let noiseVariance: Double
  let x: [Double]
  let mean: [Double]
  let deviation: [Double]

  var setting: [String] {
    let numbers = { (list: [Double]) in list.map { "\($0.rounded(to: 4))" }.joined(separator: ", ")
    }
    return description + [
      "data       x = (\(numbers(x)))",
      "q          N(z; m, diag t^2), m = (\(numbers(mean))), t = (\(numbers(deviation)))",
    ]
  }

  private var dimension: Int { mean.count }
  /// x - b.
  private var centred: Tensor<Double> { Tensor(x) - Tensor(offset) }

  /// P `[n, n]`.
  private var precision: Tensor<Double> {
    .identity(dimension) + weight.transposed().matrixProduct(weight) / noiseVariance
  }

  /// log det P.
  private var logDeterminant: Double {
    let p = precision.scalars
    return log(dimension == 1 ? p[0] : p[0] * p[3] - p[1] * p[2])
  }

  /// P^-1 by Cramer's rule.
  private var covariance: [Double] {
    let p = precision.scalars
    if dimension == 1 { return [1 / p[0]] }
    let determinant = p[0] * p[3] - p[1] * p[2]
    return [p[3] / determinant, -p[1] / determinant, -p[2] / determinant, p[0] / determinant]
  }

  /// c^T = (x - b)^T W / s^2 P^-1, `[1, n]`: a row, as P is symmetric.
  private var posteriorMean: Tensor<Double> {
    let pull = centred.reshaped(to: [1, x.count]).matrixProduct(weight) / noiseVariance
    return pull.matrixProduct(Tensor(covariance, shape: [dimension, dimension]))
  }

  /// P[j][j]^(-1/2): deviations of z[j] given the other.
  private var conditionalDeviations: [Double] {
    (0..<dimension).map { 1 / precision.scalars[$0 * (dimension + 1)].squareRoot() }
  }

  /// -1/2 (|x - b|^2 / s^2 - c^T P c + log det P + D log(2 pi s^2)) with the posterior mean c:
  /// log N(x; b, W W^T + s^2 I) by Woodbury's identity and the determinant lemma.
  var logEvidence: Double {
    let c = posteriorMean
    let distance = centred.squared().sum().scalar / noiseVariance
    let explained = (c.matrixProduct(precision) * c).sum().scalar
    let constant = Double(x.count) * (log(noiseVariance) + 2 * halfLogTwoPi)
    return -0.5 * (distance - explained + logDeterminant + constant)
  }

  /// 1/2 (sum P[j][j] t[j]^2 + (m - c)^T P (m - c) - n - log det P - sum log t[j]^2).
  var divergenceToPosterior: Double {
    let d = Tensor(mean, shape: [1, dimension]) - posteriorMean
    let trace = zip(deviation, conditionalDeviations).reduce(0) {
      $0 + $1.0 * $1.0 / ($1.1 * $1.1)
    }
    let distance = (d.matrixProduct(precision) * d).sum().scalar
    let entropy = deviation.reduce(0) { $0 + 2 * log($1) }
    return 0.5 * (trace + distance - Double(dimension) - logDeterminant - entropy)
  }

  /// 1/2 sum of t[j]^2 + m[j]^2 - 1 - log t[j]^2.
  var divergenceToPrior: Double {
    Tensor.gaussianKLToStandardNormal(mean: Tensor(mean), logVariance: logVariance).scalar
  }

  var somewhere: Tensor<Double> { Tensor(mean, shape: [1, dimension]) }

  var underQ: Quadrature {
    Quadrature(
      around: mean, deviations: deviation, narrowest: deviation.reduce(.infinity, Swift.min))
  }

  var underPosterior: Quadrature {
    let deviations = (0..<dimension).map { covariance[$0 * (dimension + 1)].squareRoot() }
    // P has no eigenvalue above its trace, for n <= 2 at most twice its largest diagonal element:
    // no direction is narrower than 2^(-1/2) = 0.707 of the narrowest conditional deviation.
    return Quadrature(
      around: posteriorMean.scalars, deviations: deviations,
      narrowest: conditionalDeviations.reduce(.infinity, Swift.min) * 0.7)
  }

  /// The posterior's mean, and the deviations of each coordinate given the other (Bishop 2006,
  /// section 10.1.2); for one dimension that is the posterior itself.
  var bestOfFamily: KnownLinearGaussian? {
    if dimension == 1 { return nil }
    return KnownLinearGaussian(
      description: description, weight: weight, offset: offset, noiseVariance: noiseVariance, x: x,
      mean: posteriorMean.scalars, deviation: conditionalDeviations)
  }

  private var logVariance: Tensor<Double> { Tensor(deviation).log() * 2 }

  func logPrior(_ z: Tensor<Double>) -> Tensor<Double> {
    StandardNormal(dimension: dimension).logProbability(of: z)
  }

  func logLikelihood(_ z: Tensor<Double>) -> Tensor<Double> {
    IsotropicGaussian(
      mean: z.linear(weight: weight, bias: Tensor(offset)),
      logVariance: Tensor([log(noiseVariance)])
    ).logProbability(of: Tensor(x))
  }

  /// -1/2 ((z - c)^T P (z - c) - log det P) - n/2 log(2 pi), `[count]`.
  func logPosterior(_ z: Tensor<Double>) -> Tensor<Double> {
    let d = z - posteriorMean
    let distance = (d.matrixProduct(precision) * d).sum(along: 1)
    return (distance - logDeterminant) * -0.5 - Double(dimension) * halfLogTwoPi
  }

  func logQ(_ z: Tensor<Double>) -> Tensor<Double> {
    DiagonalGaussian(
      mean: Tensor(mean, shape: [1, dimension]),
      logVariance: logVariance.reshaped(to: [1, dimension])
    ).logProbability(of: z)
  }
}

extension Double {
  /// The nearest multiple of 10^-decimals, so that its description is short.
  func rounded(to decimals: Int) -> Double {
    let scale = (0..<decimals).reduce(1.0) { scale, _ in scale * 10 }
    return (self * scale).rounded() / scale
  }
}
