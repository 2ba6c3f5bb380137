// SPDX-License-Identifier: Apache-2.0

/// The mixture of all posteriors of a data set, with equal weights, and its marginals.
///
///     q(z) = 1/N sum over n of q(z | x[n]),      q(z[j]) = 1/N sum over n of q(z[j] | x[n])
///
/// The sums run over all N posteriors: estimates from minibatches are biased (Chen et al. 2018,
/// section 4.1). In `Double`, because differences of these logarithms are what is asked for.
struct AggregatePosterior: Sendable {
  let count: Int
  let dimension: Int
  /// One row for each dimension, `[1, N]` each: exp(-v / 2), mean exp(-v / 2) and v = log sigma^2.
  private let rows: [(scale: Tensor<Double>, centre: Tensor<Double>, logVariance: Tensor<Double>)]
  private let logCount: Double

  init(_ posterior: DiagonalGaussian<Double>) {
    (count, dimension) = (posterior.mean.shape[0], posterior.mean.shape[1])
    let scale = (posterior.logVariance * -0.5).exp()
    let (scales, centres, variances) = (
      scale.transposed(), (posterior.mean * scale).transposed(), posterior.logVariance.transposed()
    )
    rows = (0..<dimension).map { j in
      (scales.slice(j..<j + 1), centres.slice(j..<j + 1), variances.slice(j..<j + 1))
    }
    logCount = Tensor(Double(count)).log().scalar
  }

  /// Rows of z for which the matrices `[rows, N]` below stay in a core's second cache: 512 KB each.
  var blockSize: Int { max(1, 65_536 / count) }

  /// log q(z) and the sum over j of log q(z[j]), `[rows]` each, in nats, for z `[rows, dimension]`.
  ///
  /// Cost: rows x N x dimension exponentials.
  func logDensities(of z: Tensor<Double>) -> (joint: Tensor<Double>, marginals: Tensor<Double>) {
    var joint = Tensor<Double>.zeros([z.shape[0], count])
    var marginals = Tensor<Double>.zeros([z.shape[0]])
    for (j, row) in rows.enumerated() {
      let distance = z.slice(j..<j + 1, along: 1) * row.scale - row.centre
      let logDensity = (distance.squared() + row.logVariance) * -0.5
      joint = joint + logDensity
      marginals = marginals + logDensity.logSumExp(along: 1)
    }
    let constant = Double(dimension) * halfLogTwoPi
    return (
      joint.logSumExp(along: 1) - (logCount + constant),
      marginals - (Double(dimension) * logCount + constant)
    )
  }
}
