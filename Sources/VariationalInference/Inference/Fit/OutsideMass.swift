// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// How much of p lies where neither q nor its copies widened fourfold have been: by importance
/// weights of few draws from copies widened 16, 64 and 256 times. A narrow q at the peak of a wide
/// posterior looks perfect to all nearer draws.
struct OutsideMass {
  /// The largest estimate, as a share of the evidence by the check.
  let share: Double
  /// The scale that gave it.
  let scale: Double

  private static let scales = [16.0, 64, 256]
  private static let pairs = 24

  /// - Parameters:
  ///   - mixture: q.
  ///   - logEvidence: By the check's draws.
  ///   - density: log p.
  ///   - noise: Standard normal numbers `[pairs, D]` for a scale's number.
  init(
    _ mixture: [WeightedGaussian], logEvidence: Double, density: CountedDensity,
    noise: ([Int], Int) -> Tensor<Double>
  ) {
    let (n, main) = (density.dimension, mixture[0].gaussian)
    let noises = Self.scales.indices.map { noise([Self.pairs, n], $0).withNegatives }
    let points = Tensor.concatenated(
      zip(noises, Self.scales).map { main.points($0, scale: $1) })
    let values = density.values(at: points)
    let radius = 4 * (Double(n).squareRoot() + 1.5)
    let inside = mixture.map { part in
      part.gaussian.whitened(points).rowSquares.map { $0 < radius * radius }
    }
    let peak = main.logPeak
    var largest = (share: 0.0, scale: 1.0)
    for (index, scale) in Self.scales.enumerated() {
      let squares = noises[index].rowSquares
      var sum = 0.0
      for (draw, square) in squares.enumerated() {
        let row = index * squares.count + draw
        guard values[row].isFinite, !inside.contains(where: { $0[row] }) else { continue }
        let logDensity = peak - Double(n) * log(scale) - square / 2
        sum += exp(values[row] - logDensity - logEvidence)
      }
      let share = sum / Double(squares.count)
      if share > largest.share { largest = (share, scale) }
    }
    (share, scale) = largest
  }
}
