// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Looks for a coordinate along which log p does not fall, so that no density integrates.
///
/// On both sides of two draws of q, log p of a density that integrates falls between distances s
/// and t by more than log t / s: 1 / t is the first tail that does not. Draws, not the mean: there,
/// factors of other coordinates may vanish that bound this one.
struct ImproperProbe {
  let density: CountedDensity
  let noise: FitNoise

  /// In standard deviations, or in units where those are smaller.
  private static let distances = [1e6, 1e8, 1e10]
  private static let draws = 2
  /// A deviation beyond which numbers of other coordinates are lost beside this one's.
  private static let endless = 1e30

  /// - Throws: ``FitError/improperPosterior(coordinate:isRising:)``.
  func check(_ gaussian: FactoredGaussian) throws {
    let deviations = gaussian.deviations
    if let longest = deviations.indices.max(by: { deviations[$0] < deviations[$1] }),
      !(deviations[longest] < Self.endless)
    {
      throw FitError.improperPosterior(coordinate: density.names[longest], isRising: true)
    }
    guard var rows = base(gaussian) else { return }
    let base = rows
    for coordinate in deviations.indices {
      let unit = max(deviations[coordinate], 1)
      for side in [-unit, unit] {
        for distance in Self.distances {
          for var row in base {
            row[coordinate] += side * distance
            rows.append(row)
          }
        }
      }
    }
    let values = density.values(at: Tensor(rows: rows))
    var worst: (rise: Double, name: String)?
    let perSide = Self.distances.count * Self.draws
    for (coordinate, name) in density.names.enumerated() {
      for side in 0..<2 {
        let first = Self.draws + (2 * coordinate + side) * perSide
        let rises = (0..<Self.draws).map { draw in
          rise(
            from: values[draw],
            along: Self.distances.indices.map { values[first + $0 * Self.draws + draw] })
        }
        guard let least = rises.min(), least > -.infinity else { continue }
        if least > worst?.rise ?? -.infinity { worst = (least, name) }
      }
    }
    if let worst {
      throw FitError.improperPosterior(coordinate: worst.name, isRising: worst.rise > 1)
    }
  }

  /// The first draws at which log p is finite.
  private func base(_ gaussian: FactoredGaussian) -> [[Double]]? {
    let draws = gaussian.points(noise.normal([8, density.dimension], .probe, 0))
    let values = density.values(at: draws)
    let finite = values.indices.filter { values[$0].isFinite }.prefix(Self.draws)
    return finite.count == Self.draws ? finite.map(draws.row) : nil
  }

  /// By how much log p is higher at the last distance than at the first; -infinity where it falls
  /// as that of a density that integrates.
  private func rise(from start: Double, along values: [Double]) -> Double {
    guard start.isFinite, values.allSatisfy(\.isFinite) else { return -.infinity }
    var (before, distance) = (start, 1.0)
    for (value, next) in zip(values, Self.distances) {
      if value - before <= -log(next / distance) { return -.infinity }
      (before, distance) = (value, next)
    }
    return values[values.count - 1] - values[0]
  }
}
