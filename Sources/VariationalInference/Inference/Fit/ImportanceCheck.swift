// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// One Gaussian of a mixture.
struct WeightedGaussian: Sendable {
  var weight: Double
  let gaussian: FactoredGaussian
}

/// Importance weights of draws from q and from wider copies of it: where q leaves something out,
/// its own draws all have the same weights and see nothing.
///
/// Of N draws 80 % come from q, 7 % each from q with its deviations doubled and fourfold, and 6 %
/// or more from q stretched fourfold along one coordinate after the other: where one of many
/// coordinates has a heavy tail, draws that are wide in all of them never meet it. A weight is p
/// over the density of this mixture ("defensive", Hesterberg, Technometrics 37 (1995)).
struct ImportanceCheck {
  /// `[N, D]`.
  var points: Tensor<Double>
  /// log p - log of the mixture's density.
  let logWeights: [Double]
  let weights: SmoothedWeights
  /// log p - log q, without the wider copies.
  let logRatios: [Double]
  /// From which component, and widened by what, a draw comes.
  let components: [Int]
  let scales: [Double]
  let elbo: Fit.Estimate
  let logEvidence: Fit.Estimate
  var report: Fit.Check
  let outside: OutsideMass
  /// Draws at which log p is +infinity.
  let infinite: [Int]

  private static let parts: [(scale: Double, share: Double)] = [(1, 0.8), (2, 0.07), (4, 0.07)]
  private static let stretch = 4.0
  private static let stretchedShare = 0.06
  private static let mostStretched = 0.15

  /// Draws that share a component, a scale and a direction of stretch: pairs h, -h.
  private struct Stratum {
    let component: Int
    let scale: Double
    /// The coordinate along which alone the draws are wider; nil for all.
    var coordinate: Int?
    let rows: Range<Int>
    var isOwn: Bool { scale == 1 }
  }

