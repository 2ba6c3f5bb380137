// SPDX-License-Identifier: Apache-2.0

/// The mixture of all posteriors of a data set, with equal weights, and its marginals.
///
///     q(z) = 1/N sum over n of q(z | x[n]),      q(z[j]) = 1/N sum over n of q(z[j] | x[n])
///
/// The sums run over all N posteriors: estimates from minibatches are biased (Chen et al. 2018,
/// section 4.1).
struct AggregatePosterior<Scalar: TensorScalar>: Sendable {
  let count: Int
  let dimension: Int
  /// One row for each dimension, `[1, N]` each: the means, sqrt(1/2) / sigma and -log sigma.
  private let rows: [(mean: Tensor<Scalar>, scale: Tensor<Scalar>, constant: Tensor<Scalar>)]
  private let logCount: Scalar

  init(_ posterior: DiagonalGaussian<Scalar>) {
    (count, dimension) = (posterior.mean.shape[0], posterior.mean.shape[1])
    let (means, logScales) = (
      posterior.mean.transposed(), (posterior.logVariance * -0.5).transposed()
    )
    let scales = logScales.exp() * Scalar(0.5).squareRoot()
    rows = (0..<dimension).map { j in
      (means.slice(j..<j + 1), scales.slice(j..<j + 1), logScales.slice(j..<j + 1))
    }
    logCount = Tensor(Scalar(count)).log().scalar
  }

  /// Rows of z for which the matrices `[rows, N]` below stay in a core's second cache.
  var blockSize: Int { max(1, 65_536 / count) }

  /// log q(z) and the sum over j of log q(z[j]), `[rows]` each, in nats, for z `[rows, dimension]`.
  ///
  /// Cost: rows x N x dimension exponentials. The means are taken from z before the scale, so that a
  /// narrow posterior far from 0 costs `Float` no more digits than z itself has.
  ///
  /// With l[n, j] = -log sigma[n, j] - (z[j] - mean[n, j])^2 / (2 sigma[n, j]^2):
  ///
  ///     log q(z)        = log sum over n of exp(sum over j of l[n, j]) - log N - d/2 log(2 pi)
  ///     sum log q(z[j]) = sum over j of log sum over n of exp(l[n, j]) - d log N - d/2 log(2 pi)
  func logDensities(of z: Tensor<Scalar>) -> (joint: Tensor<Scalar>, marginals: Tensor<Scalar>) {
    var joint = Tensor<Scalar>.zeros([z.shape[0], count])
    var marginals = Tensor<Scalar>.zeros([z.shape[0]])
    for (j, row) in rows.enumerated() {
      let distance = (z.slice(j..<j + 1, along: 1) - row.mean) * row.scale
      let logDensity = row.constant - distance.squared()
      joint = joint + logDensity
      marginals = marginals + logDensity.logSumExp(along: 1)
    }
    let constant = Scalar(dimension) * Scalar(halfLogTwoPi)
    return (
      joint.logSumExp(along: 1) - (logCount + constant),
      marginals - (Scalar(dimension) * logCount + constant)
    )
  }
}
