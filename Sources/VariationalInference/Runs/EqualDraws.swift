// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// The draws that the verdict recommends, with equal weights: what files of draws hold.
struct EqualDraws {
  /// Rows of ``Fit/draws``, file by file: one of q's in an order of chance, as mirror images and
  /// components lie together; one of weighted draws taken by their weights; one of each chain.
  let files: [[Int]]

  init(_ fit: Fit) {
    let count = fit.draws.weights.count
    switch fit.verdict {
    case .use, .doNotUse:
      var generator = CounterGenerator(
        seed: fit.options.seed, stream: GeneratorPurpose.resampling.stream(1))
      files = [(0..<count).shuffled(using: &generator)]
    case .useWeighted:
      let rows = SystematicSampling.rows(
        fit.options.draws, weights: fit.draws.weights, seed: fit.options.seed)
      files = [rows]
    case .useWalked:
      let length = count / fit.chains
      files = (0..<fit.chains).map { chain in
        (0..<length).map { $0 * fit.chains + chain }
      }
    }
  }
}

extension Fit {
  /// log q, normalised, at each row of unconstrained coordinates.
  func logDensitiesOfQ(at points: Tensor<Double>) -> [Double] {
    if let flow { return flow.logProbability(of: points).doubles }
    let mixture = components.map { part in
      // F of a low rank is not triangular.
      let isTriangular = options.family.isTriangular
      let factor = isTriangular ? part.factor : part.factor.triangularFactor()
      return WeightedGaussian(
        weight: part.weight, gaussian: FactoredGaussian(mean: part.mean, factor: factor))
    }
    let constant = Double(coordinateNames.count) / 2 * log(2 * Double.pi)
    return mixture.logDensities(at: points).map { $0 - constant }
  }

  /// The covariance of unconstrained coordinates by ``draws``, `[D, D]`.
  var covariance: Tensor<Double> {
    let (points, weights) = (draws.points, draws.weights)
    let centred =
      (points - Tensor(points.columnMoments(weights: weights).means))
      .scalingRows(weights.map { $0.squareRoot() })
    let squares = weights.reduce(0) { $0 + $1 * $1 }
    return centred.transposed().matrixProduct(centred) * (1 / (1 - squares))
  }
}

extension FitFamily {
  /// Whether F of its components is lower triangular.
  fileprivate var isTriangular: Bool {
    switch self {
    // Mean field of many coordinates is one of rank 0, whose F is diagonal.
    case .lowRank: false
    default: true
    }
  }
}