  /// - Parameters:
  ///   - mixture: q, with weights that add up to 1.
  ///   - density: log p.
  ///   - noise: Of the fit.
  ///   - count: N, about.
  ///   - number: Names the sequence of random numbers.
  init(
    _ mixture: [WeightedGaussian], density: CountedDensity, noise: FitNoise, count: Int,
    number: Int
  ) {
    let n = density.dimension
    var strata: [Stratum] = []
    var (blocks, noises): ([Tensor<Double>], [Tensor<Double>]) = ([], [])
    for (index, part) in mixture.enumerated() {
      for (scale, share) in Self.parts {
        let pairs = max(1, Int((part.weight * share * Double(count) / 2).rounded()))
        let start = strata.last?.rows.upperBound ?? 0
        let half = noise.normal([pairs, n], .check, number << 16 | strata.count)
        noises.append(half.withNegatives)
        blocks.append(part.gaussian.points(half.withNegatives, scale: scale))
        strata.append(
          Stratum(component: index, scale: scale, rows: start..<start + 2 * pairs))
      }
      let all = part.weight * Double(count) / 2
      let share = min(max(Self.stretchedShare * all, 3 * Double(n)), Self.mostStretched * all)
      let coordinates = Self.stretchedCoordinates(of: n, atMost: max(1, Int(share)))
      let pairs = max(1, Int((share / Double(coordinates.count)).rounded()))
      let directions = part.gaussian.coordinateDirections
      for coordinate in coordinates {
        let start = strata.last?.rows.upperBound ?? 0
        let stage = number << 16 | 1 << 15 | strata.count
        let half = noise.normal([pairs, n], .check, stage)
        let v = directions.selectingRows([coordinate])
        let lengths = Self.spreadLengths(pairs, noise, stage | 1 << 13)
        let along = half.matrixProduct(v.transposed())
        let long = half + (lengths * Self.stretch - along).matrixProduct(v)
        noises.append(long.withNegatives * (1 / Self.stretch))
        blocks.append(part.gaussian.points(long.withNegatives))
        strata.append(
          Stratum(
            component: index, scale: Self.stretch, coordinate: coordinate,
            rows: start..<start + 2 * pairs))
      }
    }
    let points = Tensor.concatenated(blocks)
    self.points = points
    components = strata.flatMap { [Int](repeating: $0.component, count: $0.rows.count) }
    scales = strata.flatMap { [Double](repeating: $0.scale, count: $0.rows.count) }
    let values = density.values(at: points)
    infinite = values.indices.filter { values[$0] == .infinity }
    let squares = mixture.indices.map { component in
      Self.squares(of: component, mixture, strata, noises, points)
    }
    let alongs = mixture.map { part in
      part.gaussian.whitened(points)
        .matrixProduct(part.gaussian.coordinateDirections.transposed()).scalars
    }
    let total = values.count
    var (all, own) = ([Double](), [Double]())
    all.reserveCapacity(total)
    own.reserveCapacity(total)
    let peaks = mixture.map(\.gaussian.logPeak)
    let terms = strata.map { stratum in
      log(Double(stratum.rows.count) / Double(total)) + peaks[stratum.component]
        - (stratum.coordinate == nil ? Double(n) : 1) * log(stratum.scale)
    }
    let ownTerms = mixture.indices.map { log(mixture[$0].weight) + peaks[$0] }
    for row in 0..<total {
      all.append(
        logSumExp(strata.indices) { index in
          let stratum = strata[index]
          let square = squares[stratum.component][row]
          let shrinkage = 1 / (stratum.scale * stratum.scale)
          guard let coordinate = stratum.coordinate else {
            return terms[index] - square * shrinkage / 2
          }
          let along = alongs[stratum.component][row * n + coordinate]
          return terms[index] - (square - (1 - shrinkage) * along * along) / 2
        })
      own.append(logSumExp(mixture.indices) { ownTerms[$0] - squares[$0][row] / 2 })
    }
    logWeights = zip(values, all).map { $0 - $1 }
    logRatios = zip(values, own).map { $0 - $1 }
    weights = SmoothedWeights(logWeights: logWeights)
    let ownStrata = strata.filter(\.isOwn)
    let ratios = logRatios
    let core = ownStrata.flatMap { $0.rows.map { ratios[$0] } }
    let finite = core.filter(\.isFinite)
    elbo = Self.bound(ownStrata, mixture, ratios)
    logEvidence = Self.evidence(strata, weights)
    outside = OutsideMass(mixture, logEvidence: weights.logMean, density: density) {
      noise.normal($0, .check, number << 16 | 1 << 14 | $1)
    }
    let (means, deviations) = points.columnMoments(weights: weights.normalized)
    let (ownMeans, ownDeviations) = mixture.moments
    report = Fit.Check(
      shape: weights.shape,
      relativeEffectiveSampleSize: weights.relativeEffectiveSampleSize,
      largestWeight: exp(
        logWeights.reduce(-Double.infinity) { $1.isFinite ? max($0, $1) : $0 }
          - weights.logMean),
      logWeightDeviation: finite.count > 1 ? finite.standardDeviation : .infinity,
      nonFiniteShare: 1 - Double(finite.count) / Double(core.count),
      outsideShare: outside.share,
      meanDifferences: (0..<n).map { (means[$0] - ownMeans[$0]) / ownDeviations[$0] },
      deviationRatios: (0..<n).map { deviations[$0] / ownDeviations[$0] })
  }

  /// |e| of standard normal numbers, one of each of as many equal parts of their distribution: few
  /// draws, and yet some of them are long.
  private static func spreadLengths(
    _ count: Int, _ noise: FitNoise, _ number: Int
  ) -> Tensor<Double> {
    let sorted = noise.normal([count * candidates], .check, number).doubles
      .map(\.magnitude).sorted()
    let places = noise.uniform(count, in: 0..<Double(candidates), .check, number | 1 << 12)
    return Tensor(
      (0..<count).map { sorted[$0 * candidates + Int(places[$0])] }, shape: [count, 1])
  }

  private static let candidates = 32

  /// Coordinates to stretch along: all, or as many as there are draws for, evenly spread.
  private static func stretchedCoordinates(of n: Int, atMost most: Int) -> [Int] {
    n <= most ? Array(0..<n) : (0..<most).map { $0 * n / most }
  }

  /// |F^-1 (z - m)|^2 of all draws for one component: known from the noise where it is its own.
  private static func squares(
    of component: Int, _ mixture: [WeightedGaussian], _ strata: [Stratum],
    _ noises: [Tensor<Double>], _ points: Tensor<Double>
  ) -> [Double] {
    if mixture.count > 1 { return mixture[component].gaussian.whitened(points).rowSquares }
    return zip(strata, noises).flatMap { stratum, noise in
      noise.rowSquares.map { $0 * stratum.scale * stratum.scale }
    }
  }

  /// The mean of log p - log q over q, by the strata of its components, and its standard error by
  /// pairs.
  private static func bound(
    _ strata: [Stratum], _ mixture: [WeightedGaussian], _ ratios: [Double]
  ) -> Fit.Estimate {
    var (mean, variance) = (0.0, 0.0)
    for stratum in strata {
      let weight = mixture[stratum.component].weight
      let pairs = pairMeans(stratum, ratios).filter(\.isFinite)
      mean += weight * pairs.mean
      let error = weight * pairs.standardDeviation / Double(pairs.count).squareRoot()
      variance += error * error
    }
    return Fit.Estimate(mean: mean, standardError: variance.squareRoot())
  }

  /// log of the mean weight, and the relative error of that mean by strata and pairs.
  private static func evidence(_ strata: [Stratum], _ weights: SmoothedWeights) -> Fit.Estimate {
    var variance = 0.0
    for stratum in strata {
      let pairs = pairMeans(stratum, weights.normalized)
      let error =
        Double(stratum.rows.count) * pairs.standardDeviation / Double(pairs.count).squareRoot()
      variance += error * error
    }
    return Fit.Estimate(mean: weights.logMean, standardError: variance.squareRoot())
  }

  private static func pairMeans(_ stratum: Stratum, _ values: [Double]) -> [Double] {
    let half = stratum.rows.count / 2
    return stratum.rows.prefix(half).map { (values[$0] + values[$0 + half]) / 2 }
  }
}

extension [WeightedGaussian] {
  /// log of the mixture's density at rows, `[B, D]`, less D/2 log 2 pi.
  func logDensities(at points: Tensor<Double>) -> [Double] {
    let squares = map { $0.gaussian.whitened(points).rowSquares }
    let terms = map { log($0.weight) - $0.gaussian.logDeterminant }
    return squares[0].indices.map { row in
      logSumExp(indices) { terms[$0] - squares[$0][row] / 2 }
    }
  }

  /// Mean and standard deviation of each coordinate of the mixture.
  var moments: (means: [Double], deviations: [Double]) {
    let n = self[0].gaussian.dimension
    var means = [Double](repeating: 0, count: n)
    for part in self { means.add(part.weight, part.gaussian.mean) }
    var variances = [Double](repeating: 0, count: n)
    for part in self {
      let deviations = part.gaussian.deviations
      for j in 0..<n {
        let distance = part.gaussian.mean[j] - means[j]
        variances[j] += part.weight * (deviations[j] * deviations[j] + distance * distance)
      }
    }
    return (means, variances.map { $0.squareRoot() })
  }

  /// With weights that add up to 1, the heaviest first.
  var normalized: [WeightedGaussian] {
    let sum = reduce(0) { $0 + $1.weight }
    return map { WeightedGaussian(weight: $0.weight / sum, gaussian: $0.gaussian) }
      .sorted { $0.weight > $1.weight }
  }
}

/// log sum exp of some terms.
func logSumExp(_ indices: Range<Int>, _ term: (Int) -> Double) -> Double {
  if indices.count == 1 { return term(indices.lowerBound) }
  var largest = -Double.infinity
  for index in indices { largest = max(largest, term(index)) }
  guard largest.isFinite else { return largest }
  var sum = 0.0
  for index in indices { sum += exp(term(index) - largest) }
  return largest + log(sum)
}
